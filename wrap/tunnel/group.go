package tunnel

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// A Group ends connections together, for a graceful shutdown:
// [http.Server.Shutdown] neither waits for hijacked connections nor closes
// them. The zero Group is ready, and must not be copied. Its methods may be
// called by several goroutines at the same time.
//
// Two kinds of connections are in the group. [Group.Handler] puts each
// connection into it that a handler hijacks. A tunnel is in the group that its
// [Options] name, until [Copy] or [Upgrade] returns.
//
//	server.Handler = group.Handler(server.Handler)
//	// ...
//	_ = server.Shutdown(ctx)
//	_ = group.Shutdown(ctx)
type Group struct {
	mu      sync.Mutex
	running map[member]struct{}
	conns   map[any]*hijacked // those in running, by what Hijack returned
	closed  bool              // Shutdown was called
	ending  bool              // Shutdown ends the members that are left
	empty   chan struct{}     // closed when no member is left; made by Shutdown
}

// A member is a tunnel, or a hijacked connection without one.
type member interface {
	// shutDown ends the member. It may block, and so is called in a
	// goroutine of its own.
	shutDown()

	// sidesInClose returns how many connections have not returned from
	// Close.
	sidesInClose() int
}

// Len returns how many connections are in the group. A tunnel counts as one.
func (g *Group) Len() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.running)
}

// closeTime is how long Shutdown waits for the members that it has ended.
const closeTime = time.Second

// Shutdown waits until no connection is left in the group, or until ctx is done
// and then ends the rest: it closes the hijacked connections, and both sides of
// the tunnels. Nothing new enters the group. [Copy] closes both sides and
// returns [ErrShutdown], [Upgrade] answers 503, and [Group.Handler] says what
// it does. The error is nil if Shutdown had to end nothing, even if ctx is done
// already. Otherwise the error wraps the error of ctx.
//
// Shutdown returns at the latest one second after ctx is done. If Close, or
// another call of a side, has not returned by then, its tunnel or connection
// stays in the group, and the error says how many such calls there are.
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
	rest := g.end()
	if len(rest) == 0 {
		return nil
	}
	for _, m := range rest {
		go m.shutDown()
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

// stuck returns an error that wraps err, and says which calls the members of
// the group wait for.
func (g *Group) stuck(err error) error {
	closes, calls := 0, 0
	for _, m := range g.end() {
		n := m.sidesInClose()
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

// end returns the members. From now on, no member takes the place of another.
func (g *Group) end() []member {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.ending = true
	rest := make([]member, 0, len(g.running))
	for m := range g.running {
		rest = append(rest, m)
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

// add puts m into the group. It returns false if the group is closed. If m is a
// tunnel whose client is the connection h of the group, it takes the place of
// h, also after Shutdown has begun. h may be nil.
func (g *Group) add(m member, h *hijacked) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if h != nil && g.isIn(h) {
		if g.ending {
			return false // Shutdown closes h
		}
		g.drop(h)
	} else if g.closed {
		return false
	}
	if g.running == nil {
		g.running = make(map[member]struct{})
	}
	g.running[m] = struct{}{}
	return true
}

// remove takes m out of the group, if it is there.
func (g *Group) remove(m member) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.isIn(m) {
		return
	}
	g.drop(m)
	if len(g.running) == 0 && g.empty != nil {
		close(g.empty)
	}
}

// isIn reports whether m is in the group. It is called with mu held.
func (g *Group) isIn(m member) bool {
	_, ok := g.running[m]
	return ok
}

// drop takes m out of the maps. It is called with mu held.
func (g *Group) drop(m member) {
	delete(g.running, m)
	if h, ok := m.(*hijacked); ok {
		delete(g.conns, h.conn)
	}
}
