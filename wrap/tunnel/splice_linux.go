package tunnel

import (
	"io"
	"syscall"
)

const spliceNonblock = 0x2

// spliceWorth is how many bytes a read must have brought for the next to be by
// splice. For small messages a copy costs less.
const spliceWorth = 16 << 10

// A pump moves bytes out of a socket, and into another where it can. While it
// waits for the first it holds neither a buffer nor a pipe.
type pump struct {
	d     *direction
	buf   *[bufferSize]byte
	mem   []byte // in hand, in buf
	pipe  *pipe
	piped int   // in hand, in pipe
	bulk  bool  // the next read is by splice, if there is a pipe
	never bool  // splice does not do for these two
	errno error // of the last callback
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
			d.readErr = d.src.note(err)
			return true, d.readErr
		}
		if p.have() == 0 {
			return true, nil
		}
		d.read(p.have())
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
		if err == syscall.EPIPE && p.piped > 0 {
			// A splice that has moved some keeps the error that then stopped
			// it to itself. This may be what is left of a reset.
			_ = d.dst.note(errReset)
		}
		if err != nil {
			d.writeErr = d.dst.note(err)
			return true, d.writeErr
		}
	}
}

func (p *pump) have() int { return len(p.mem) + p.piped }

// readable is called when the source may have bytes. It takes some, or returns
// false to wait for them.
func (p *pump) readable(fd uintptr) bool {
	p.errno = syscall.EINTR
	for p.errno == syscall.EINTR {
		p.errno = p.take(int(fd))
	}
	if p.errno == syscall.EAGAIN {
		p.release()
		return false
	}
	return true
}

// take reads or splices once.
func (p *pump) take(fd int) error {
	if p.bulk && !p.never {
		if p.pipe == nil {
			p.pipe = takePipe()
		}
		if p.pipe != nil {
			n, err := splice(fd, p.pipe.w, pipeSize)
			if err == syscall.EINVAL { // it has taken nothing
				p.never = true
				return syscall.EINTR
			}
			p.piped, p.bulk = n, n >= spliceWorth
			return err
		}
	}
	if p.pipe != nil {
		givePipe(p.pipe, true)
		p.pipe = nil
	}
	if p.buf == nil {
		p.buf = buffers.Get().(*[bufferSize]byte)
	}
	n, err := syscall.Read(fd, p.buf[:])
	n = max(n, 0)
	p.mem, p.bulk = p.buf[:n], n >= spliceWorth
	return err
}

// writable is called when the destination may have room. It writes until all is
// written, or returns false to wait for more.
func (p *pump) writable(fd uintptr) bool {
	for p.have() > 0 {
		switch p.errno = p.put(int(fd)); p.errno {
		case nil, syscall.EINTR:
		case syscall.EAGAIN:
			p.d.blocked()
			return false
		default:
			return true
		}
	}
	return true
}

// put writes or splices once.
func (p *pump) put(fd int) error {
	if len(p.mem) > 0 {
		n, err := syscall.Write(fd, p.mem)
		if n > 0 {
			p.mem = p.mem[n:]
			p.d.moved(n)
		}
		return progress(n, err)
	}
	if !p.never {
		n, err := splice(p.pipe.r, fd, p.piped)
		if n > 0 {
			p.piped -= n
			p.d.moved(n)
		}
		if err == syscall.EINVAL {
			p.never = true
			return nil
		}
		return progress(n, err)
	}
	if p.buf == nil {
		p.buf = buffers.Get().(*[bufferSize]byte)
	}
	n, err := syscall.Read(p.pipe.r, p.buf[:])
	if n > 0 {
		p.mem = p.buf[:n]
		p.piped -= n
	}
	return progress(n, err)
}

// progress is err, or an error if there is none and yet nothing was done.
func progress(n int, err error) error {
	if n <= 0 && err == nil {
		return io.ErrNoProgress
	}
	return err
}

// release gives back what p holds, which is empty unless there was an error.
func (p *pump) release() {
	if p.buf != nil {
		buffers.Put(p.buf)
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
