//go:build go1.25

package wrap_test

import (
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/bodywrap/bodywrap/wrap"
)

func TestLimiterAllowsItsRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := wrap.NewLimiter(1000, 100)
		if l.Burst() != 100 {
			t.Errorf("Burst = %d", l.Burst())
		}
		start := time.Now()
		for range 11 { // the first burst waits for nothing
			if err := l.WaitN(t.Context(), 100); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(start); took != time.Second {
			t.Errorf("1,000 bytes after a burst took %v, want a second", took)
		}
		time.Sleep(time.Hour) // what was not used does not add up
		start = time.Now()
		for range 2 {
			_ = l.WaitN(t.Context(), 100)
		}
		if took := time.Since(start); took != 100*time.Millisecond {
			t.Errorf("two bursts took %v, want 100 ms", took)
		}
		if err := l.WaitN(t.Context(), 101); err == nil {
			t.Error("more than a burst is allowed")
		}
	})
}

// A slow reader and a slow writer move as many bytes as they are allowed.
func TestThrottleIsAsSlowAsItsLimiter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rec := newRecorder(strings.Repeat("x", 10_000))
		body := wrap.Body(rec.only(allMethods), wrap.Throttle(wrap.NewLimiter(1000, 100), wrap.NewLimiter(500, 100)))
		start := time.Now()
		if _, err := io.Copy(io.Discard, body); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start).Round(time.Second / 10); took != 9900*time.Millisecond {
			t.Errorf("10,000 bytes at 1,000 a second took %v, want 9.9 s, as the first 100 are free", took)
		}
		start = time.Now()
		if _, err := io.WriteString(body.(io.Writer), strings.Repeat("y", 1100)); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start).Round(time.Second / 10); took != 2*time.Second {
			t.Errorf("1,100 bytes at 500 a second took %v, want 2 s", took)
		}
		body.Close()
	})
}

// Bodies that end within one Read are as slow as others. A body of net/http
// returns io.EOF together with its last bytes.
func TestShortBodiesShareALimiter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hook := wrap.Throttle(wrap.NewLimiter(1000, 100), nil)
		start := time.Now()
		for range 11 {
			body := wrap.Body(io.NopCloser(iotest.DataErrReader(strings.NewReader(strings.Repeat("x", 100)))), hook)
			if n, err := body.Read(make([]byte, 1000)); n != 100 || err != io.EOF {
				t.Errorf("Read = %d, %v", n, err)
			}
			body.Close()
		}
		if took := time.Since(start); took != time.Second {
			t.Errorf("1,000 bytes after a burst took %v, want a second", took)
		}
	})
}

// A body that is closed gives back what it has waited for. Calls after Close
// take nothing.
func TestClosedBodiesLeaveTheLimiterToOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := wrap.NewLimiter(1, 100)
		hook := wrap.Throttle(nil, l)
		_ = l.WaitN(t.Context(), 100)
		for range 10 {
			near, far := net.Pipe()
			body := wrap.Conn(near, hook)
			ended := make(chan error)
			go func() { _, err := body.Write(make([]byte, 100)); ended <- err }()
			synctest.Wait() // Write waits for the limiter
			body.Close()
			if err := <-ended; !errors.Is(err, io.ErrClosedPipe) {
				t.Errorf("Write = %v", err)
			}
			_, _ = body.Write(make([]byte, 100))
			far.Close()
		}
		start := time.Now()
		_ = l.WaitN(t.Context(), 100)
		if took := time.Since(start); took != 100*time.Second {
			t.Errorf("100 bytes at 1 a second took %v, want 100 s", took)
		}
	})
}

// Close ends the wait of both directions, and the calls return the body's own
// error.
func TestCloseEndsTheWaitOfThrottle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		defer far.Close()
		body := wrap.Conn(near, wrap.Throttle(wrap.NewLimiter(1, 10), wrap.NewLimiter(1, 10)))
		go func() { _, _ = io.WriteString(far, strings.Repeat("x", 20)) }()
		if _, err := io.ReadFull(body, make([]byte, 10)); err != nil {
			t.Fatal(err)
		}
		errs := make(chan error, 2)
		go func() { _, err := io.Copy(io.Discard, body); errs <- err }()
		go func() { _, err := body.Write(make([]byte, 100)); errs <- err }()
		go func() { _, _ = io.Copy(io.Discard, far) }()
		synctest.Wait() // both wait for their limiter
		start := time.Now()
		body.Close()
		for range 2 {
			if err := <-errs; !errors.Is(err, io.ErrClosedPipe) {
				t.Errorf("the call returned %v, want %v", err, io.ErrClosedPipe)
			}
		}
		if took := time.Since(start); took != 0 {
			t.Errorf("the calls returned after %v", took)
		}
	})
}
