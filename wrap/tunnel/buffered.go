package tunnel

import (
	"errors"
	"io"
	"time"

	"github.com/bodywrap/bodywrap/wrap/internal/copybuf"
	"github.com/bodywrap/bodywrap/wrap/internal/socket"
)

// idleBufferSize is the size of the buffer with which a direction waits.
const idleBufferSize = 1 << 10

var errImpossibleCount = errors.New("Read or Write returned an impossible count")

// copyBuffered copies through memory. A read that waits holds its buffer, and
// most reads wait for small messages. So copyBuffered reads into a small
// buffer, and into a large one only while the reads fill the small one.
func (d *direction) copyBuffered(w io.Writer) error {
	small := make([]byte, idleBufferSize)
	var large *copybuf.Buffer
	defer func() {
		if large != nil {
			copybuf.Put(large)
		}
	}()
	p := small
	for empty := 0; ; empty++ {
		n, err := d.from.Read(p)
		if uint(n) > uint(len(p)) {
			d.readErr = errImpossibleCount
			return d.readErr
		}
		if n > 0 {
			empty = 0
			d.arrived(n)
			if err := d.deliver(w, p[:n]); err != nil {
				return err
			}
		}
		switch {
		case err == io.EOF:
			return nil
		case err == nil && empty == copybuf.MaxEmptyReads:
			err = io.ErrNoProgress
		}
		if err != nil {
			d.readErr = d.t.noteReset(d.src.id, err)
			return d.readErr
		}
		switch {
		case large == nil && n == len(small):
			large = copybuf.Get()
			p = large[:]
		case large != nil && n <= len(small):
			copybuf.Put(large)
			large, p = nil, small
		}
	}
}

// deliver writes p, which was read before, to w.
func (d *direction) deliver(w io.Writer, p []byte) error {
	n, err := d.write(w, p)
	d.delivered(n)
	return err
}

// write writes p to w in pieces. If it cannot write everything, it returns the
// error, and leaves it in writeErr.
func (d *direction) write(w io.Writer, p []byte) (int, error) {
	d.blocked()
	defer d.unblocked()
	written := 0
	for {
		some := p[written:min(len(p), written+d.piece())]
		n, err := w.Write(some)
		switch {
		case uint(n) > uint(len(some)):
			n, err = 0, errImpossibleCount
		case n < len(some) && err == nil:
			err = io.ErrShortWrite
		}
		written += n
		if err != nil {
			d.writeErr = d.t.noteReset(d.dst.id, err)
			return written, err
		}
		if written == len(p) {
			return written, nil
		}
		d.last.Store(max(int64(d.t.now()), 1))
	}
}

// piece returns how many bytes to give to dst in one Write. Where the kernel
// does not tell what it holds, only a Write that returns tells of progress.
func (d *direction) piece() int {
	limit := time.Duration(d.t.limit.Load())
	if d.dst.visible || limit <= 0 {
		return copybuf.Size
	}
	return min(socket.Part(limit), copybuf.Size)
}
