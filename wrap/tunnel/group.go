package tunnel

import (
	"context"
	"sync"
)

// A Group ends tunnels together, for a graceful shutdown:
// [http.Server.Shutdown] neither waits for hijacked connections nor closes
// them. The zero Group is ready; name it in the [Options] of each tunnel.
//
//	_ = server.Shutdown(ctx)
//	_ = tunnels.Shutdown(ctx)
type Group struct {
	mu      sync.Mutex
	running map[*tunnel]struct{}
	closed  bool
	empty   chan struct{} // closed when none is left; made by who waits for it
}

// Len returns how many tunnels are running.
func (g *Group) Len() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.running)
}

// Shutdown lets the running tunnels finish until ctx is done, and then ends
// the rest. New ones are not begun any more: [Copy] closes both sides and
// returns [ErrShutdown], and [Upgrade] answers 503. When Shutdown returns, no
// tunnel of the group is left; its error is that of ctx if any had to be ended.
func (g *Group) Shutdown(ctx context.Context) error {
	g.mu.Lock()
	g.closed = true
	if g.empty == nil {
		g.empty = make(chan struct{})
		if len(g.running) == 0 {
			close(g.empty)
		}
	}
	empty := g.empty
	g.mu.Unlock()

	select {
	case <-empty:
		return nil
	case <-ctx.Done():
	}
	for _, t := range g.rest() {
		go t.shutDown()
	}
	<-empty
	return ctx.Err()
}

func (g *Group) rest() []*tunnel {
	g.mu.Lock()
	defer g.mu.Unlock()
	rest := make([]*tunnel, 0, len(g.running))
	for t := range g.running {
		rest = append(rest, t)
	}
	return rest
}

// shutDown is in a goroutine of its own: one Close may take its time.
func (t *tunnel) shutDown() {
	if t.enter() {
		defer t.leave()
		t.end(&fault{err: ErrShutdown, end: Closed})
	}
}

func (g *Group) isClosed() bool {
	if g == nil {
		return false
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.closed
}

func (g *Group) add(t *tunnel) bool {
	if g == nil {
		return true
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return false
	}
	if g.running == nil {
		g.running = make(map[*tunnel]struct{})
	}
	g.running[t] = struct{}{}
	return true
}

func (g *Group) remove(t *tunnel) {
	if g == nil {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.running, t)
	if len(g.running) == 0 && g.empty != nil {
		close(g.empty)
	}
}
