package tunnel

import (
	"bufio"
	"io"
	"sync/atomic"
	"time"
)

// A direction carries what src sends to dst. One goroutine runs it. How far the
// direction has come towards its end is in the tunnel's state.
type direction struct {
	t        *tunnel
	src, dst *side
	lead     []byte        // written before everything else, and not counted
	early    *bufio.Reader // its buffered bytes are written next
	from     io.Reader     // src, or what is below hooks that need no bytes
	shared   *atomic.Int64 // the counter of Options; nil if there is none

	bytes  atomic.Int64 // how many bytes dst has taken
	inHand atomic.Int64 // how many bytes were read and not yet taken by dst

	// Times are in nanoseconds since the tunnel began. 0 is never.
	first, last  atomic.Int64 // when bytes first and last moved
	blockedSince atomic.Int64 // when dst stopped taking bytes; 0 if it takes

	readErr, writeErr error // of src and of dst, whatever hooks make of them
}

// touch notes that bytes move now.
func (d *direction) touch() {
	now := max(int64(d.t.now()), 1)
	d.last.Store(now)
	if d.first.Load() == 0 {
		d.first.Store(now)
	}
}

// arrived notes that n bytes were read.
func (d *direction) arrived(n int) {
	d.inHand.Store(int64(n))
	d.touch()
}

// delivered notes that dst has taken n bytes, of those that were read. n may be
// 0, which also counts as a move.
func (d *direction) delivered(n int) {
	d.touch()
	if n > 0 {
		d.bytes.Add(int64(n))
		d.inHand.Add(-int64(n))
		if d.shared != nil {
			d.shared.Add(int64(n))
		}
	}
}

// run carries everything, and tells how that ended.
func (d *direction) run() {
	returned := false
	defer d.t.watch(&returned)
	d.tellEnd(d.copy())
	returned = true
}

// tellEnd tells how d has ended. It is not part of run, whose stack waits while
// the tunnel is idle.
func (d *direction) tellEnd(err error) {
	if err == nil {
		d.t.tell(event{kind: eventEOF, on: d.src.id, hungUp: d.src.hungUp()})
		return
	}
	d.t.tell(event{kind: eventBroke, on: d.src.id, err: err, end: endOf(err), at: d.failedSide(), readable: d.readErr == nil})
}

// failedSide returns the side whose error has ended d.
func (d *direction) failedSide() which {
	if d.writeErr != nil {
		return d.dst.id
	}
	return d.src.id
}

// copy carries everything until src returns EOF, for which the error is nil, or
// until src, dst or a hook fails.
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
	}
	return err // of a hook, or nil
}

// copyLead writes the lead. It is called before either direction runs, so that
// a side which fails at once does not end the tunnel before the head of the
// response is on its way. It leaves an error in writeErr.
func (d *direction) copyLead() {
	if lead := d.lead; len(lead) > 0 {
		d.lead = nil
		_, _ = d.write(d.dst.conn, lead)
	}
}

// copyEarly writes what was read before the tunnel began.
func (d *direction) copyEarly() error {
	if br := d.early; br != nil {
		d.early = nil
		p, _ := br.Peek(br.Buffered()) // no error, since so much is buffered
		if len(p) > 0 {
			d.arrived(len(p))
			return d.deliver(d.dst.conn, p)
		}
	}
	return nil
}

// inspect returns what there is to know of src just before Close.
func (d *direction) inspect() inspection {
	unread, known := d.src.unread()
	unsent, _ := d.src.unsent()
	return inspection{unread: unread > 0, known: known, unsent: unsent > 0, inHand: d.inHand.Load() > 0}
}

// result returns the public form of f, the state of d. A direction that never
// ended has ended with the tunnel, for fault.
func (d *direction) result(f flow, fault error) Direction {
	r := Direction{Bytes: d.bytes.Load(), End: f.end, Err: f.err, HalfClosed: f.halfClosed, Lost: f.lost}
	if f.stage == flowOpen {
		r.End, r.Err = Closed, fault
	}
	if first := d.first.Load(); first != 0 {
		r.First = d.t.start.Add(time.Duration(first))
		r.Last = d.t.start.Add(time.Duration(d.last.Load()))
	}
	return r
}
