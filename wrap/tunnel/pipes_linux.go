package tunnel

import (
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	// maxPipes bounds the pipes of all tunnels together. The kernel lets
	// the processes of one unprivileged user have 64 pipes of the largest
	// size, or 1024 of the default size. Any further pipe has a page or
	// two, and splice through such a pipe is slower than a copy.
	maxPipes = 16

	pipeSize = 1 << 20

	// pipeRest is how long a pipe that nobody uses is kept.
	pipeRest = 5 * time.Second

	// pipeStale is how long nothing must have moved through a pipe before
	// another direction may take it.
	pipeStale = time.Second

	// maxEvicted bounds the evicted bytes of all tunnels together.
	maxEvicted = 32 << 20
)

// A pipe holds spliced bytes on their way from one socket to another.
type pipe struct {
	r, w  int
	owner *pump        // guarded by pipes.Mutex; nil while the pipe is free
	last  atomic.Int64 // when bytes last moved through the pipe, since epoch
}

var epoch = time.Now()

func (p *pipe) used() { p.last.Store(int64(time.Since(epoch))) }

func (p *pipe) stale() bool { return time.Since(epoch)-time.Duration(p.last.Load()) > pipeStale }

// pipes has all pipes, and those of them that no direction uses now.
var pipes struct {
	sync.Mutex
	all  []*pipe
	free []*pipe
	used bool        // whether a pipe was asked for since trimPipes last ran
	trim *time.Timer // calls trimPipes; nil while no pipe is free
}

// evicted counts the bytes that wait in memory since another direction has
// taken their pipe.
var evicted evictedBytes

type evictedBytes struct{ n atomic.Int64 }

func (m *evictedBytes) reserve(n int) bool {
	if m.n.Add(int64(n)) > maxEvicted {
		m.free(n)
		return false
	}
	return true
}

func (m *evictedBytes) free(n int) { m.n.Add(-int64(n)) }

// takePipe returns an empty pipe for p, which is nil in tests. If there are
// maxPipes and all are in use, takePipe takes a stale one from a direction
// whose receiver takes nothing. It returns nil if there is none.
func takePipe(p *pump) *pipe {
	taken, owners := freePipe(p)
	for _, owner := range owners {
		// lend is called without the lock of pipes, since the owner may
		// hold its own lock and wait for that one.
		if taken = owner.lend(); taken != nil {
			pipes.Lock()
			defer pipes.Unlock()
			taken.owner = p
			break
		}
	}
	if taken != nil {
		taken.used()
	}
	return taken
}

// freePipe returns a free or a new pipe for p. If there is none, it returns the
// owners of the stale pipes.
func freePipe(p *pump) (free *pipe, owners []*pump) {
	pipes.Lock()
	defer pipes.Unlock()
	pipes.used = true
	if n := len(pipes.free); n > 0 {
		free = pipes.free[n-1]
		pipes.free = pipes.free[:n-1]
		free.owner = p
		return free, nil
	}
	if len(pipes.all) >= maxPipes {
		for _, busy := range pipes.all {
			if busy.owner != nil && busy.owner != p && busy.stale() {
				owners = append(owners, busy.owner)
			}
		}
		return nil, owners
	}
	var fds [2]int
	if syscall.Pipe2(fds[:], syscall.O_CLOEXEC|syscall.O_NONBLOCK) != nil {
		return nil, nil // too many files are open, so copy instead
	}
	// This fails for a user with too many pipes. A smaller pipe works too.
	_, _, _ = syscall.Syscall(syscall.SYS_FCNTL, uintptr(fds[0]), syscall.F_SETPIPE_SZ, pipeSize)
	free = &pipe{r: fds[0], w: fds[1], owner: p}
	pipes.all = append(pipes.all, free)
	return free, nil
}

// givePipe takes p back. It closes p unless p is empty.
func givePipe(p *pipe, empty bool) {
	pipes.Lock()
	defer pipes.Unlock()
	p.owner = nil
	if !empty {
		p.close()
		return
	}
	pipes.free = append(pipes.free, p)
	if pipes.trim == nil {
		pipes.trim = time.AfterFunc(pipeRest, trimPipes)
	}
}

// trimPipes runs in the timer's goroutine. It closes the free pipes, unless a
// pipe was asked for since it last ran.
func trimPipes() {
	pipes.Lock()
	defer pipes.Unlock()
	pipes.trim = nil
	if pipes.used {
		pipes.used = false
		pipes.trim = time.AfterFunc(pipeRest, trimPipes)
		return
	}
	for _, p := range pipes.free {
		p.close()
	}
	pipes.free = nil
}

// close is called with pipes' lock held.
func (p *pipe) close() {
	pipes.all = slices.DeleteFunc(pipes.all, func(q *pipe) bool { return q == p })
	_ = syscall.Close(p.r)
	_ = syscall.Close(p.w)
}
