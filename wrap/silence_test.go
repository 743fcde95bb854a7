package wrap_test

import (
	"errors"
	"io"
	"net"
	"runtime"
	"testing"
	"time"

	"github.com/bodywrap/bodywrap/wrap"
)

// What the clocks of Linger and Idle do to a real upgraded connection, whose
// backend ignores EOF. That they are exact is tested where time stands still.
func TestSilenceClosesARealUpgradedBody(t *testing.T) {
	for name, hook := range map[string]wrap.Hooks{
		"Linger": wrap.Linger(time.Millisecond),
		"Idle":   wrap.Idle(time.Millisecond),
	} {
		t.Run(name, func(t *testing.T) {
			done, c := summaries()
			body := wrap.Body(silentBody(t), wrap.Done(done), hook)
			if err := body.(wrap.CloseWriter).CloseWrite(); err != nil && name == "Linger" {
				t.Fatalf("CloseWrite = %v", err)
			}
			result := make(chan error, 1)
			go func() {
				_, err := io.Copy(io.Discard, body)
				result <- err
			}()
			var timeout *wrap.TimeoutError
			if err := receive(t, result, "the end of the copy"); !errors.As(err, &timeout) || timeout.Hook != name {
				t.Errorf("Copy = %v, want a *TimeoutError of %s", err, name)
			}
			if err := body.Close(); err != nil {
				t.Errorf("Close = %v", err)
			}
			if s := one(t, c); s.ReadErr != error(timeout) || s.CloseErr != nil {
				t.Errorf("ReadErr, CloseErr = %v, %v, want %v, nil", s.ReadErr, s.CloseErr, timeout)
			}
		})
	}
}

// silentBody is the body of a 101 whose backend never answers nor closes.
func silentBody(t *testing.T) io.ReadCloser {
	t.Helper()
	hold := make(chan bool)
	body := upgradedBodyOf(t, func(conn net.Conn, _ io.Reader) { <-hold })
	t.Cleanup(func() { close(hold) })
	return body
}

func TestLingerAndIdleStartNoGoroutine(t *testing.T) {
	before := runtime.NumGoroutine()
	bodies := make([]io.ReadCloser, 1000)
	for i := range bodies {
		bodies[i] = wrap.Body(newRecorder(""), wrap.Linger(time.Hour), wrap.Idle(time.Hour))
		_ = bodies[i].(wrap.CloseWriter).CloseWrite() // a recorder's cannot fail
	}
	if now := runtime.NumGoroutine(); now > before+500 { // others come and go
		t.Errorf("%d goroutines after 1000 bodies, %d before", now, before)
	}
	for _, body := range bodies {
		body.Close()
	}
}

func TestLingerLeavesABodyThatCannotHalfClose(t *testing.T) {
	body := newRecorder("").only(hasWrite)
	if got := wrap.Body(body, wrap.Linger(time.Hour)); got != body {
		t.Errorf("Body = %v, want the body itself: there is nothing to wait for", got)
	}
}
