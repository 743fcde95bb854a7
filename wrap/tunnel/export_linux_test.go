package tunnel

import (
	"errors"
	"syscall"
)

// SeesQueues says whether the kernel tells how many bytes it holds for a peer.
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

// MovedBytes returns how many bytes wait in memory because another direction
// has taken their pipe.
func MovedBytes() int64 { return evicted.n.Load() }

// PutPiped moves p through a pipe into the file fd, like a pump that has
// spliced p from a socket. It returns how many bytes the pump counted.
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
