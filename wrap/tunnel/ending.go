package tunnel

import (
	"errors"
	"fmt"
)

// ended is called by each direction once, when it has nothing more to deliver.
func (t *tunnel) ended(d *direction, err error) {
	t.mu.Lock()
	d.over = true
	other := d.reverse
	switch {
	case err == nil:
		d.end, d.drained = EOF, true
		last, dying, fault := other.over, t.dying, t.fault
		t.mu.Unlock()
		if fault == nil && (!last || dying != nil) {
			t.halfClose(d)
		}
		t.endDying(other)
		return
	case t.fault != nil:
		d.end, d.err = Closed, t.fault.err
		if t.fault.side == d.src {
			d.end = t.fault.end
		}
		waits := t.fault.told && t.fault.side == d.dst && d.readErr == nil
		t.mu.Unlock()
		if waits { // src is still sent what dst had said
			d.discard()
		}
		return
	}
	f := d.blame(err)
	d.end, d.err = f.end, f.err
	switch {
	case t.dying != nil:
		f = t.dying
	case f.side == d.dst && f.end == Reset && !other.over,
		d.readErr == nil && other.over && other.end == EOF:
		// What dst had sent before, or the end of it, is still on its way to src.
		t.dying = f
		t.limitSilence()
		t.mu.Unlock()
		d.discard()
		t.mu.Lock()
		d.drained = true
		t.mu.Unlock()
		t.endDying(d)
		return
	}
	t.mu.Unlock()
	t.end(f)
}

// endDying ends a tunnel with a dead side once the direction towards that side,
// d, reads nothing more and the other has delivered what the side had sent.
func (t *tunnel) endDying(d *direction) {
	t.mu.Lock()
	f := t.dying
	done := f != nil && d.drained && d.reverse.over
	t.mu.Unlock()
	if done {
		t.end(f)
	}
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
	t.mu.Lock()
	dying := t.dying
	t.mu.Unlock()
	if err != nil && dying != nil { // the fault that is known comes first
		t.end(dying)
		return
	}
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
	if f.told {
		t.both(func(s *side) { t.settle(t.towards(s), f) })
	}
	// Judge both before either is closed: a closed socket does not tell.
	reset := map[*side]bool{
		&t.client:  t.judge(&t.toClient, f),
		&t.backend: t.judge(&t.toBackend, f),
	}
	t.both(func(s *side) { t.panicked(s.close(reset[s])) })
}

// towards returns the direction that s receives.
func (t *tunnel) towards(s *side) *direction {
	if s == &t.client {
		return &t.toClient
	}
	return &t.toBackend
}

// settle waits until d's receiving side has what it was sent. That is not
// needed if the side is at fault, nor if both sides have sent FIN: the kernel
// then delivers the rest after Close.
func (t *tunnel) settle(d *direction, f *fault) {
	t.mu.Lock()
	finished := d.over && d.end == EOF && d.reverse.drained
	t.mu.Unlock()
	if d.dst != f.side && !finished {
		d.dst.settle(t.hurry, t.opt.linger())
	}
}

// judge notes whether bytes of d are lost, and reports whether d's receiving
// side must be reset so that it does not take what it received for all there
// was. A side that has received all there was, and was told so, is never reset.
func (t *tunnel) judge(d *direction, f *fault) (reset bool) {
	unread, known := d.src.unread()
	queued, _ := d.dst.unsent()
	behind, _ := d.dst.unread()
	t.mu.Lock()
	defer t.mu.Unlock()
	if d.over && d.end == EOF {
		d.lost = d.dst.reset.Load() != 0 || queued > 0 && behind > 0 // the kernel drops what it has not sent yet
		return false
	}
	cut := d.inHand.Load() > 0 || unread > 0
	reset = cut || f.side != nil && f.side != d.dst
	switch {
	case f.side != nil, cut:
		d.lost = true
	case queued > 0 && (reset || behind > 0):
		d.lost = true
	default:
		d.lost = !known && !f.silent()
	}
	return reset
}

// silent reports whether nothing had moved for a while before f.
func (f *fault) silent() bool { return errors.Is(f.err, ErrIdle) || errors.Is(f.err, ErrLinger) }
