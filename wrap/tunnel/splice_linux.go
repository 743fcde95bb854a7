package tunnel

import (
	"io"
	"sync"
	"syscall"
	"unsafe"

	"github.com/bodywrap/bodywrap/wrap/internal/copybuf"
)

const spliceNonblock = 0x2

// spliceWorth is how many bytes must be there to read, or the last read must
// have brought, for the next read to be by splice. A copy costs less for small
// messages. BenchmarkBursts chose the number.
const spliceWorth = 4 << 10

// A pump moves bytes out of a socket, and into another socket if dst is one.
// While the pump waits for the first socket, it holds neither a buffer nor a
// pipe.
//
// While the pump waits for the second socket, the bytes in hand are in its
// pipe. Then another pump may take the pipe away, and leave the bytes in
// memory; see takePipe.
type pump struct {
	d     *direction
	never bool // the two cannot be spliced
	woken bool // the source had nothing to read when last asked
	bulk  bool // the next read is by splice, if there is a pipe

	errno error // of the last callback
	had   int   // bytes in hand after the last callback of the source
	stuck bool  // bytes were in the pipe when the destination failed

	// mu guards the rest. It is held by callbacks, and by a pump that takes
	// the pipe away.
	mu      sync.Mutex
	buf     *copybuf.Buffer
	mem     []byte // the bytes in hand that are in memory
	evicted int    // the size of mem if the bytes come from a lost pipe; else 0
	pipe    *pipe
	piped   int // how many bytes in hand are in pipe
}

// copySocket is copyTo from a socket.
func (d *direction) copySocket(w io.Writer, src syscall.RawConn) (handled bool, err error) {
	dst, spliceable := socketOf(w)
	p := &pump{d: d, never: !spliceable}
	defer p.release()
	readable, writable := p.readable, p.writable
	for {
		err := src.Read(readable)
		if err == nil {
			err = p.errno
		}
		if err != nil {
			d.readErr = d.t.noteReset(d.src.id, err)
			return true, d.readErr
		}
		if p.had == 0 {
			return true, nil
		}
		d.arrived(p.had)
		if !spliceable {
			if err := d.deliver(w, p.mem); err != nil {
				return true, err
			}
			continue
		}
		err = dst.Write(writable)
		d.unblocked()
		if err == nil {
			err = p.errno
		}
		if err == syscall.EPIPE && p.stuck {
			// A splice that has moved some bytes hides the error
			// that stopped it then. The EPIPE after that may be
			// what is left of a reset.
			_ = d.t.noteReset(d.dst.id, errReset)
		}
		if err != nil {
			d.writeErr = d.t.noteReset(d.dst.id, err)
			return true, d.writeErr
		}
	}
}

// readable is called when the source may have bytes. It takes some, or returns
// false to wait for them.
func (p *pump) readable(fd uintptr) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.errno = syscall.EINTR
	for p.errno == syscall.EINTR {
		p.errno = p.take(int(fd))
	}
	if p.errno == syscall.EAGAIN {
		p.drop()
		p.woken = true
		return false
	}
	p.had = len(p.mem) + p.piped
	return true
}

// take reads or splices once. It is called with mu held.
func (p *pump) take(fd int) error {
	if p.woken {
		p.woken = false
		p.bulk = !p.never && waiting(fd) >= spliceWorth
	}
	if p.bulk && !p.never {
		if p.pipe == nil {
			p.pipe = takePipe(p)
		}
		if p.pipe != nil {
			n, err := splice(fd, p.pipe.w, pipeSize)
			if err == syscall.EINVAL { // it has taken nothing
				p.never = true
				return syscall.EINTR
			}
			p.pipe.used()
			p.piped, p.bulk = n, n >= spliceWorth
			return err
		}
	}
	if p.pipe != nil {
		givePipe(p.pipe, true)
		p.pipe = nil
	}
	if p.buf == nil {
		p.buf = copybuf.Get()
	}
	n, err := syscall.Read(fd, p.buf[:])
	n = max(n, 0)
	p.mem, p.bulk = p.buf[:n], n >= spliceWorth
	return err
}

// waiting returns how many bytes there are to read, or 0 if the kernel does not
// tell.
func waiting(fd int) int {
	var n int32
	// If this fails, n stays 0.
	_, _, _ = syscall.Syscall(syscall.SYS_IOCTL, uintptr(fd), syscall.TIOCINQ, uintptr(unsafe.Pointer(&n)))
	return int(n)
}

// writable is called when the destination may have room. It writes until all is
// written, or returns false to wait for more.
func (p *pump) writable(fd uintptr) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.mem)+p.piped > 0 {
		switch p.errno = p.put(int(fd)); p.errno {
		case nil, syscall.EINTR:
		case syscall.EAGAIN:
			p.d.blocked()
			return false
		default:
			p.stuck = p.piped > 0 || p.evicted > 0
			return true
		}
	}
	p.freeEvicted()
	return true
}

// put writes or splices once. It is called with mu held.
func (p *pump) put(fd int) error {
	if len(p.mem) > 0 {
		n, err := syscall.Write(fd, p.mem)
		if n > 0 {
			p.mem = p.mem[n:]
			p.d.delivered(n)
		}
		return progress(n, err)
	}
	if !p.never {
		n, err := splice(p.pipe.r, fd, p.piped)
		if n > 0 {
			p.pipe.used()
			p.piped -= n
			p.d.delivered(n)
		}
		if err == syscall.EINVAL {
			p.never = true
			return nil
		}
		return progress(n, err)
	}
	if p.buf == nil {
		p.buf = copybuf.Get()
	}
	n, err := syscall.Read(p.pipe.r, p.buf[:])
	if n > 0 {
		p.mem = p.buf[:n]
		p.piped -= n
	}
	return progress(n, err)
}

// lend takes the pipe away from p, whose destination takes nothing, and leaves
// the bytes in memory. It returns nil if p is at work, or if too many bytes
// were evicted already. It is called by other pumps.
func (p *pump) lend() *pipe {
	if !p.mu.TryLock() {
		return nil // p is in a callback, so it is at work
	}
	defer p.mu.Unlock()
	if p.pipe == nil || p.piped == 0 || !p.pipe.stale() {
		return nil
	}
	if !evicted.reserve(p.piped) {
		return nil
	}
	p.mem, p.evicted = make([]byte, p.piped), p.piped
	for at := 0; p.piped > 0; {
		n, err := syscall.Read(p.pipe.r, p.mem[at:])
		if n <= 0 && err != syscall.EINTR {
			// This does not happen, since the pipe has so many
			// bytes. The rest stays in the pipe.
			p.mem = p.mem[:at]
			return nil
		}
		at += max(n, 0)
		p.piped -= max(n, 0)
	}
	lent := p.pipe
	p.pipe = nil
	return lent
}

// freeEvicted frees the memory that lend has allocated. It is called with mu
// held.
func (p *pump) freeEvicted() {
	if p.evicted > 0 {
		evicted.free(p.evicted)
		p.evicted, p.mem = 0, nil
	}
}

// progress returns err, or io.ErrNoProgress if err is nil and n is 0.
func progress(n int, err error) error {
	if n <= 0 && err == nil {
		return io.ErrNoProgress
	}
	return err
}

// release gives back the buffer and the pipe of p. They are empty unless there
// was an error.
func (p *pump) release() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.drop()
}

// drop is release with mu held.
func (p *pump) drop() {
	p.freeEvicted()
	if p.buf != nil {
		copybuf.Put(p.buf)
		p.buf, p.mem = nil, nil
	}
	if p.pipe != nil {
		givePipe(p.pipe, p.piped == 0)
		p.pipe, p.piped = nil, 0
	}
}

func splice(from, to, most int) (int, error) {
	n, err := syscall.Splice(from, nil, to, nil, most, spliceNonblock)
	return max(int(n), 0), err
}
