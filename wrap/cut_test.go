package wrap_test

import (
	"errors"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bodywrap/bodywrap/internal/testkit"
	"github.com/bodywrap/bodywrap/wrap"
)

// A blocked is a body whose Read waits for Close, and then returns a fixed
// result.
type blocked struct {
	funcs
	closed chan bool
	closes atomic.Int32
}

func newBlocked(n int, err error) *blocked {
	b := &blocked{closed: make(chan bool)}
	b.read = func([]byte) (int, error) { <-b.closed; return n, err }
	b.write = func([]byte) (int, error) { <-b.closed; return 0, err }
	b.close = func() error {
		if b.closes.Add(1) == 1 {
			close(b.closed)
		}
		return nil
	}
	return b
}

// silences are the two hooks that close a silent body, with a duration so short
// that tests do not wait.
var silences = map[string]wrap.Hooks{"Idle": wrap.Idle(time.Millisecond), "Linger": wrap.Linger(time.Millisecond)}

// Read returns a TimeoutError whatever the closed body returns. An SSH channel
// returns io.EOF, which would look like the end of the body.
func TestACutDoesNotLookLikeTheEnd(t *testing.T) {
	tests := []struct {
		name string
		n    int
		err  error
	}{
		{"EOF", 0, io.EOF},
		{"the last bytes and EOF", 1, io.EOF},
		{"bytes", 1, nil},
		{"nothing", 0, nil},
		{"net.ErrClosed", 0, net.ErrClosed},
	}
	for name, hook := range silences {
		for _, tt := range tests {
			t.Run(name+"/"+tt.name, func(t *testing.T) {
				orig := newBlocked(tt.n, tt.err)
				body := wrap.Body(orig, hook)
				if err := body.(wrap.CloseWriter).CloseWrite(); err != nil {
					t.Fatal(err)
				}
				for range 2 {
					n, err := body.Read(make([]byte, 1))
					var cut *wrap.TimeoutError
					if n != tt.n || !errors.As(err, &cut) || cut.Hook != name || cut.Err != tt.err {
						t.Errorf("Read = %d, %v, want %d and a *TimeoutError of %s with %v", n, err, tt.n, name, tt.err)
					}
					if errors.Is(err, io.EOF) {
						t.Errorf("%v is io.EOF", err)
					}
					if tt.err == net.ErrClosed && !errors.Is(err, tt.err) {
						t.Errorf("%v is not %v", err, tt.err)
					}
					var timeout net.Error
					if !errors.As(err, &timeout) || !timeout.Timeout() || timeout != error(cut) {
						t.Errorf("errors.As finds the net.Error %v, want %v: a timeout", timeout, cut)
					}
					if cut.Temporary() {
						t.Error("Temporary() = true of a body that stays closed")
					}
				}
				if tt.err != nil {
					var cut *wrap.TimeoutError
					if _, err := body.(io.Writer).Write([]byte("x")); !errors.As(err, &cut) {
						t.Errorf("Write = %v, want a *TimeoutError", err)
					}
				}
				orig.closeWrite = func() error { return net.ErrClosed }
				var cut *wrap.TimeoutError
				if err := body.(wrap.CloseWriter).CloseWrite(); !errors.As(err, &cut) {
					t.Errorf("CloseWrite = %v, want a *TimeoutError", err)
				}
			})
		}
	}
}

// A body that returns a slot to a pool at each Close is closed once.
func TestHooksThatCloseABodyCloseItOnce(t *testing.T) {
	hooks := map[string]wrap.Hooks{"LimitRead": wrap.LimitRead(0), "LimitWrite": wrap.LimitWrite(0)}
	for name, hook := range silences {
		hooks[name] = hook
	}
	own := errors.New("own")
	for name, hook := range hooks {
		for _, first := range []error{nil, own} {
			t.Run(name, func(t *testing.T) {
				orig := newBlocked(1, nil)
				closes := orig.close
				orig.close = func() error { _ = closes(); return first }
				returned := make(chan bool)
				waits := wrap.Hooks{Close: func(next io.Closer) error { defer close(returned); return next.Close() }}
				if strings.HasPrefix(name, "Limit") {
					orig.read = func(p []byte) (int, error) { return 1, nil }
				}
				body := wrap.Body(orig, hook, waits)
				_ = body.(wrap.CloseWriter).CloseWrite() // starts Linger
				if name == "LimitWrite" {
					_, _ = body.(io.Writer).Write([]byte("x"))
				} else {
					_, _ = body.Read(make([]byte, 1))
				}
				receive(t, returned, "the hook's Close")
				for range 2 {
					var err error
					closed := testkit.Eventually(func() bool {
						err = body.Close() // the hook's Close has returned, but may not have said so
						return err == first
					})
					if !closed {
						t.Errorf("Close = %v, want %v, which the hook's Close returned", err, first)
					}
				}
				if n := orig.closes.Load(); n != 1 {
					t.Errorf("the body was closed %d times, want once", n)
				}
			})
		}
	}
}

// The body's Close may itself call the wrapper's Close, while the hook closes
// the body.
func TestHooksThatCloseABodyDoNotWaitForThemselves(t *testing.T) {
	hooks := map[string]wrap.Hooks{"LimitRead": wrap.LimitRead(0)}
	for name, hook := range silences {
		hooks[name] = hook
	}
	for name, hook := range hooks {
		t.Run(name, func(t *testing.T) {
			orig := newBlocked(1, nil)
			if name == "LimitRead" {
				orig.read = func(p []byte) (int, error) { return 1, nil }
			}
			closed := make(chan bool)
			var body io.ReadCloser
			ready := make(chan bool)
			body = wrap.Body(orig, hook, wrap.Done(func(wrap.Summary) {
				<-ready
				_ = body.Close() // nil
				close(closed)
			}))
			close(ready)
			_ = body.(wrap.CloseWriter).CloseWrite() // starts Linger
			_, _ = body.Read(make([]byte, 1))
			receive(t, closed, "the end of Close within Close")
		})
	}
}

// A panic of Close in the timer's goroutine reaches the caller once, at the
// next call of any method. Without this, the panic would end the program.
func TestAPanicOfCloseBehindATimer(t *testing.T) {
	calls := map[string]func(io.ReadCloser){
		"Read":       func(b io.ReadCloser) { _, _ = b.Read(make([]byte, 1)) },
		"Write":      func(b io.ReadCloser) { _, _ = b.(io.Writer).Write([]byte("x")) },
		"WriteTo":    func(b io.ReadCloser) { _, _ = b.(io.WriterTo).WriteTo(io.Discard) },
		"ReadFrom":   func(b io.ReadCloser) { _, _ = b.(io.ReaderFrom).ReadFrom(strings.NewReader("x")) },
		"CloseWrite": func(b io.ReadCloser) { _ = b.(wrap.CloseWriter).CloseWrite() },
		"Close":      func(b io.ReadCloser) { _ = b.Close() },
	}
	panicsWith := func(call func()) (v any) {
		defer func() { v = recover() }()
		call()
		return nil
	}
	for name, hook := range silences {
		for method, call := range calls {
			t.Run(name+"/"+method, func(t *testing.T) {
				closing := make(chan bool, 10)
				waits := make(chan bool)
				body := wrap.Body(&funcs{
					read:  func([]byte) (int, error) { <-waits; return 0, io.EOF },
					close: func() error { closing <- true; panic("boom") },
				}, hook)
				returned := make(chan bool, 1)
				if name == "Linger" { // its clock runs after CloseWrite, while a Read waits
					_ = body.(wrap.CloseWriter).CloseWrite() // nil
					go func() {
						_, _ = body.Read(make([]byte, 1))
						returned <- true
					}()
				} else {
					returned <- true
				}
				receive(t, closing, "Close")
				close(waits)
				receive(t, returned, "Read's return")
				var got any
				testkit.Eventually(func() bool {
					got = panicsWith(func() { call(body) }) // the panic is on its way to us
					return got != nil
				})
				if got != "boom" {
					t.Fatalf("%s panicked with %v, want boom", method, got)
				}
				for method, call := range calls {
					if got := panicsWith(func() { call(body) }); got != nil {
						t.Errorf("%s panicked with %v, want no second panic", method, got)
					}
				}
				if len(closing) != 0 {
					t.Error("the body was closed twice")
				}
			})
		}
	}
}
