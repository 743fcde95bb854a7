package tunnel

import "sync"

// A gate lets callbacks of timers, contexts and groups into a tunnel until the
// tunnel is over. The zero gate is open.
type gate struct {
	mu     sync.Mutex
	isShut bool           // guarded by mu
	inside sync.WaitGroup // Add is called with mu held
}

// enter is called first by a callback. If it returns true, the tunnel is not
// over before the callback calls leave. If it returns false, the callback comes
// too late, and does nothing.
func (g *gate) enter() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.isShut {
		return false
	}
	g.inside.Add(1)
	return true
}

func (g *gate) leave() { g.inside.Done() }

// shut lets no callback in any more, and returns when none is inside.
func (g *gate) shut() {
	g.mu.Lock()
	g.isShut = true
	g.mu.Unlock()
	g.inside.Wait()
}
