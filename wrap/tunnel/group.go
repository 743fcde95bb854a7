package tunnel

import (
	"context"
	"fmt"
	"sync"
	"time"
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
	empty   chan struct{} // closed when no tunnel is left; made by Shutdown
}

// Len returns how many tunnels are running.
func (g *Group) Len() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.running)
}

// closeTime is how long Shutdown waits for the tunnels that it has ended.
const closeTime = time.Second

// Shutdown waits for the running tunnels to finish until ctx is done, and then
// ends the rest. No new tunnel begins: [Copy] closes both sides and returns
// [ErrShutdown], and [Upgrade] answers 503. The error is nil if Shutdown had to
// end no tunnel, even if ctx is done already. Otherwise the error wraps the
// error of ctx.
//
// Shutdown returns at the latest one second after ctx is done. If Close, or
// another call of a side, has not returned by then, its tunnel stays in the
// group, and the error says how many such calls there are.
func (g *Group) Shutdown(ctx context.Context) error {
	g.mu.Lock()
	g.closed = true
	if len(g.running) == 0 {
		g.mu.Unlock()
		return nil
	}
	if g.empty == nil {
		g.empty = make(chan struct{})
	}
	empty := g.empty
	g.mu.Unlock()

	select {
	case <-empty:
		return nil
	case <-ctx.Done():
	}
	rest := g.rest()
	if len(rest) == 0 {
		return nil
	}
	for _, t := range rest {
		go t.shutDown()
	}
	wait := time.NewTimer(closeTime)
	defer wait.Stop()
	select {
	case <-empty:
		return ctx.Err()
	case <-wait.C:
		return g.stuck(ctx.Err())
	}
}

// stuck returns an error that wraps err, and says which calls the tunnels in
// the group wait for.
func (g *Group) stuck(err error) error {
	closes, calls := 0, 0
	for _, t := range g.rest() {
		n := t.sidesInClose()
		if closes += n; n == 0 {
			calls++
		}
	}
	switch {
	case closes > 0 && calls > 0:
		return fmt.Errorf("%w: %d sides have not returned from Close, and %d tunnels wait for a Read or Write", err, closes, calls)
	case closes > 0:
		return fmt.Errorf("%w: %d sides have not returned from Close", err, closes)
	case calls > 0:
		return fmt.Errorf("%w: %d tunnels wait for a Read or Write that does not return", err, calls)
	}
	return err // the last one has just ended
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
	if _, ok := g.running[t]; !ok {
		return // it was not added, since the group is closed
	}
	delete(g.running, t)
	if len(g.running) == 0 && g.empty != nil {
		close(g.empty)
	}
}
