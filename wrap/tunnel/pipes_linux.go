package tunnel

import (
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	// maxPipes bounds the pipes of all tunnels together. The kernel lets the
	// processes of one unprivileged user have 64 of the largest size, or 1024
	// of the default size; what is beyond gets a page or two, which is slower
	// than not to splice.
	maxPipes = 16

	pipeSize = 1 << 20

	// pipeRest is how long a pipe that nobody uses is kept.
	pipeRest = 5 * time.Second

	// pipeStale is how long the bytes in a pipe must have stood still before
	// another direction may have the pipe.
	pipeStale = time.Second

	// maxMoved bounds the bytes that were left in memory when their pipe was
	// taken away, of all tunnels together.
	maxMoved = 32 << 20
)

// A pipe is where spliced bytes are between two sockets.
type pipe struct {
	r, w  int
	owner *pump        // guarded by pipes.Mutex; nil while it is free
	last  atomic.Int64 // when it was used, since epoch
}

var epoch = time.Now()

func (p *pipe) used() { p.last.Store(int64(time.Since(epoch))) }

func (p *pipe) stale() bool { return time.Since(epoch)-time.Duration(p.last.Load()) > pipeStale }

// pipes are all pipes there are, and those that no direction has at the moment.
var pipes struct {
	sync.Mutex
	all  []*pipe
	free []*pipe
	used bool // since trim last ran
	trim *time.Timer
}

// moved counts the bytes that wait in memory for want of their pipe.
var moved movedBytes

type movedBytes struct{ n atomic.Int64 }

func (m *movedBytes) reserve(n int) bool {
	if m.n.Add(int64(n)) > maxMoved {
		m.free(n)
		return false
	}
	return true
}

func (m *movedBytes) free(n int) { m.n.Add(-int64(n)) }

// takePipe returns an empty pipe for p, which is nil in tests. If there are
// enough, and all are in use, it takes one that has moved nothing for a while
// from a direction whose receiver stalls. It returns nil if there is none.
func takePipe(p *pump) *pipe {
	taken, owners := freePipe(p)
	for _, owner := range owners {
		// Without pipes' lock: the owner may hold its own and want that one.
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

// freePipe returns a free or a new pipe for p, or else the owners of those that
// stand still.
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
		return nil, nil // there are too many files: copy
	}
	// If this fails, which it does for a user with too many pipes already,
	// then a smaller one works too.
	_, _, _ = syscall.Syscall(syscall.SYS_FCNTL, uintptr(fds[0]), syscall.F_SETPIPE_SZ, pipeSize)
	free = &pipe{r: fds[0], w: fds[1], owner: p}
	pipes.all = append(pipes.all, free)
	return free, nil
}

// givePipe takes p back; if it is not empty then it is closed.
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

// trimPipes closes the free pipes unless there was use for any.
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
