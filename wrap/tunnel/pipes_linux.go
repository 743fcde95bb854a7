package tunnel

import (
	"sync"
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
)

// A pipe is where spliced bytes are between two sockets.
type pipe struct{ r, w int }

// pipes are those that no direction has at the moment, and how many there are
// in all.
var pipes struct {
	sync.Mutex
	free  []*pipe
	count int
	used  bool // since trim last ran
	trim  *time.Timer
}

// takePipe returns an empty pipe, or nil if there are enough in use.
func takePipe() *pipe {
	pipes.Lock()
	defer pipes.Unlock()
	pipes.used = true
	if n := len(pipes.free); n > 0 {
		p := pipes.free[n-1]
		pipes.free = pipes.free[:n-1]
		return p
	}
	if pipes.count == maxPipes {
		return nil
	}
	var fds [2]int
	if syscall.Pipe2(fds[:], syscall.O_CLOEXEC|syscall.O_NONBLOCK) != nil {
		return nil // there are too many files: copy
	}
	// If this fails, which it does for a user with too many pipes already,
	// then a smaller one works too.
	_, _, _ = syscall.Syscall(syscall.SYS_FCNTL, uintptr(fds[0]), syscall.F_SETPIPE_SZ, pipeSize)
	pipes.count++
	return &pipe{r: fds[0], w: fds[1]}
}

// givePipe takes p back; if it is not empty then it is closed.
func givePipe(p *pipe, empty bool) {
	pipes.Lock()
	defer pipes.Unlock()
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

func (p *pipe) close() {
	pipes.count--
	_ = syscall.Close(p.r)
	_ = syscall.Close(p.w)
}
