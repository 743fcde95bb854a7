//go:build go1.25

package wrap_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/bodywrap/bodywrap/wrap"
)

// These tests run in a bubble whose clock moves only when all wait, which needs
// testing/synctest and so Go 1.25.

const d = 10 * time.Second

// A pipeBody is one end of a net.Pipe that can be half-closed.
type pipeBody struct {
	net.Conn
	closeWriteErr error
	closed        []time.Duration // when Close was called
	start         time.Time
}

func newPipeBody() (body *pipeBody, backend net.Conn) {
	a, b := net.Pipe()
	return &pipeBody{Conn: a, start: time.Now()}, b
}

func (p *pipeBody) CloseWrite() error { return p.closeWriteErr }

func (p *pipeBody) Close() error {
	p.closed = append(p.closed, time.Since(p.start))
	return p.Conn.Close()
}

func wantTimeout(t *testing.T, call string, err error, hook string) {
	t.Helper()
	var timeout *wrap.TimeoutError
	if !errors.As(err, &timeout) || timeout.Hook != hook || timeout.After != d {
		t.Fatalf("%s = %v, want a *TimeoutError of %s after %v", call, err, hook, d)
	}
	if !errors.Is(err, os.ErrDeadlineExceeded) || !timeout.Timeout() {
		t.Errorf("%v is no timeout", err)
	}
	if !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("%v does not lead to the body's own error", err)
	}
}

func wantElapsed(t *testing.T, since time.Time, want time.Duration) {
	t.Helper()
	if got := time.Since(since); got != want {
		t.Errorf("it took %v, want %v", got, want)
	}
}

func TestLingerClosesABodyThatStaysSilent(t *testing.T) {
	for _, way := range []string{"Read", "WriteTo"} {
		t.Run(way, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				orig, backend := newPipeBody()
				defer backend.Close()
				var inner io.ReadCloser = orig
				if way == "WriteTo" {
					inner = struct {
						*pipeBody
						io.WriterTo
					}{orig, nil}
				}
				body := wrap.Body(inner, wrap.Linger(d))
				time.Sleep(5 * d) // no clock yet
				if err := body.(wrap.CloseWriter).CloseWrite(); err != nil {
					t.Fatal(err)
				}
				from := time.Now()
				var err error
				if way == "Read" {
					_, err = body.Read(make([]byte, 1))
				} else {
					_, err = body.(io.WriterTo).WriteTo(io.Discard)
				}
				wantTimeout(t, way, err, "Linger")
				wantElapsed(t, from, d)
				_, err = body.(io.Writer).Write([]byte("late"))
				wantTimeout(t, "Write", err, "Linger")
				if err := body.Close(); err != nil {
					t.Errorf("Close = %v", err)
				}
			})
		})
	}
}

func TestLingerClockRestartsWithEachByte(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		orig, backend := newPipeBody()
		defer backend.Close()
		body := wrap.Body(orig, wrap.Linger(d))
		_ = body.(wrap.CloseWriter).CloseWrite() // a pipeBody's cannot fail
		go func() {
			for range 5 {
				time.Sleep(d - 1)
				_, _ = backend.Write([]byte("x")) // the reader sees it
			}
		}()
		from := time.Now()
		got, err := io.ReadAll(body)
		if string(got) != "xxxxx" {
			t.Errorf("read %q, want five bytes", got)
		}
		wantTimeout(t, "ReadAll", err, "Linger")
		wantElapsed(t, from, 5*(d-1)+d)
		body.Close()
	})
}

func TestLingerDoesNotBlameTheBodyForASlowReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		orig, backend := newPipeBody()
		body := wrap.Body(orig, wrap.Linger(d))
		_ = body.(wrap.CloseWriter).CloseWrite() // a pipeBody's cannot fail
		go func() {
			_, _ = backend.Write([]byte("answer")) // the reader sees it
			backend.Close()
		}()
		p := make([]byte, 1)
		for range len("answer") {
			time.Sleep(7 * d)
			if n, err := body.Read(p); n != 1 || err != nil {
				t.Fatalf("Read = %d, %v, want 1, nil", n, err)
			}
		}
		if n, err := body.Read(p); n != 0 || err != io.EOF {
			t.Errorf("Read = %d, %v, want EOF", n, err)
		}
		body.Close()
	})
}

// A Read that was waiting before CloseWrite counts from then on, and one that
// gave up without a byte (at a deadline, say) counts too.
func TestLingerAddsUpTheWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		orig, backend := newPipeBody()
		defer backend.Close()
		body := wrap.Body(orig, wrap.Linger(d))
		go func() {
			time.Sleep(3 * d)
			_ = body.(wrap.CloseWriter).CloseWrite() // a pipeBody's cannot fail
		}()
		from := time.Now()
		for range 7 {
			_ = orig.SetReadDeadline(time.Now().Add(d / 2)) // a pipe's cannot fail
			var ours *wrap.TimeoutError
			if _, err := body.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) || errors.As(err, &ours) {
				t.Errorf("Read after %v = %v, want the body's own timeout", time.Since(from), err)
			}
		}
		_ = orig.SetReadDeadline(time.Time{}) // a pipe's cannot fail
		_, err := body.Read(make([]byte, 1))
		wantTimeout(t, "Read", err, "Linger")
		wantElapsed(t, from, 4*d)
		body.Close()
	})
}

func TestLingerHasNoClock(t *testing.T) {
	tests := []struct {
		name string
		then func(t *testing.T, orig *pipeBody, body io.ReadCloser)
		err  error
		why  string
	}{
		{"CloseWrite that cannot", func(*testing.T, *pipeBody, io.ReadCloser) {}, http.ErrNotSupported, "the backend was not told"},
		{"after Close", func(_ *testing.T, _ *pipeBody, body io.ReadCloser) { body.Close() }, nil, "nothing is left behind"},
		{"CloseWrite after Close", func(_ *testing.T, orig *pipeBody, body io.ReadCloser) {
			body.Close()
			_ = body.(wrap.CloseWriter).CloseWrite() // a pipeBody's cannot fail
		}, http.ErrNotSupported, "the same"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				orig, backend := newPipeBody()
				defer backend.Close()
				orig.closeWriteErr = tt.err
				body := wrap.Body(orig, wrap.Linger(d))
				if err := body.(wrap.CloseWriter).CloseWrite(); err != tt.err {
					t.Errorf("CloseWrite = %v, want %v", err, tt.err)
				}
				tt.then(t, orig, body)
				before := len(orig.closed)
				time.Sleep(3 * d)
				synctest.Wait()
				if len(orig.closed) != before {
					t.Errorf("the body was closed: %s", tt.why)
				}
				orig.Close()
			})
		})
	}
}

func TestIdleClosesABodyOnWhichNothingMoves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		orig, backend := newPipeBody()
		defer backend.Close()
		go func() { _, _ = io.Copy(io.Discard, backend) }()
		from := time.Now()
		body := wrap.Body(orig, wrap.Idle(d))
		writes := make(chan error)
		go func() {
			for range 3 { // writing alone keeps it alive
				time.Sleep(d - 1)
				if _, err := body.(io.Writer).Write([]byte("x")); err != nil {
					writes <- err
				}
			}
			close(writes)
		}()
		_, err := body.Read(make([]byte, 1))
		wantTimeout(t, "Read", err, "Idle")
		wantElapsed(t, from, 3*(d-1)+d)
		if err := <-writes; err != nil {
			t.Errorf("Write = %v", err)
		}
		_, err = body.(io.Writer).Write([]byte("late"))
		wantTimeout(t, "Write", err, "Idle")
		if err := body.Close(); err != nil {
			t.Errorf("Close = %v", err)
		}
	})
}

func TestIdleClockRestartsWithEachByteRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		orig, backend := newPipeBody()
		defer backend.Close()
		from := time.Now()
		body := wrap.Body(orig, wrap.Idle(d))
		go func() {
			for range 3 {
				time.Sleep(d - 1)
				_, _ = backend.Write([]byte("x")) // the reader sees it
			}
		}()
		got, err := io.ReadAll(body)
		wantTimeout(t, "ReadAll", err, "Idle")
		wantElapsed(t, from, 3*(d-1)+d)
		if string(got) != "xxx" {
			t.Errorf("read %q, want three bytes", got)
		}
		body.Close()
	})
}

// A Read that gives up without a byte (at a deadline, say) moves nothing, nor
// does a second CloseWrite.
func TestSilenceIsNotBrokenByCalls(t *testing.T) {
	for name, hook := range map[string]wrap.Hooks{"Idle": wrap.Idle(d), "Linger": wrap.Linger(d)} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				orig, backend := newPipeBody()
				defer backend.Close()
				from := time.Now()
				body := wrap.Body(orig, hook)
				var err error
				for range 100 {
					_ = body.(wrap.CloseWriter).CloseWrite()             // a pipeBody's cannot fail
					_ = orig.SetReadDeadline(time.Now().Add(3 * d / 10)) // nor can this; never at d itself
					var timeout *wrap.TimeoutError
					if _, err = body.Read(make([]byte, 1)); errors.As(err, &timeout) {
						break
					}
				}
				wantTimeout(t, "Read", err, name)
				wantElapsed(t, from, d)
				body.Close()
			})
		})
	}
}

// Idle closes a body on which no call is made.
func TestIdleClosesABodyThatNobodyUses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		orig, backend := newPipeBody()
		defer backend.Close()
		wrap.Body(orig, wrap.Idle(d))
		time.Sleep(5 * d)
		synctest.Wait()
		if len(orig.closed) != 1 || orig.closed[0] != d {
			t.Errorf("closed at %v, want once, at %v", orig.closed, d)
		}
	})
}

func TestIdleHasNoClockAfterTheEnd(t *testing.T) {
	tests := []struct {
		name string
		end  func(body io.ReadCloser)
	}{
		{"EOF of a body that can only be read", func(body io.ReadCloser) { _, _ = io.ReadAll(body) }},
		{"Close", func(body io.ReadCloser) { body.Close() }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				closes := 0
				orig := &funcs{close: func() error { closes++; return nil }}
				tt.end(wrap.Body(orig.readOnly(), wrap.Idle(d)))
				before := closes
				time.Sleep(5 * d)
				synctest.Wait()
				if closes != before {
					t.Error("the clock ran on and closed the body")
				}
			})
		})
	}
}

// A transform that holds bytes back looks silent from in front of it.
func TestIdleBelongsBehindATransform(t *testing.T) {
	holdsBack := wrap.TransformRead(func(r io.Reader) (io.Reader, error) {
		return readFunc(func(p []byte) (int, error) { return io.ReadFull(r, p[:3]) }), nil
	})
	for _, tt := range []struct {
		name  string
		hooks []wrap.Hooks
		want  string
	}{
		{"behind", []wrap.Hooks{holdsBack, wrap.Idle(d)}, "abc"},
		{"in front", []wrap.Hooks{wrap.Idle(d), holdsBack}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				orig, backend := newPipeBody()
				defer backend.Close()
				body := wrap.Body(orig, tt.hooks...)
				sent := make(chan bool)
				go func() {
					defer close(sent)
					for _, c := range []byte("abc") {
						time.Sleep(d - 1)
						_, _ = backend.Write([]byte{c}) // the reader sees it
					}
				}()
				p := make([]byte, 3)
				n, err := body.Read(p)
				if got := string(p[:n]); tt.want != "" && (got != tt.want || err != nil) {
					t.Errorf("Read = %q, %v, want %q", got, err, tt.want)
				}
				if tt.want == "" {
					wantTimeout(t, "Read", err, "Idle")
				}
				body.Close()
				<-sent
			})
		})
	}
}

// A peer that takes the bytes of one Write slowly, and never pauses for d, is
// not silent. One that pauses is.
func TestIdleCountsProgressWithinAWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		orig, backend := newPipeBody()
		defer backend.Close()
		body := wrap.Body(orig, wrap.Idle(d))
		sent := pattern(32 << 10)
		done := make(chan error, 1)
		go func() {
			_, err := body.(io.Writer).Write(sent)
			done <- err
		}()
		got := make([]byte, 16<<10)
		for at := 0; at < len(got); at += 1 << 10 {
			time.Sleep(time.Second) // of the bubble's clock: 1 KiB a second
			if _, err := io.ReadFull(backend, got[at:at+1<<10]); err != nil {
				t.Fatalf("after %d bytes the backend reads %v", at, err)
			}
		}
		if !bytes.Equal(got, sent[:len(got)]) {
			t.Error("the backend read other bytes than were sent")
		}
		wantTimeout(t, "Write to a backend that has stopped reading", <-done, "Idle")
	})
}
