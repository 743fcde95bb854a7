package tunnel

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"
)

// Copy joins client and backend: what one sends, the other receives, until
// both have finished. It owns both, closes each exactly once, and returns when
// nothing of it is left running. A nil opt means the zero [Options].
//
// The error is nil if and only if both sides finished by themselves: each was
// read to its EOF, and everything was delivered. It says otherwise what ended
// the tunnel, and wraps the connection's own error, the cause of ctx, or one
// of the reasons of this package.
//
// Cancelling ctx closes both sides at once. Do not count on the context of a
// request for it: after Hijack, that does not tell that the client has left.
//
// # What a side must do
//
// A net.Conn, and the body of a 101 response, do all of this. Read and Write may
// run at the same time. Close may run at any time, and makes a Read and a Write
// that wait return; if the side has a `SetReadDeadline(time.Time) error` method,
// then a deadline in the past may do that for Read instead, as it does for a
// QUIC stream, whose Close ends only what is written. Copy returns when all
// calls have returned, so a Close that blocks holds it, but not the Close of
// the other side. If the side has a `SetDeadline(time.Time) error` method, Copy
// first takes back the deadlines that the caller left. Limits are set by
// [Options] and ctx: a deadline that expires later ends the tunnel as an error.
//
// If a method of a side panics, or a hook in front of it, in whichever
// goroutine, then both sides are closed and Copy panics with the same value.
func Copy(ctx context.Context, client, backend io.ReadWriteCloser, opt *Options) (Result, error) {
	if client == nil || backend == nil {
		panic("tunnel: Copy: a side is nil; pass two open connections")
	}
	return newTunnel(client, backend, opt).run(ctx)
}

// A tunnel is two sides and the two directions between them.
type tunnel struct {
	opt                 Options
	client, backend     side
	toBackend, toClient direction
	start               time.Time
	ctx                 context.Context
	unwatch             func() bool // stops watching ctx; nil if ctx cannot be cancelled

	silence *time.Timer  // ends the tunnel for its silence
	stall   *time.Timer  // looks for resets while a write is blocked
	stalled atomic.Bool  // stall is set
	limit   atomic.Int64 // the present limit on silence; 0 if there is none

	mu      sync.Mutex
	dying   *fault // a side is dead, and what it sent before is still under way
	fault   *fault // why the tunnel is ended; nil while it runs and if both sides finished
	since   int64  // when the present limit on silence began to apply
	queued  int    // bytes that the kernel had still to deliver when it was last asked
	over    bool   // callbacks come too late
	panics  []any  // what methods and hooks of the sides have panicked with
	running sync.WaitGroup
	hurried bool
	hurry   chan struct{} // closed when nothing more is waited for; made by end
}

// A fault is a reason to end the tunnel.
type fault struct {
	err  error
	end  End
	side *side // whose fault it is; nil if neither's
	told bool  // what the other side was sent must reach it before it is closed
}

func newTunnel(client, backend io.ReadWriteCloser, opt *Options) *tunnel {
	t := &tunnel{
		client:  side{name: "client", conn: client},
		backend: side{name: "backend", conn: backend},
	}
	if opt != nil {
		t.opt = *opt
	}
	t.toBackend = direction{t: t, src: &t.client, dst: &t.backend, reverse: &t.toClient, early: t.opt.ClientBuffered}
	t.toClient = direction{t: t, src: &t.backend, dst: &t.client, reverse: &t.toBackend, early: t.opt.BackendBuffered}
	t.opt.ClientBuffered, t.opt.BackendBuffered = nil, nil // not kept for the life of the tunnel
	if c := t.opt.Counters; c != nil {
		t.toBackend.shared, t.toClient.shared = &c.ToBackend, &c.ToClient
	}
	return t
}

func (t *tunnel) run(ctx context.Context) (Result, error) {
	t.start, t.ctx = time.Now(), ctx
	t.join()
	return t.result()
}

// join runs the tunnel. Also if a panic or [runtime.Goexit] leaves it early,
// both sides are closed, and nothing runs any more, when it returns.
func (t *tunnel) join() {
	var toClient sync.WaitGroup
	defer t.finish(&toClient)
	defer t.watch(nil)
	for _, s := range []*side{&t.client, &t.backend} {
		s.look()
		s.clearDeadlines()
	}
	if !t.opt.Group.add(t) {
		t.end(&fault{err: ErrShutdown, end: Closed})
		return
	}
	if t.ctx.Done() != nil {
		t.unwatch = context.AfterFunc(t.ctx, t.canceled)
	}
	t.mu.Lock()
	t.limitSilence()
	t.mu.Unlock()

	t.toClient.copyLead()
	toClient.Add(1)
	go t.toClient.copyToClient(&toClient)
	t.toBackend.copyToBackend()
}

func (d *direction) copyToBackend() { d.run() }

func (d *direction) copyToClient(running *sync.WaitGroup) {
	defer running.Done()
	d.run()
}

func (d *direction) run() {
	ended := false
	defer d.t.watch(&ended)
	err := d.copy()
	d.t.ended(d, err)
	ended = true
}

var errExit = errors.New("a hook or a method of a side has ended its goroutine")

// watch is deferred by the goroutines that call the sides' methods. It recovers
// a panic and ends the tunnel. It ends the tunnel too if returned is not nil and
// false, since the goroutine was then ended by [runtime.Goexit].
func (t *tunnel) watch(returned *bool) {
	v := recover()
	if v == nil && (returned == nil || *returned) {
		return
	}
	t.panicked(v)
	t.end(&fault{err: errExit, end: Failed})
}

// panicked keeps v for Copy's caller, unless it is nil.
func (t *tunnel) panicked(v any) {
	if v == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.panics = append(t.panics, v)
}

// enter is for callbacks of timers and contexts: it reports whether the tunnel
// still runs, and holds its return until leave.
func (t *tunnel) enter() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.over {
		return false
	}
	t.running.Add(1)
	return true
}

func (t *tunnel) leave() { t.running.Done() }

func (t *tunnel) canceled() {
	if t.enter() {
		defer t.leave()
		t.end(&fault{err: context.Cause(t.ctx), end: Closed})
	}
}

// finish closes what is still open, and waits for the other goroutine, for
// callbacks, and for both Closes. If anything has panicked, it panics.
func (t *tunnel) finish(toClient *sync.WaitGroup) {
	toClient.Wait()
	if t.unwatch != nil {
		t.unwatch()
	}
	t.mu.Lock()
	t.over = true
	for _, timer := range []*time.Timer{t.silence, t.stall} {
		if timer != nil {
			timer.Stop()
		}
	}
	t.mu.Unlock()
	t.running.Wait()
	t.both(func(s *side) { t.panicked(s.close(false)) })
	t.opt.Group.remove(t)
	if len(t.panics) > 0 {
		panic(t.panics[0])
	}
}

// both calls f for each side, at the same time: one Close may block. It returns
// when both calls have.
func (t *tunnel) both(f func(*side)) {
	var other sync.WaitGroup
	other.Add(1)
	go callFor(&t.client, f, &other)
	f(&t.backend)
	other.Wait()
}

func callFor(s *side, f func(*side), running *sync.WaitGroup) {
	defer running.Done()
	f(s)
}

func (t *tunnel) result() (Result, error) {
	r := Result{ToBackend: t.toBackend.result(), ToClient: t.toClient.result()}
	if t.fault == nil {
		return r, nil
	}
	return r, fmt.Errorf("tunnel: %w", t.fault.err)
}
