package tunnel

import (
	"context"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"
)

// Copy joins client and backend: each receives what the other sends, until both
// have finished. Copy owns both, and closes each exactly once. When Copy
// returns, it has left nothing running. A nil opt means the zero [Options].
//
// The error is nil if and only if both sides finished by themselves: each was
// read to its EOF, and everything was delivered. Otherwise the error says what
// ended the tunnel. It wraps the connection's own error, the cause of ctx, or
// one of the reasons of this package.
//
// When ctx is cancelled, both sides are closed at once. After Hijack, the
// context of a request does not tell that the client has left, so do not rely
// on it.
//
// # What a side must do
//
// A net.Conn does all of this, and so does the body of a 101 response. Read and
// Write may run at the same time. Close may run at any time, and makes a Read
// and a Write that wait return. If the side has a `SetReadDeadline(time.Time)
// error` method, a deadline in the past may do that for Read instead, as it
// does for a QUIC stream, whose Close only ends what is written. Copy returns
// when all calls have returned, so a Close that blocks holds Copy, but not the
// Close of the other side. If the side has a `SetDeadline(time.Time) error`
// method, Copy first takes back the deadlines that the caller has left. Set
// limits by [Options] and ctx: a deadline that expires later ends the tunnel as
// an error.
//
// If a method of a side panics, or a hook in front of the side does, both sides
// are closed, and Copy panics with the same value. The goroutine in which the
// panic occurred does not matter.
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
	unwatch             func() bool // stops watching ctx; nil if ctx has no end
	callbacks           gate        // of timers, of ctx and of the group

	stall    atomic.Pointer[time.Timer] // nil until a direction has had to wait
	stallSet atomic.Bool                // stall will run, or is running
	limit    atomic.Int64               // the limit on silence, for piece

	mu      sync.Mutex    // locked by step alone; guards the rest
	state   state         // after the last step
	silence *time.Timer   // nil until there is a limit on silence
	hurry   chan struct{} // closed to end the pauses of settle; nil before
}

func newTunnel(client, backend io.ReadWriteCloser, opt *Options) *tunnel {
	t := &tunnel{
		client:  side{id: clientSide, conn: client},
		backend: side{id: backendSide, conn: backend},
	}
	if opt != nil {
		t.opt = *opt
	}
	t.toBackend = direction{t: t, src: &t.client, dst: &t.backend, early: t.opt.ClientBuffered}
	t.toClient = direction{t: t, src: &t.backend, dst: &t.client, early: t.opt.BackendBuffered}
	// The tunnel does not keep the buffers for its whole life.
	t.opt.ClientBuffered, t.opt.BackendBuffered = nil, nil
	if c := t.opt.Counters; c != nil {
		t.toBackend.shared, t.toClient.shared = &c.ToBackend, &c.ToClient
	}
	return t
}

func (t *tunnel) side(w which) *side {
	if w == clientSide {
		return &t.client
	}
	return &t.backend
}

// now returns the time since the tunnel began.
func (t *tunnel) now() time.Duration { return time.Since(t.start) }

func (t *tunnel) run(ctx context.Context) (Result, error) {
	t.start, t.ctx = time.Now(), ctx
	t.join()
	return t.result()
}

// join runs the tunnel. When join returns, both sides are closed and nothing
// runs any more, even if a panic or [runtime.Goexit] leaves it early.
func (t *tunnel) join() {
	var toClient sync.WaitGroup
	returned := false
	defer t.finish(&toClient)
	defer t.watch(&returned)
	t.carry(&toClient)
	returned = true
}

// carry carries everything in both directions, the one to the client in a
// goroutine for which running waits.
func (t *tunnel) carry(running *sync.WaitGroup) {
	for _, s := range []*side{&t.client, &t.backend} {
		s.look()
		s.clearDeadlines()
	}
	if g := t.opt.Group; g != nil && !g.add(t, g.below(t.client.conn)) {
		t.tell(event{kind: eventAborted, err: ErrShutdown})
		return
	}
	if t.ctx.Done() != nil {
		t.unwatch = context.AfterFunc(t.ctx, t.canceled)
	}
	t.tell(event{kind: eventBegin})
	t.toClient.copyLead()
	running.Add(1)
	go t.copyToClient(running)
	t.copyToBackend()
}

func (t *tunnel) copyToBackend() { t.toBackend.run() }

func (t *tunnel) copyToClient(running *sync.WaitGroup) {
	defer running.Done()
	t.toClient.run()
}

// finish waits for the other goroutine and for callbacks. Then both sides are
// closed. If anything has panicked, finish panics with the first value.
func (t *tunnel) finish(toClient *sync.WaitGroup) {
	toClient.Wait()
	if t.unwatch != nil {
		t.unwatch()
	}
	t.callbacks.shut()
	for _, timer := range []*time.Timer{t.silence, t.stall.Load()} {
		if timer != nil {
			timer.Stop()
		}
	}
	if t.opt.Group != nil {
		t.opt.Group.remove(t)
	}
	if v := t.snapshot().panicked; v != nil {
		panic(v)
	}
}

// result is called when nothing runs any more.
func (t *tunnel) result() (Result, error) {
	s := t.snapshot()
	r := Result{
		ToBackend: t.toBackend.result(s.toBackend, s.fault.err),
		ToClient:  t.toClient.result(s.toClient, s.fault.err),
	}
	if s.fault.err == nil {
		return r, nil
	}
	return r, fmt.Errorf("tunnel: %w", s.fault.err)
}
