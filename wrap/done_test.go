package wrap_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/bodywrap/bodywrap/wrap"
)

func TestDoneCountsEveryWay(t *testing.T) {
	for mask := range allMethods + 1 {
		if mask != kept(mask) {
			continue
		}
		t.Run(methodNames(mask), func(t *testing.T) {
			done, c := summaries()
			rec := newRecorder("12345")
			body := wrap.Body(rec.only(mask), wrap.Done(done))
			if got := methodsOf(body); got != mask {
				t.Fatalf("Body with Done has %s, want %s", methodNames(got), methodNames(mask))
			}
			wantRead, wantWritten := int64(2), int64(0)
			if n, err := io.ReadFull(body, make([]byte, 2)); n != 2 || err != nil {
				t.Fatalf("ReadFull = %d, %v", n, err)
			}
			if w, ok := body.(io.Writer); ok {
				if n, err := w.Write([]byte("abc")); n != 3 || err != nil {
					t.Errorf("Write = %d, %v, want 3, nil", n, err)
				}
				wantWritten += 3
			}
			if rf, ok := body.(io.ReaderFrom); ok {
				if n, err := rf.ReadFrom(strings.NewReader("defg")); n != 4 || err != nil {
					t.Errorf("ReadFrom = %d, %v, want 4, nil", n, err)
				}
				wantWritten += 4
			}
			halfClosed := false
			if cw, ok := body.(wrap.CloseWriter); ok {
				if err := cw.CloseWrite(); err != nil {
					t.Errorf("CloseWrite = %v", err)
				}
				halfClosed = true
			}
			wantEnd := false
			if wt, ok := body.(io.WriterTo); ok {
				var b bytes.Buffer
				if n, err := wt.WriteTo(&b); n != 3 || err != nil || b.String() != "345" {
					t.Errorf("WriteTo = %d, %v with %q, want 3, nil with 345", n, err, b.String())
				}
				wantRead += 3
				wantEnd = true
			}
			if err := body.Close(); err != nil {
				t.Errorf("Close = %v", err)
			}
			s := one(t, c)
			if s.Read != wantRead || s.Written != wantWritten {
				t.Errorf("Read, Written = %d, %d, want %d, %d", s.Read, s.Written, wantRead, wantWritten)
			}
			if s.FirstByte <= 0 || s.FirstByte > s.Duration {
				t.Errorf("FirstByte = %v of Duration %v, want something within it", s.FirstByte, s.Duration)
			}
			if got := s.ReadEnd > 0; got != wantEnd {
				t.Errorf("ReadEnd = %v, want set: %v", s.ReadEnd, wantEnd)
			}
			if got := s.WriteEnd > 0; got != halfClosed {
				t.Errorf("WriteEnd = %v, want set: %v", s.WriteEnd, halfClosed)
			}
			if err := errors.Join(s.ReadErr, s.WriteErr, s.CloseErr); err != nil {
				t.Errorf("errors = %v, want none", err)
			}
			if s.Start.IsZero() {
				t.Error("Start is zero")
			}
		})
	}
}

// A body keeps its fast paths: Done calls the body's own WriteTo and ReadFrom.
// Only the first block goes through Read, to learn the time of the first byte.
func TestDoneKeepsTheDirectWay(t *testing.T) {
	done, c := summaries()
	rec := newRecorder(strings.Repeat("x", 100_000))
	body := wrap.Body(rec, wrap.Done(done))
	src := struct{ io.Reader }{strings.NewReader("y")}
	if _, err := io.Copy(body.(io.Writer), src); err != nil {
		t.Fatal(err)
	}
	if n, err := io.Copy(struct{ io.Writer }{io.Discard}, body); n != 100_000 || err != nil {
		t.Fatalf("Copy = %d, %v, want 100000, nil", n, err)
	}
	if got, want := strings.Join(rec.calls, " "), "ReadFrom Read WriteTo"; got != want {
		t.Errorf("calls that reached the body: %s, want %s", got, want)
	}
	body.Close()
	if s := one(t, c); s.Read != 100_000 || s.Written != 1 {
		t.Errorf("Read, Written = %d, %d, want 100000, 1", s.Read, s.Written)
	}
}

func TestDoneWhenTheLifeIsOver(t *testing.T) {
	full := func() io.ReadCloser { return newRecorder("abc") }
	readOnly := func() io.ReadCloser { return newRecorder("abc").only(0) }
	readTo := func() io.ReadCloser { return newRecorder("abc").only(hasWriteTo) }
	closes := func(b io.ReadCloser) { _ = b.Close() }
	reads := func(b io.ReadCloser) { _, _ = io.ReadAll(b) }
	readsOne := func(b io.ReadCloser) { _, _ = b.Read(make([]byte, 1)) }
	writesTo := func(b io.ReadCloser) { _, _ = b.(io.WriterTo).WriteTo(io.Discard) }
	halfCloses := func(b io.ReadCloser) { _ = b.(wrap.CloseWriter).CloseWrite() }
	type step = func(io.ReadCloser)
	tests := []struct {
		name  string
		body  func() io.ReadCloser
		steps []step
		want  int // the step that ends it, counted from 1; 0 for none
		why   string
	}{
		{"read to EOF", readOnly, []step{readsOne, reads, closes}, 2, "there is nothing more to come"},
		{"WriteTo", readTo, []step{readsOne, writesTo, closes, closes}, 2, "it returns at EOF"},
		{"closed early", readOnly, []step{readsOne, closes, closes, reads}, 2, "nobody reads on"},
		{"never closed", readOnly, []step{readsOne}, 0, "it is still in use"},
		{"upgraded", full, []step{reads, halfCloses, reads, closes, closes}, 4, "the first EOF is half of it"},
		{"upgraded, WriteTo", full, []step{writesTo, halfCloses, closes}, 3, "the same"},
		{"CloseWrite alone", full, []step{halfCloses, closes}, 2, "the answer is yet to come"},
	}
	for _, tt := range tests {
		for _, hook := range []struct {
			name string
			make func(func(wrap.Summary)) wrap.Hooks
		}{{"Done", wrap.Done}, {"DoneBeforeClose", wrap.DoneBeforeClose}} {
			t.Run(tt.name+"/"+hook.name, func(t *testing.T) {
				done, c := summaries()
				body := wrap.Body(tt.body(), hook.make(done))
				for i, step := range tt.steps {
					step(body)
					want := 0
					if tt.want > 0 && i+1 >= tt.want {
						want = 1
					}
					if len(c) != want {
						t.Fatalf("after step %d %s was called %d times, want %d: %s", i+1, hook.name, len(c), want, tt.why)
					}
				}
			})
		}
	}
}

func TestDoneReportsTheFirstErrorOfEachKind(t *testing.T) {
	errs := map[string]error{}
	for _, name := range []string{"read", "write", "close", "other"} {
		errs[name] = errors.New(name)
	}
	n := 0
	failing := &funcs{
		read: func([]byte) (int, error) {
			n++
			return 0, []error{io.EOF, errs["read"], errs["other"]}[n-1]
		},
		write:      func([]byte) (int, error) { return 0, errs["write"] },
		closeWrite: func() error { return errs["other"] },
		close:      func() error { return errs["close"] },
	}
	done, c := summaries()
	body := wrap.Body(failing, wrap.Done(done))
	for range 3 {
		_, _ = body.Read(nil)
	}
	_, _ = body.(io.Writer).Write(nil)
	_ = body.(wrap.CloseWriter).CloseWrite()
	if err := body.Close(); err != errs["close"] {
		t.Errorf("Close = %v, want the body's own", err)
	}
	s := one(t, c)
	if s.ReadErr != errs["read"] || s.WriteErr != errs["write"] || s.CloseErr != errs["close"] {
		t.Errorf("errors = %v, %v, %v, want read, write, close", s.ReadErr, s.WriteErr, s.CloseErr)
	}
	if s.WriteEnd != 0 || s.ReadEnd == 0 {
		t.Errorf("ReadEnd, WriteEnd = %v, %v, want set, not set", s.ReadEnd, s.WriteEnd)
	}
}

func TestDoneDoesNotCallCannotAFailure(t *testing.T) {
	done, c := summaries()
	body := wrap.Body(&funcs{closeWrite: func() error { return http.ErrNotSupported }}, wrap.Done(done))
	if err := body.(wrap.CloseWriter).CloseWrite(); err != http.ErrNotSupported {
		t.Errorf("CloseWrite = %v, want %v", err, http.ErrNotSupported)
	}
	body.Close()
	if s := one(t, c); s.WriteErr != nil || s.WriteEnd != 0 {
		t.Errorf("WriteErr, WriteEnd = %v, %v, want none: a half-close that cannot be has neither failed nor happened", s.WriteErr, s.WriteEnd)
	}
}

// Close comes from another goroutine while a call is in flight. Done waits for
// WriteTo and ReadFrom, and counts their bytes. DoneBeforeClose does not wait
// for them. Neither waits for Read or Write.
func TestDoneWaitsForCallsThatCloseOvertakes(t *testing.T) {
	tests := []struct {
		name          string
		call          func(io.ReadCloser)
		read, written int64
	}{
		{"WriteTo", func(b io.ReadCloser) { _, _ = b.(io.WriterTo).WriteTo(io.Discard) }, 5 + 1000, 0},
		{"ReadFrom", func(b io.ReadCloser) { _, _ = b.(io.ReaderFrom).ReadFrom(nil) }, 0, 2000},
		{"CloseWrite", func(b io.ReadCloser) { _ = b.(wrap.CloseWriter).CloseWrite() }, 0, 0},
	}
	for _, tt := range tests {
		for _, early := range []bool{false, true} {
			name, hook := tt.name+"/Done", wrap.Done
			if early {
				name, hook = tt.name+"/DoneBeforeClose", wrap.DoneBeforeClose
			}
			t.Run(name, func(t *testing.T) {
				begun, release := make(chan bool), make(chan bool)
				wait := func() { begun <- true; <-release }
				body := &funcs{
					read:       func(p []byte) (int, error) { wait(); return 5, nil },
					writeTo:    func(io.Writer) (int64, error) { return 1000, nil },
					readFrom:   func(io.Reader) (int64, error) { wait(); return 2000, nil },
					closeWrite: func() error { wait(); return nil },
				}
				done, c := summaries()
				wrapped := wrap.Body(body, hook(done))
				returned := make(chan bool)
				go func() { tt.call(wrapped); close(returned) }()
				receive(t, begun, "the call")
				wrapped.Close()
				if early {
					if s := one(t, c); s.Read+s.Written != 0 {
						t.Errorf("Read, Written = %d, %d, want neither yet", s.Read, s.Written)
					}
				}
				if len(c) != 0 {
					t.Fatalf("Done was called while %s was on its way", tt.name)
				}
				close(release)
				receive(t, returned, "the call's return")
				if early {
					if len(c) != 0 {
						t.Error("DoneBeforeClose was called twice")
					}
					return
				}
				if s := one(t, c); s.Read != tt.read || s.Written != tt.written {
					t.Errorf("Read, Written = %d, %d, want %d, %d", s.Read, s.Written, tt.read, tt.written)
				}
			})
		}
	}
}

// If Close returns during a Read, the Read has returned nothing, and does not
// count. If it returns during a Write, all bytes of the Write count. The errors
// of both do not.
func TestDoneDoesNotWaitForReadAndWrite(t *testing.T) {
	for name, tt := range map[string]struct {
		call          func(io.ReadCloser)
		read, written int64
	}{
		"Read":  {func(b io.ReadCloser) { _, _ = b.Read(make([]byte, 8)) }, 0, 0},
		"Write": {func(b io.ReadCloser) { _, _ = b.(io.Writer).Write(make([]byte, 8)) }, 0, 8},
	} {
		t.Run(name, func(t *testing.T) {
			begun, release, returned := make(chan bool), make(chan bool), make(chan bool)
			cut := func([]byte) (int, error) { begun <- true; <-release; return 5, net.ErrClosed }
			body := &funcs{read: cut, write: cut}
			done, c := summaries()
			wrapped := wrap.Body(body, wrap.Done(done))
			go func() { tt.call(wrapped); close(returned) }()
			receive(t, begun, "the call")
			wrapped.Close()
			s := one(t, c)
			if s.Read != tt.read || s.Written != tt.written {
				t.Errorf("Read, Written = %d, %d, want %d, %d", s.Read, s.Written, tt.read, tt.written)
			}
			if s.ReadErr != nil || s.WriteErr != nil {
				t.Errorf("ReadErr, WriteErr = %v, %v, want none", s.ReadErr, s.WriteErr)
			}
			close(release)
			receive(t, returned, "the call's return")
			if len(c) != 0 {
				t.Error("Done was called twice")
			}
		})
	}
}

// Close makes a Read and a Write in flight fail, and returns after they have
// returned. Bytes that the Write did not pass on do not count.
func TestDoneDoesNotCallClosedAFailure(t *testing.T) {
	begun, closing, returned := make(chan bool), make(chan bool), make(chan bool)
	cut := func([]byte) (int, error) { begun <- true; <-closing; return 3, net.ErrClosed }
	body := &funcs{read: cut, write: cut, close: func() error { close(closing); <-returned; <-returned; return nil }}
	done, c := summaries()
	wrapped := wrap.Body(body, wrap.Done(done))
	go func() { _, _ = wrapped.Read(make([]byte, 8)); returned <- true }()
	go func() { _, _ = wrapped.(io.Writer).Write(make([]byte, 8)); returned <- true }()
	receive(t, begun, "a call")
	receive(t, begun, "the other call")
	wrapped.Close()
	s := one(t, c)
	if s.ReadErr != nil || s.WriteErr != nil {
		t.Errorf("ReadErr, WriteErr = %v, %v, want none: the caller has closed the body", s.ReadErr, s.WriteErr)
	}
	if s.Read != 3 || s.Written != 3 {
		t.Errorf("Read, Written = %d, %d, want 3, 3", s.Read, s.Written)
	}
}

func TestDoneBeforeACloseThatBlocks(t *testing.T) {
	release, closed := make(chan bool), make(chan bool)
	body := &funcs{close: func() error { <-release; return errors.New("late") }}
	done, c := summaries()
	early, ce := summaries()
	wrapped := wrap.Body(body, wrap.Done(done), wrap.DoneBeforeClose(early))
	go func() { _ = wrapped.Close(); close(closed) }()
	if s := receive(t, ce, "DoneBeforeClose"); s.CloseErr != nil {
		t.Errorf("DoneBeforeClose got CloseErr = %v, want nil: Close has not returned", s.CloseErr)
	}
	if len(c) != 0 {
		t.Error("Done was called before Close had returned")
	}
	close(release)
	receive(t, closed, "Close")
	if s := one(t, c); s.CloseErr == nil {
		t.Error("Done got no CloseErr")
	}
}

// Done reports even if a call of the body panics.
func TestDoneAfterAPanic(t *testing.T) {
	boom := func() { panic("boom") }
	body := &funcs{
		read:       func([]byte) (int, error) { boom(); return 0, nil },
		write:      func([]byte) (int, error) { boom(); return 0, nil },
		writeTo:    func(io.Writer) (int64, error) { boom(); return 0, nil },
		readFrom:   func(io.Reader) (int64, error) { boom(); return 0, nil },
		closeWrite: func() error { boom(); return nil },
		close:      func() error { boom(); return nil },
	}
	done, c := summaries()
	wrapped := wrap.Body(body, wrap.Done(done))
	for _, call := range []func(){
		func() { _, _ = wrapped.Read(nil) },
		func() { _, _ = wrapped.(io.Writer).Write(nil) },
		func() { _, _ = wrapped.(io.WriterTo).WriteTo(io.Discard) },
		func() { _, _ = wrapped.(io.ReaderFrom).ReadFrom(nil) },
		func() { _ = wrapped.(wrap.CloseWriter).CloseWrite() },
		func() { _ = wrapped.Close() },
	} {
		if len(c) != 0 {
			t.Fatal("Done was called before Close")
		}
		func() {
			defer func() {
				if recover() == nil {
					t.Error("the panic did not reach the caller")
				}
			}()
			call()
		}()
	}
	if s := one(t, c); s.ReadEnd != 0 || s.WriteEnd != 0 {
		t.Errorf("ReadEnd, WriteEnd = %v, %v, want neither", s.ReadEnd, s.WriteEnd)
	}
}

// Impossible counts of a body do not spoil the totals.
func TestDoneCountsNothingImpossible(t *testing.T) {
	counts := []int{-1, 9, 3}
	body := &funcs{read: func([]byte) (int, error) {
		n := counts[0]
		counts = counts[1:]
		return n, nil
	}}
	done, c := summaries()
	wrapped := wrap.Body(body, wrap.Done(done))
	for range 3 {
		_, _ = wrapped.Read(make([]byte, 4))
	}
	wrapped.Close()
	if s := one(t, c); s.Read != 0+4+3 {
		t.Errorf("Read = %d, want 7", s.Read)
	}
}

func TestDoneMayCloseTheBody(t *testing.T) {
	closes, calls := 0, 0
	var wrapped io.ReadCloser
	wrapped = wrap.Body((&funcs{close: func() error { closes++; return nil }}).readOnly(), wrap.Done(func(wrap.Summary) {
		calls++
		wrapped.Close()
	}))
	_, _ = io.ReadAll(wrapped)
	if closes != 1 || calls != 1 {
		t.Errorf("the body was closed %d times and Done called %d times, want 1 and 1", closes, calls)
	}
}

// DoneBeforeClose does not count a Write that has not returned. Done counts
// such a Write, because it does not wait for it.
func TestDoneBeforeCloseCountsWritesThatHaveReturned(t *testing.T) {
	for _, early := range []bool{false, true} {
		begun, release, returned := make(chan bool), make(chan bool), make(chan bool)
		body := &funcs{write: func(p []byte) (int, error) {
			if len(p) == 8 {
				begun <- true
				<-release
			}
			return len(p), nil
		}}
		done, c := summaries()
		hook, want := wrap.Done(done), int64(3+8)
		if early {
			hook, want = wrap.DoneBeforeClose(done), 3
		}
		wrapped := wrap.Body(body, hook)
		_, _ = wrapped.(io.Writer).Write(make([]byte, 3))
		go func() { _, _ = wrapped.(io.Writer).Write(make([]byte, 8)); close(returned) }()
		receive(t, begun, "the Write")
		wrapped.Close()
		if s := one(t, c); s.Written != want {
			t.Errorf("early: %v: Written = %d, want %d", early, s.Written, want)
		}
		close(release)
		receive(t, returned, "the Write's return")
	}
}

// A Write that panics counts 0 bytes.
func TestDoneDoesNotCountAWriteThatPanics(t *testing.T) {
	for name, hook := range map[string]func(func(wrap.Summary)) wrap.Hooks{"Done": wrap.Done, "DoneBeforeClose": wrap.DoneBeforeClose} {
		done, c := summaries()
		body := wrap.Body(&funcs{write: func(p []byte) (int, error) {
			if len(p) == 8 {
				panic("boom")
			}
			return len(p), nil
		}}, hook(done))
		for _, size := range []int{3, 8, 4} {
			func() {
				defer func() { _ = recover() }()
				_, _ = body.(io.Writer).Write(make([]byte, size))
			}()
		}
		body.Close()
		if s := one(t, c); s.Written != 3+4 {
			t.Errorf("%s: Written = %d, want 7", name, s.Written)
		}
	}
}

// The body is closed even if the report panics.
func TestDoneBeforeCloseThatPanicsClosesTheBody(t *testing.T) {
	closes := 0
	body := wrap.Body(&funcs{close: func() error { closes++; return nil }}, wrap.DoneBeforeClose(func(wrap.Summary) { panic("boom") }))
	func() {
		defer func() {
			if got := recover(); got != "boom" {
				t.Errorf("Close panicked with %v, want boom", got)
			}
		}()
		_ = body.Close()
	}()
	if closes != 1 {
		t.Errorf("the body was closed %d times, want once", closes)
	}
}
