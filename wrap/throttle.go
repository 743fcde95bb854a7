package wrap

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"
)

// A Limiter allows a number of bytes a second, for [Throttle]. [NewLimiter]
// makes one, and a *Limiter of golang.org/x/time/rate is another. It is safe
// for concurrent use.
type Limiter interface {
	// WaitN waits until n more bytes are allowed. If ctx ends first, WaitN
	// returns an error. n is at most Burst.
	WaitN(ctx context.Context, n int) error

	// Burst is how many bytes may pass at once. If 0 or less, there is no
	// bound.
	Burst() int
}

// Throttle slows bodies down to what read allows for the bytes that are read,
// and write for the bytes that are written. If one of them is nil, that
// direction is as fast as the body. Bodies that share a Limiter share its
// bytes; make one Limiter for each body to allow each of them as much.
//
//	slow := wrap.Throttle(wrap.NewLimiter(1<<20, 64<<10), nil) // 1 MiB a second in all
//
// A Read reads at most a burst, and returns when these bytes are allowed. A
// Write is split into bursts, and waits before each of them. The wait is in the
// caller's goroutine. Close ends it: Read then returns the bytes that it has
// read, and Write goes on to the closed body. A deadline of a connection does
// not end it. WriteTo is routed through Read, and ReadFrom through Write. An
// error of a Limiter other than that of a closed body is the result of the
// call. If both Limiters are nil, Throttle panics.
func Throttle(read, write Limiter) Hooks {
	if read == nil && write == nil {
		panic("wrap: Throttle: both limiters are nil; leave the hook out")
	}
	return Hooks{New: func(io.ReadCloser) Hooks {
		t := &throttle{readLimit: read, writeLimit: write}
		t.open, t.close = context.WithCancel(context.Background())
		h := Hooks{Close: t.closeBody}
		if read != nil {
			h.Read = t.read
		}
		if write != nil {
			h.Write = t.write
		}
		return h
	}}
}

// A throttle is the Throttle of one body.
type throttle struct {
	readLimit, writeLimit Limiter

	open  context.Context // ends when Close is called
	close context.CancelFunc
}

func (t *throttle) read(next io.Reader, p []byte) (int, error) {
	n, err := next.Read(p[:burst(t.readLimit, len(p))])
	if werr := t.wait(t.readLimit, int(clamp(n, p))); werr != nil {
		return n, werr
	}
	return n, err
}

func (t *throttle) write(next io.Writer, p []byte) (written int, err error) {
	for {
		part := p[written:]
		part = part[:burst(t.writeLimit, len(part))]
		if err := t.wait(t.writeLimit, len(part)); err != nil {
			return written, err
		}
		n, err := next.Write(part)
		if uint(n) > uint(len(part)) {
			return n, err // the layer reports the impossible count
		}
		written += n
		if err != nil || n < len(part) || written == len(p) {
			return written, err
		}
	}
}

// wait waits until l allows n bytes. n may be more than a burst, if the limiter
// has got a smaller one meanwhile. wait returns no error if the body is closed
// meanwhile, because the body's own error says more.
func (t *throttle) wait(l Limiter, n int) error {
	for n > 0 {
		part := burst(l, n)
		if err := l.WaitN(t.open, part); t.open.Err() != nil {
			return nil
		} else if err != nil {
			return fmt.Errorf("wrap: throttle: %w", err)
		}
		n -= part
	}
	return nil
}

func (t *throttle) closeBody(next io.Closer) error {
	t.close()
	return next.Close()
}

// burst returns how many of n bytes may pass at once.
func burst(l Limiter, n int) int {
	if b := l.Burst(); b > 0 {
		return min(b, n)
	}
	return n
}

// NewLimiter returns a Limiter that allows bytesPerSecond, and as many as burst
// at once. Numbers that are not positive panic.
func NewLimiter(bytesPerSecond, burst int) Limiter {
	if bytesPerSecond <= 0 || burst <= 0 {
		panic("wrap: NewLimiter: the numbers must be positive; for no limit, leave the hook out")
	}
	return &limiter{perSecond: bytesPerSecond, burst: burst}
}

// A limiter counts in time: a byte costs 1/perSecond seconds.
type limiter struct {
	perSecond, burst int

	mu   sync.Mutex
	paid time.Time // the bytes so far are allowed at this time; guarded by mu
}

func (l *limiter) Burst() int { return l.burst }

func (l *limiter) cost(n int) time.Duration {
	return time.Duration(float64(n) / float64(l.perSecond) * float64(time.Second))
}

func (l *limiter) WaitN(ctx context.Context, n int) error {
	if n > l.burst {
		return fmt.Errorf("%d bytes at once are more than the burst of %d", n, l.burst)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	delay := l.reserve(n)
	if delay <= 0 {
		return nil
	}
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		l.reserve(-n) // for the other bodies
		return ctx.Err()
	}
}

// reserve takes n bytes, and returns how long to wait before they may pass.
func (l *limiter) reserve(n int) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	if full := now.Add(-l.cost(l.burst)); l.paid.Before(full) {
		l.paid = full
	}
	l.paid = l.paid.Add(l.cost(n))
	return l.paid.Sub(now)
}
