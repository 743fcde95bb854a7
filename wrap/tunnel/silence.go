package tunnel

import (
	"time"

	"github.com/bodywrap/bodywrap/wrap/internal/copybuf"
	"github.com/bodywrap/bodywrap/wrap/internal/socket"
)

// This file measures the silence of a tunnel. Package wrap measures that of one
// body, for its hooks Linger and Idle, in its own silence.go.

// look tells the policy what the clock and the kernel say of silence.
func (t *tunnel) look() {
	t.tell(event{
		kind:   eventLooked,
		moved:  time.Duration(max(t.toBackend.last.Load(), t.toClient.last.Load())),
		queued: t.client.queuedBytes() + t.backend.queuedBytes(),
	})
}

// lookAfter has the timer call lookAgain after d. It is called with mu held.
func (t *tunnel) lookAfter(d time.Duration) {
	if t.silence == nil {
		t.silence = time.AfterFunc(d, t.lookAgain)
	} else {
		t.silence.Reset(d)
	}
}

// lookAgain runs in the timer's goroutine.
func (t *tunnel) lookAgain() {
	if t.callbacks.enter() {
		defer t.callbacks.leave()
		t.look()
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
