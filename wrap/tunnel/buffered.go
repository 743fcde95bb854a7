package tunnel

import (
	"errors"
	"io"
	"sync"
)

const (
	bufferSize     = 32 << 10
	idleBufferSize = 1 << 10
)

var buffers = sync.Pool{New: func() any { return new([bufferSize]byte) }}

// maxEmptyReads is how many reads in a row may bring neither bytes nor an
// error; bufio draws the same line.
const maxEmptyReads = 100

var errImpossibleCount = errors.New("Read or Write returned an impossible count")

// copyBuffered copies what has to pass through memory. A read that waits holds
// its buffer, and most wait for small messages. So it waits with a small one,
// and has a large one only while that is of use.
func (d *direction) copyBuffered(w io.Writer) error {
	small := make([]byte, idleBufferSize)
	var large *[bufferSize]byte
	defer func() {
		if large != nil {
			buffers.Put(large)
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
		case err == nil && empty == maxEmptyReads:
			err = io.ErrNoProgress
		}
		if err != nil {
			d.readErr = d.t.noteReset(d.src.id, err)
			return d.readErr
		}
		switch {
		case large == nil && n == len(small):
			large = buffers.Get().(*[bufferSize]byte)
			p = large[:]
		case large != nil && n <= len(small):
			buffers.Put(large)
			large, p = nil, small
		}
	}
}

// deliver writes p, which has been read, to w.
func (d *direction) deliver(w io.Writer, p []byte) error {
	n, err := d.write(w, p)
	d.delivered(n)
	return err
}

// write writes all of p or returns, and notes, why not.
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
