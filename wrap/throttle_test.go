package wrap_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/bodywrap/bodywrap/wrap"
)

// ledger is a limiter that keeps what it was asked for, and waits for nothing.
type ledger struct {
	burst int
	asked []int
	err   error
}

func (l *ledger) Burst() int { return l.burst }
func (l *ledger) WaitN(_ context.Context, n int) error {
	l.asked = append(l.asked, n)
	return l.err
}

func sum(ns []int) (total int) {
	for _, n := range ns {
		total += n
	}
	return total
}

// Every byte is asked for, in bursts, on every path.
func TestThrottleAsksForEveryByte(t *testing.T) {
	for _, burst := range []int{0, 1, 3, 100} {
		for mask := range allMethods + 1 {
			read, write := &ledger{burst: burst}, &ledger{burst: burst}
			rec := newRecorder("hello world")
			body := wrap.Body(rec.only(kept(mask)), wrap.Throttle(read, write))
			if got, err := io.ReadAll(onlyReader{body}); string(got) != "hello world" || err != nil {
				t.Errorf("ReadAll = %q, %v", got, err)
			}
			if w, ok := body.(io.Writer); ok {
				if n, err := io.Copy(w, onlyReader{strings.NewReader("hello")}); n != 5 || err != nil || rec.out.String() != "hello" {
					t.Errorf("Copy = %d, %v, and the body got %q", n, err, rec.out.String())
				}
				if sum(write.asked) != 5 {
					t.Errorf("burst %d: asked to write %v, want 5 in all", burst, write.asked)
				}
			}
			if sum(read.asked) != 11 {
				t.Errorf("burst %d: asked to read %v, want 11 in all", burst, read.asked)
			}
			for _, n := range append(read.asked, write.asked...) {
				if burst > 0 && n > burst {
					t.Errorf("asked for %d, more than the burst of %d", n, burst)
				}
			}
			body.Close()
		}
	}
}

// One direction is left alone, with its fast path, if its limiter is nil.
func TestThrottleOfOneDirection(t *testing.T) {
	l := &ledger{burst: 2}
	rec := newRecorder("hello")
	body := wrap.Body(rec.only(allMethods), wrap.Throttle(nil, l))
	if got, err := io.ReadAll(body); string(got) != "hello" || err != nil || len(l.asked) > 0 {
		t.Errorf("ReadAll = %q, %v, asked %v", got, err, l.asked)
	}
	refused := errors.New("refused")
	l.err = refused
	if n, err := body.(io.Writer).Write([]byte("x")); n != 0 || !errors.Is(err, refused) {
		t.Errorf("Write = %d, %v, want the limiter's error", n, err)
	}
}

// falling is a limiter whose burst becomes smaller while it is in use, as one
// of golang.org/x/time/rate can, and that returns an error for more.
type falling struct{ burst int }

func (f *falling) Burst() int { return f.burst }
func (f *falling) WaitN(_ context.Context, n int) error {
	if n > f.burst {
		return errors.New("more than a burst")
	}
	return nil
}

func TestThrottleTakesASmallerBurst(t *testing.T) {
	l := &falling{burst: 100}
	smaller := wrap.Hooks{Read: func(next io.Reader, p []byte) (int, error) {
		n, err := next.Read(p)
		l.burst = 3
		return n, err
	}}
	body := wrap.Body(io.NopCloser(strings.NewReader("hello world")), wrap.Throttle(l, nil), smaller)
	if got, err := io.ReadAll(body); string(got) != "hello world" || err != nil {
		t.Errorf("ReadAll = %q, %v", got, err)
	}
}
