package tunnel

import (
	"bufio"
	"io"
	"sync/atomic"
	"time"
)

// A direction carries what src sends to dst.
type direction struct {
	t        *tunnel
	src, dst *side
	reverse  *direction
	lead     []byte        // written before all else, and not counted
	early    *bufio.Reader // what it has buffered goes next
	from     io.Reader     // src, as far down as its hooks let go of it
	shared   *atomic.Int64 // the counter of Options

	bytes, first, last atomic.Int64 // times are since the tunnel began
	waits              atomic.Int64 // since when dst has taken nothing of what it is given
	inHand             atomic.Int64 // bytes that were read and not yet taken by dst
	readErr, writeErr  error        // of src and of dst, whatever a hook makes of them

	// Guarded by t.mu.
	over             bool
	end              End
	err              error
	halfClosed, lost bool
	drained          bool // nothing more is read from src: it has finished, or discard has returned
}

// moved notes that n bytes were delivered, or none but that some came in.
func (d *direction) moved(n int) {
	now := max(d.t.now(), 1)
	d.last.Store(now)
	if d.first.Load() == 0 {
		d.first.Store(now)
	}
	if n > 0 {
		d.bytes.Add(int64(n))
		d.inHand.Add(-int64(n))
		if d.shared != nil {
			d.shared.Add(int64(n))
		}
	}
}

func (d *direction) read(n int) {
	d.inHand.Store(int64(n))
	d.moved(0)
}

func (d *direction) result() Direction {
	r := Direction{Bytes: d.bytes.Load(), End: d.end, Err: d.err, HalfClosed: d.halfClosed, Lost: d.lost}
	if d.end == 0 { // it never ran
		r.End, r.Err = Closed, d.t.fault.err
	}
	if first := d.first.Load(); first != 0 {
		r.First = d.t.start.Add(time.Duration(first))
		r.Last = d.t.start.Add(time.Duration(d.last.Load()))
	}
	return r
}

// copy carries everything until src is at its end, which is nil, or fails.
func (d *direction) copy() error {
	if d.writeErr != nil { // of copyLead
		return d.writeErr
	}
	if err := d.copyEarly(); err != nil {
		return err
	}
	err := d.copyFast()
	switch {
	case d.writeErr != nil:
		return d.writeErr
	case d.readErr != nil:
		return d.readErr
	case err != nil: // a hook's own
		return err
	}
	return d.src.cut()
}

// copyLead writes the lead. It comes before either direction runs, so that a
// side which fails at once does not end the tunnel before the head of the
// response is on its way. An error is in writeErr.
func (d *direction) copyLead() {
	if lead := d.lead; len(lead) > 0 {
		d.lead = nil
		_, _ = d.write(d.dst.conn, lead)
	}
}

// copyEarly writes what is there before the first read.
func (d *direction) copyEarly() error {
	if br := d.early; br != nil {
		d.early = nil
		p, _ := br.Peek(br.Buffered()) // is there, so no error
		if len(p) > 0 {
			d.read(len(p))
			return d.deliver(d.dst.conn, p)
		}
	}
	return nil
}

// discard reads what src goes on to send, and drops it, until src has finished
// or fails: dst does not take it any more. If src were closed with input
// unread, the kernel would reset it and destroy what src has still to receive.
// A socket is read directly, since no hook is to see what is delivered nowhere.
func (d *direction) discard() {
	from := io.Reader(d.src.conn)
	if d.src.tcp != nil && !d.src.framed {
		from = d.src.tcp
	}
	buf := buffers.Get().(*[bufferSize]byte)
	defer buffers.Put(buf)
	for empty := 0; empty < maxEmptyReads; empty++ {
		n, err := from.Read(buf[:])
		if err != nil {
			return
		}
		if n > 0 {
			empty = 0
		}
	}
}
