package tunnel

import "time"

// dyingLimit is how long a tunnel with a dead side may stand still while what
// that side had sent is delivered to the other.
const dyingLimit = time.Second

// silenceLimit is how long the tunnel may be silent as things are, and what it
// then ends with. It is called with mu held.
func (t *tunnel) silenceLimit() (time.Duration, *fault) {
	if t.dying != nil {
		return dyingLimit, t.dying
	}
	limit, reason := t.opt.Idle, ErrIdle
	if t.toBackend.over || t.toClient.over {
		if linger := t.opt.linger(); linger > 0 && (limit <= 0 || linger < limit) {
			limit, reason = linger, ErrLinger
		}
	}
	return limit, &fault{err: reason, end: Closed}
}

// limitSilence starts to apply the limit. It is called with mu held, at the
// start and whenever the limit changes.
func (t *tunnel) limitSilence() {
	limit, _ := t.silenceLimit()
	if limit <= 0 || t.over {
		return
	}
	t.since, t.queued = t.now(), t.inKernel()
	if t.silence == nil {
		t.silence = time.AfterFunc(limit, t.judgeSilence)
	} else {
		t.silence.Reset(limit)
	}
}

// judgeSilence runs when there may have been silence for long enough. Moving
// bytes do not touch the timer; it finds out here.
func (t *tunnel) judgeSilence() {
	if !t.enter() {
		return
	}
	defer t.leave()
	now, queued := t.now(), t.inKernel()
	t.mu.Lock()
	limit, f := t.silenceLimit()
	if limit <= 0 {
		t.mu.Unlock()
		return
	}
	if queued != t.queued { // a slow reader empties the kernel's queue
		t.queued, t.since = queued, now
	}
	if left := limit - time.Duration(now-t.lastMove()); left > 0 {
		t.silence.Reset(left)
		f = nil
	}
	t.mu.Unlock()
	if f != nil {
		t.end(f)
	}
}

func (t *tunnel) lastMove() int64 {
	return max(t.since, t.toBackend.last.Load(), t.toClient.last.Load())
}

// inKernel is how many bytes the kernel has still to deliver to either side.
func (t *tunnel) inKernel() int {
	client, _ := t.client.queued()
	backend, _ := t.backend.queued()
	return client + backend
}

// now is the time since the tunnel began, in nanoseconds.
func (t *tunnel) now() int64 { return int64(time.Since(t.start)) }
