package tunnel

import "time"

// stallPeriod is how often the sender of a direction is looked at while its
// receiver takes nothing. The sender is not read then, so no Read reports that
// its peer has reset it.
const stallPeriod = time.Second

// blocked notes that d begins to wait for its receiver.
func (d *direction) blocked() {
	if d.src.fd == nil {
		return // nothing to look at
	}
	d.blockedSince.Store(int64(d.t.now()) + 1)
	d.t.watchStalls()
}

// unblocked notes that d's receiver has taken something, or has failed.
func (d *direction) unblocked() { d.blockedSince.Store(0) }

// watchStalls sets the timer for stalls, unless it is set.
func (t *tunnel) watchStalls() {
	if t.stallSet.Load() || !t.stallSet.CompareAndSwap(false, true) {
		return
	}
	// If the timer runs before Store, lookForResets makes another one.
	// finish does not stop the first then, which finds the gate of
	// callbacks shut.
	if timer := t.stall.Load(); timer != nil {
		timer.Reset(stallPeriod)
	} else {
		t.stall.Store(time.AfterFunc(stallPeriod, t.lookForResets))
	}
}

// lookForResets runs in the timer's goroutine, every stallPeriod while a
// direction waits for its receiver.
func (t *tunnel) lookForResets() {
	if !t.callbacks.enter() {
		return
	}
	defer t.callbacks.leave()
	waits := false
	for _, d := range []*direction{&t.toBackend, &t.toClient} {
		since := d.blockedSince.Load()
		if since == 0 {
			continue
		}
		waits = true
		if int64(t.now())-since >= int64(stallPeriod)*3/4 {
			t.tell(event{kind: eventStalled, on: d.src.id, pending: d.src.pendingError()})
		}
	}
	t.stallSet.Store(false)
	// Look again, also for a direction that has found the timer still set.
	if waits || t.toBackend.blockedSince.Load()|t.toClient.blockedSince.Load() != 0 {
		t.watchStalls()
	}
}
