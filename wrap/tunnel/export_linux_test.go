package tunnel

import (
	"errors"
	"syscall"
)

// SeesQueues says that the kernel tells how much it holds for a peer.
const SeesQueues = true

// DropPipes closes the pipes that no direction uses.
func DropPipes() {
	pipes.Lock()
	defer pipes.Unlock()
	for _, p := range pipes.free {
		p.close()
	}
	pipes.free = nil
}

// Pipes returns how many pipes there are, in use or not.
func Pipes() int {
	pipes.Lock()
	defer pipes.Unlock()
	return len(pipes.all)
}

// MovedBytes returns how many bytes wait in memory, since their pipe was taken
// away.
func MovedBytes() int64 { return evicted.n.Load() }

// PutPiped moves p through a pipe into the file fd, as a pump does what it has
// spliced from a socket. It returns how much was counted.
func PutPiped(p []byte, fd uintptr) (int64, error) {
	pipe := takePipe(nil)
	if pipe == nil {
		return 0, errors.New("no pipe")
	}
	n, err := syscall.Write(pipe.w, p)
	if err != nil {
		givePipe(pipe, false)
		return 0, err
	}
	d := &direction{t: &tunnel{}}
	pump := &pump{d: d, pipe: pipe, piped: n}
	defer pump.release()
	pump.writable(fd)
	return d.bytes.Load(), pump.errno
}
