package tunnel

import (
	"errors"
	"fmt"
)

// ended is called by each direction once, when it has nothing more to do. What
// it makes of that, and of the other direction, is all the policy there is.
func (t *tunnel) ended(d *direction, err error) {
	t.mu.Lock()
	d.over = true
	other := d.reverse
	switch {
	case err == nil:
		d.end = EOF
		last, dying, fault := other.over, t.dying, t.fault
		t.mu.Unlock()
		switch {
		case dying != nil:
			t.end(dying)
		case fault == nil && !last:
			t.halfClose(d)
		}
		return
	case t.fault != nil:
		d.end, d.err = Closed, t.fault.err
		if t.fault.side == d.src {
			d.end = t.fault.end
		}
		t.mu.Unlock()
		return
	}
	f := d.blame(err)
	d.end, d.err = f.end, f.err
	if t.dying != nil {
		f = t.dying
	} else if f.side == d.dst && f.end == Reset && !other.over {
		// What the dead side had sent before can still be read from it.
		t.dying = f
		t.limitSilence()
		t.mu.Unlock()
		return
	}
	t.mu.Unlock()
	t.end(f)
}

// blame makes a fault of an error that d ended with.
func (d *direction) blame(err error) *fault {
	f := &fault{end: Failed, side: d.src, told: true}
	op := "read"
	if d.writeErr != nil {
		f.side, op = d.dst, "write"
	}
	if isReset(err) {
		f.end = Reset
	}
	f.err = fmt.Errorf("%s to %s: %s: %w", d.src.name, d.dst.name, op, err)
	return f
}

// halfClose tells d's receiving side that d has ended.
func (t *tunnel) halfClose(d *direction) {
	err := d.dst.closeWrite()
	if err == nil || isNotConnected(err) {
		t.mu.Lock()
		d.halfClosed = err == nil
		t.limitSilence()
		t.mu.Unlock()
		return
	}
	if !errors.Is(err, errors.ErrUnsupported) {
		f := &fault{err: fmt.Errorf("%s to %s: %w", d.src.name, d.dst.name, err), end: Failed, side: d.dst, told: true}
		t.mu.Lock()
		if isReset(err) {
			f.end, t.dying = Reset, f
			t.limitSilence()
			f = nil
		}
		t.mu.Unlock()
		if f != nil {
			t.end(f)
		}
		return
	}
	if t.opt.KeepOpen {
		t.mu.Lock()
		t.limitSilence()
		t.mu.Unlock()
		return
	}
	t.end(&fault{err: fmt.Errorf("%s: %w", d.dst.name, ErrHalfClose), end: Closed, told: true})
}

// end ends the tunnel by closing both sides. Only the first fault counts,
// but any other that cannot wait makes it not wait either.
func (t *tunnel) end(f *fault) {
	t.mu.Lock()
	first := t.fault == nil
	if first {
		t.fault = f
	}
	if t.hurry == nil {
		t.hurry = make(chan struct{})
	}
	if !f.told && !t.hurried {
		t.hurried = true
		close(t.hurry)
	}
	t.mu.Unlock()
	if !first {
		return
	}
	for _, d := range []*direction{&t.toBackend, &t.toClient} {
		if f.told && d.dst != f.side {
			d.dst.settle(t.hurry)
		}
	}
	for _, d := range []*direction{&t.toBackend, &t.toClient} {
		t.shut(d, f)
	}
}

// shut closes d's receiving side: by a reset if that side must not take what
// it received for all there was.
func (t *tunnel) shut(d *direction, f *fault) {
	t.mu.Lock()
	eof := d.over && d.end == EOF
	t.mu.Unlock()
	unread, known := d.src.unread()
	cut := !eof && (d.inHand.Load() > 0 || unread > 0)
	abort := cut || f.side != nil && f.side != d.dst
	queued, _ := d.dst.unsent()
	t.mu.Lock()
	switch {
	case eof:
		d.lost = d.dst.reset.Load() != 0
	case f.side != nil:
		d.lost = true
	default:
		d.lost = cut || !known && !f.silent()
	}
	if behind, _ := d.dst.unread(); queued > 0 && (abort || behind > 0) {
		d.lost = true // the kernel drops what it has not sent yet
	}
	t.mu.Unlock()
	if abort {
		d.dst.abort()
	} else {
		d.dst.close()
	}
}

// silent reports whether nothing had moved for a while before f.
func (f *fault) silent() bool { return errors.Is(f.err, ErrIdle) || errors.Is(f.err, ErrLinger) }
