package tunnel

import (
	"context"
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

	silence *time.Timer // ends the tunnel for its silence
	stall   *time.Timer // looks for resets while a write is blocked
	stalled atomic.Bool // stall is set

	mu      sync.Mutex
	dying   *fault // a side is dead, and what it sent before is still under way
	fault   *fault // why the tunnel is ended; nil while it runs and if both sides finished
	since   int64  // when the present limit on silence began to apply
	queued  int    // bytes that the kernel had still to deliver when silence was last judged
	over    bool   // callbacks come too late
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
	t.client.look()
	t.backend.look()
	return t
}

func (t *tunnel) run(ctx context.Context) (Result, error) {
	t.start, t.ctx = time.Now(), ctx
	if !t.opt.Group.add(t) {
		t.end(&fault{err: ErrShutdown, end: Closed})
		return t.result()
	}
	defer t.opt.Group.remove(t)
	if ctx.Done() != nil {
		defer context.AfterFunc(ctx, t.canceled)()
	}
	t.mu.Lock()
	t.limitSilence()
	t.mu.Unlock()

	var toClient sync.WaitGroup
	toClient.Add(1)
	go t.toClient.copyToClient(&toClient)
	t.toBackend.copyToBackend()
	toClient.Wait()

	t.finish()
	return t.result()
}

func (d *direction) copyToBackend() { d.run() }

func (d *direction) copyToClient(running *sync.WaitGroup) {
	defer running.Done()
	d.run()
}

func (d *direction) run() {
	err := d.copy()
	d.t.ended(d, err)
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

// finish waits for callbacks and closes what is still open.
func (t *tunnel) finish() {
	t.mu.Lock()
	t.over = true
	for _, timer := range []*time.Timer{t.silence, t.stall} {
		if timer != nil {
			timer.Stop()
		}
	}
	t.mu.Unlock()
	t.running.Wait()
	t.client.close()
	t.backend.close()
}

func (t *tunnel) result() (Result, error) {
	r := Result{ToBackend: t.toBackend.result(), ToClient: t.toClient.result()}
	if t.fault == nil {
		return r, nil
	}
	return r, fmt.Errorf("tunnel: %w", t.fault.err)
}
