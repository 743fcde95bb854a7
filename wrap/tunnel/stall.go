package tunnel

import (
	"fmt"
	"time"
)

// stallPeriod is how often a sender is looked at while what it sent waits for
// the receiver. Nobody reads from it then, so nobody else notices its reset.
const stallPeriod = time.Second

// blocked notes that d has begun to wait for its receiver.
func (d *direction) blocked() {
	if d.src.fd == nil {
		return // nothing to look at
	}
	d.waits.Store(d.t.now() + 1)
	d.t.watchStall()
}

func (d *direction) unblocked() { d.waits.Store(0) }

func (t *tunnel) watchStall() {
	if t.stalled.Load() || !t.stalled.CompareAndSwap(false, true) {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.over:
	case t.stall == nil:
		t.stall = time.AfterFunc(stallPeriod, t.lookForReset)
	default:
		t.stall.Reset(stallPeriod)
	}
}

// lookForReset runs every stallPeriod while a direction waits.
func (t *tunnel) lookForReset() {
	if !t.enter() {
		return
	}
	defer t.leave()
	waiting := false
	for _, d := range []*direction{&t.toBackend, &t.toClient} {
		since := d.waits.Load()
		if since == 0 {
			continue
		}
		waiting = true
		if t.now()-since < int64(stallPeriod)*3/4 {
			continue
		}
		if err := d.src.pendingReset(); err != nil {
			t.end(&fault{
				err:  fmt.Errorf("%s to %s: read: %w", d.src.name, d.dst.name, err),
				end:  Reset,
				side: d.src,
			})
			return
		}
	}
	t.stalled.Store(false)
	if waiting || t.toBackend.waits.Load()|t.toClient.waits.Load() != 0 {
		t.watchStall()
	}
}
