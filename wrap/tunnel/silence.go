package tunnel

import (
	"time"

	"github.com/bodywrap/bodywrap/wrap/internal/socket"
)

// silenceLimit is how long the tunnel may be silent as things are, and what it
// then ends with. It is called with mu held.
func (t *tunnel) silenceLimit() (time.Duration, *fault) {
	if t.dying != nil {
		f := *t.dying
		f.told = false // there was time enough for it
		return t.opt.linger(), &f
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
	t.limit.Store(int64(limit))
	if limit <= 0 || t.over {
		return
	}
	t.since, t.queued = t.now(), t.inKernel()
	next := t.nextLook(limit, limit)
	if t.silence == nil {
		t.silence = time.AfterFunc(next, t.judgeSilence)
	} else {
		t.silence.Reset(next)
	}
}

// The kernel's queues are looked at several times in a limit: a slow reader
// empties them, which counts as a move at the time when it is seen. So the
// tunnel may be silent for longer than the limit by the time between two looks:
// a sixteenth of the limit while the queues hold something, and a quarter
// while they do not.
const (
	looksFull  = 16
	looksEmpty = 4
)

// nextLook returns when to judge the silence again if it may last for left. It
// is called with mu held.
func (t *tunnel) nextLook(limit, left time.Duration) time.Duration {
	if t.queued > 0 {
		return min(left, limit/looksFull+1)
	}
	return min(left, limit/looksEmpty+1)
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
	if queued != t.queued {
		t.queued, t.since = queued, now
	}
	if left := limit - time.Duration(now-t.lastMove()); left > 0 {
		t.silence.Reset(t.nextLook(limit, left))
		f = nil
	}
	t.mu.Unlock()
	if f != nil {
		t.end(f)
	}
}

// piece returns how many bytes to give to dst in one Write.
func (d *direction) piece() int {
	limit := time.Duration(d.t.limit.Load())
	if d.dst.visible || limit <= 0 {
		return bufferSize
	}
	return min(socket.Part(limit), bufferSize)
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
