package wrap_test

import (
	"bytes"
	"errors"
	"io"
	"math"
	"net/http"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"testing/iotest"

	"github.com/bodywrap/bodywrap/wrap"
	"github.com/google/go-cmp/cmp"
)

// upperRead and upperWrite change bytes, and do not change counts.
func upperRead(next io.Reader, p []byte) (int, error) {
	n, err := next.Read(p)
	copy(p, bytes.ToUpper(p[:n]))
	return n, err
}

func upperWrite(next io.Writer, p []byte) (int, error) { return next.Write(bytes.ToUpper(p)) }

func TestNoFastPathGoesRoundAHook(t *testing.T) {
	t.Run("Read hook, WriteTo called", func(t *testing.T) {
		rec := newRecorder("quiet")
		var got bytes.Buffer
		n, err := wrap.Body(rec, wrap.Hooks{Read: upperRead}).(io.WriterTo).WriteTo(&got)
		if n != 5 || err != nil || got.String() != "QUIET" {
			t.Errorf("WriteTo = %d, %v with %q, want 5, nil with %q", n, err, got.String(), "QUIET")
		}
	})
	t.Run("Write hook, ReadFrom called", func(t *testing.T) {
		rec := newRecorder("")
		n, err := wrap.Body(rec, wrap.Hooks{Write: upperWrite}).(io.ReaderFrom).ReadFrom(strings.NewReader("quiet"))
		if n != 5 || err != nil || rec.out.String() != "QUIET" {
			t.Errorf("ReadFrom = %d, %v with %q, want 5, nil with %q", n, err, rec.out.String(), "QUIET")
		}
	})
	t.Run("an inner layer's hook counts too", func(t *testing.T) {
		rec := newRecorder("quiet")
		var got bytes.Buffer
		body := wrap.Body(rec, closeOnly, wrap.Hooks{Read: upperRead})
		if _, err := io.Copy(&got, body); err != nil || got.String() != "QUIET" {
			t.Errorf("io.Copy = %v with %q, want nil with %q", err, got.String(), "QUIET")
		}
	})
	t.Run("hooks on both keep the direct way", func(t *testing.T) {
		rec := newRecorder("quiet")
		body := wrap.Body(rec, passAll)
		if _, err := io.Copy(io.Discard, body); err != nil {
			t.Error(err)
		}
		if _, err := io.Copy(body.(io.Writer), struct{ io.Reader }{strings.NewReader("x")}); err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff([]string{"WriteTo", "ReadFrom"}, rec.calls); diff != "" {
			t.Errorf("calls that reached the original (-want +got):\n%s", diff)
		}
	})
}

func TestErrorsAndCountsPassThroughUntouched(t *testing.T) {
	own := errors.New("the body's own error")
	reads := []struct {
		n   int
		err error
		why string
	}{
		{0, io.EOF, "callers compare with =="},
		{3, io.EOF, "the last bytes may come with EOF"},
		{3, own, "bytes before a failure count"},
		{0, own, "nothing was read"},
		{0, nil, "allowed, and means try again"},
		{4, nil, "a full buffer"},
	}
	for _, tt := range reads {
		body := wrap.Body(io.NopCloser(readFunc(func([]byte) (int, error) { return tt.n, tt.err })), passAll)
		if n, err := body.Read(make([]byte, 4)); n != tt.n || err != tt.err {
			t.Errorf("Read = %d, %v, want %d, %v (%s)", n, err, tt.n, tt.err, tt.why)
		}
	}
	writes := []struct {
		n   int
		err error
		why string
	}{
		{4, nil, "all of it"},
		{3, own, "part of it"},
		{0, own, "nothing of it"},
		{4, own, "all of it, and yet"},
	}
	for _, tt := range writes {
		rec := newRecorder("")
		body := wrap.Body(writeFunc{rec, func([]byte) (int, error) { return tt.n, tt.err }}, passAll)
		if n, err := body.(io.Writer).Write(make([]byte, 4)); n != tt.n || err != tt.err {
			t.Errorf("Write = %d, %v, want %d, %v (%s)", n, err, tt.n, tt.err, tt.why)
		}
	}
}

func TestCloseWriteThatCannot(t *testing.T) {
	rec := newRecorder("")
	rec.err = http.ErrNotSupported
	for _, lay := range layerings {
		err := wrap.Body(rec, lay.hooks...).(wrap.CloseWriter).CloseWrite()
		if err != http.ErrNotSupported || !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("CloseWrite with %s = %v, want http.ErrNotSupported as it was", lay.name, err)
		}
	}
}

func TestImpossibleCountsBecomeErrors(t *testing.T) {
	for _, n := range []int{-1, 5, math.MaxInt} {
		hooks := wrap.Hooks{
			Read:  func(io.Reader, []byte) (int, error) { return n, nil },
			Write: func(io.Writer, []byte) (int, error) { return n, nil },
		}
		body := wrap.Body(newRecorder(""), hooks)
		if got, err := body.Read(make([]byte, 4)); got != 0 || err == nil || !strings.Contains(err.Error(), "Read hook returned") {
			t.Errorf("Read with a hook that returns %d = %d, %v, want 0 and an error that names the hook", n, got, err)
		}
		if got, err := body.(io.Writer).Write(make([]byte, 4)); got != 0 || err == nil || !strings.Contains(err.Error(), "Write hook returned") {
			t.Errorf("Write with a hook that returns %d = %d, %v, want 0 and an error that names the hook", n, got, err)
		}
	}
	short := wrap.Body(newRecorder(""), wrap.Hooks{Write: func(io.Writer, []byte) (int, error) { return 3, nil }})
	if n, err := short.(io.Writer).Write(make([]byte, 4)); n != 3 || err != io.ErrShortWrite {
		t.Errorf("Write with a hook that takes 3 of 4 bytes = %d, %v, want 3, io.ErrShortWrite", n, err)
	}
}

func TestRoutedCopyEndsAsTheOtherSideDoes(t *testing.T) {
	own := errors.New("the other side's own error")
	readHook := wrap.Hooks{Read: passAll.Read}
	writeHook := wrap.Hooks{Write: passAll.Write}
	endless := readFunc(func([]byte) (int, error) { return 0, nil })
	refuse := func([]byte) (int, error) { return 0, own }

	from := func(r io.Reader) io.WriterTo {
		rec := newRecorder("")
		rec.in = r
		return wrap.Body(rec, readHook).(io.WriterTo)
	}
	into := func(write func([]byte) (int, error)) io.ReaderFrom {
		return wrap.Body(readFromWriteFunc{writeFunc{newRecorder(""), write}}, writeHook).(io.ReaderFrom)
	}
	take := func(p []byte) (int, error) { return len(p), nil }

	tests := []struct {
		name string
		n    int64
		err  error
		call func() (int64, error)
	}{
		{"WriteTo from a reader that fails", 3, own, func() (int64, error) {
			return from(io.MultiReader(strings.NewReader("abc"), iotest.ErrReader(own))).WriteTo(io.Discard)
		}},
		{"WriteTo from a reader that never ends", 0, io.ErrNoProgress, func() (int64, error) {
			return from(endless).WriteTo(io.Discard)
		}},
		{"WriteTo from a reader that often has nothing", 300, nil, func() (int64, error) {
			return from(&hesitant{left: 300}).WriteTo(io.Discard)
		}},
		{"WriteTo from data that comes with EOF", 3, nil, func() (int64, error) {
			return from(iotest.DataErrReader(strings.NewReader("abc"))).WriteTo(io.Discard)
		}},
		{"WriteTo a writer that fails", 0, own, func() (int64, error) {
			return from(strings.NewReader("abc")).WriteTo(writeFunc{nil, refuse})
		}},
		{"WriteTo a writer that stops short", 2, io.ErrShortWrite, func() (int64, error) {
			return from(strings.NewReader("abc")).WriteTo(writeFunc{nil, func([]byte) (int, error) { return 2, nil }})
		}},
		{"ReadFrom a reader that fails", 3, own, func() (int64, error) {
			return into(take).ReadFrom(io.MultiReader(strings.NewReader("abc"), iotest.ErrReader(own)))
		}},
		{"ReadFrom a reader that never ends", 0, io.ErrNoProgress, func() (int64, error) {
			return into(take).ReadFrom(endless)
		}},
		{"ReadFrom into a body that fails", 0, own, func() (int64, error) {
			return into(refuse).ReadFrom(strings.NewReader("abc"))
		}},
		{"ReadFrom one byte at a time", 3, nil, func() (int64, error) {
			return into(take).ReadFrom(iotest.OneByteReader(strings.NewReader("abc")))
		}},
	}
	for _, tt := range tests {
		if n, err := tt.call(); n != tt.n || err != tt.err {
			t.Errorf("%s = %d, %v, want %d, %v", tt.name, n, err, tt.n, tt.err)
		}
	}
	for _, n := range []int{-1, 4} {
		count, err := from(strings.NewReader("abc")).WriteTo(writeFunc{nil, func([]byte) (int, error) { return n, nil }})
		if count != 0 || err == nil {
			t.Errorf("WriteTo a writer that returns %d for 3 bytes = %d, %v, want 0 and an error", n, count, err)
		}
	}
}

// A hook may return more or fewer bytes than the body, but at most len(p).
func TestHookMaySplitAndAddBytes(t *testing.T) {
	var pending []byte
	double := func(next io.Reader, p []byte) (int, error) {
		if len(pending) == 0 {
			q := make([]byte, len(p))
			n, err := next.Read(q)
			for _, c := range q[:n] {
				pending = append(pending, c, c)
			}
			if n == 0 {
				return 0, err
			}
		}
		n := copy(p, pending)
		pending = pending[n:]
		return n, nil
	}
	body := wrap.Body(io.NopCloser(strings.NewReader("abc")), wrap.Hooks{Read: double})
	if err := iotest.TestReader(body, []byte("aabbcc")); err != nil {
		t.Error(err)
	}

	rec := newRecorder("")
	chunked := func(next io.Writer, p []byte) (int, error) {
		for i := range p {
			if _, err := next.Write([]byte{'<', p[i], '>'}); err != nil {
				return i, err
			}
		}
		return len(p), nil
	}
	w := wrap.Body(rec, wrap.Hooks{Write: chunked}).(io.Writer)
	if n, err := io.WriteString(w, "ab"); n != 2 || err != nil || rec.out.String() != "<a><b>" {
		t.Errorf("Write = %d, %v with %q, want 2, nil with %q", n, err, rec.out.String(), "<a><b>")
	}
}

func TestBodyWorksOnAfterAPanicInAHook(t *testing.T) {
	explode := true
	hooks := wrap.Hooks{
		Read: func(next io.Reader, p []byte) (int, error) {
			if explode {
				panic("boom")
			}
			return next.Read(p)
		},
	}
	body := wrap.Body(newRecorder("abc"), hooks)
	calls := map[string]func(){
		"Read":    func() { _, _ = body.Read(make([]byte, 1)) },
		"WriteTo": func() { _, _ = body.(io.WriterTo).WriteTo(io.Discard) },
	}
	for name, call := range calls {
		func() {
			defer func() {
				if got := recover(); got != "boom" {
					t.Errorf("%s panicked with %v, want the hook's own panic", name, got)
				}
			}()
			call()
		}()
	}
	explode = false
	if got, err := io.ReadAll(body); string(got) != "abc" || err != nil {
		t.Errorf("ReadAll after the panics = %q, %v, want %q, nil", got, err, "abc")
	}
}

// ReverseProxy reads, writes and half-closes, and closes from three goroutines.
func TestDirectionsRunAtTheSameTime(t *testing.T) {
	body := dialEcho(t)
	const size = 1 << 20
	var read, written int // one for each direction, without a lock: -race would tell
	var halfClosed, closed atomic.Int32
	hooks := wrap.Hooks{
		Read: func(next io.Reader, p []byte) (int, error) {
			n, err := next.Read(p)
			read += n
			return n, err
		},
		Write: func(next io.Writer, p []byte) (int, error) {
			n, err := next.Write(p)
			written += n
			return n, err
		},
		CloseWrite: func(next wrap.CloseWriter) error {
			halfClosed.Add(1)
			return next.CloseWrite()
		},
		Close: func(next io.Closer) error {
			closed.Add(1)
			return next.Close()
		},
	}
	wrapped := wrap.Body(body, hooks)
	wrote := make(chan error, 1)
	go writeAndHalfClose(wrapped, size, wrote)
	got, err := io.Copy(io.Discard, wrapped)
	if err := <-wrote; err != nil {
		t.Fatal(err)
	}
	if got != size || err != nil {
		t.Errorf("read %d bytes, %v, want %d, nil", got, err, size)
	}
	if err := wrapped.Close(); err != nil {
		t.Errorf("Close = %v", err)
	}
	if read != size || written != size || halfClosed.Load() != 1 || closed.Load() != 1 {
		t.Errorf("hooks saw %d read, %d written, %d CloseWrite, %d Close, want %d, %d, 1, 1",
			read, written, halfClosed.Load(), closed.Load(), size, size)
	}
}

func writeAndHalfClose(body io.ReadCloser, size int, done chan<- error) {
	_, err := body.(io.Writer).Write(make([]byte, size))
	done <- errors.Join(err, body.(wrap.CloseWriter).CloseWrite())
}

type readFunc func([]byte) (int, error)

func (f readFunc) Read(p []byte) (int, error) { return f(p) }

type writeFunc struct {
	io.ReadCloser
	write func([]byte) (int, error)
}

func (f writeFunc) Write(p []byte) (int, error) { return f.write(p) }

type readFromWriteFunc struct{ writeFunc }

func (readFromWriteFunc) ReadFrom(io.Reader) (int64, error) {
	panic("goes round the Write hook")
}

// hesitant returns nothing before each byte.
type hesitant struct {
	left int
	now  bool
}

func (h *hesitant) Read(p []byte) (int, error) {
	h.now = !h.now
	if h.now {
		return 0, nil
	}
	if h.left == 0 {
		return 0, io.EOF
	}
	h.left--
	return 1, nil
}

// Each function of Hooks stands in front of the method that it is named for,
// and of a body that has it. A function that Body forgets is found here.
func TestEveryHookIsConsulted(t *testing.T) {
	fields := reflect.TypeFor[wrap.Hooks]()
	for i := range fields.NumField() {
		field := fields.Field(i)
		if field.Type.Kind() != reflect.Func || field.Name == "New" || field.Name == "Content" {
			continue // they make hooks, and are in front of no method
		}
		t.Run(field.Name, func(t *testing.T) {
			called := false
			var h wrap.Hooks
			reflect.ValueOf(&h).Elem().Field(i).Set(reflect.MakeFunc(field.Type, func([]reflect.Value) []reflect.Value {
				called = true
				results := make([]reflect.Value, field.Type.NumOut())
				for i := range results {
					results[i] = reflect.Zero(field.Type.Out(i))
				}
				return results
			}))
			m := reflect.ValueOf(wrap.Body(newRecorder(""), h)).MethodByName(field.Name)
			if !m.IsValid() {
				t.Fatalf("a body has no method %s for the hook", field.Name)
			}
			args := make([]reflect.Value, m.Type().NumIn())
			for i := range args {
				args[i] = reflect.Zero(m.Type().In(i))
			}
			m.Call(args)
			if !called {
				t.Errorf("%s did not call its hook", field.Name)
			}
		})
	}
}
