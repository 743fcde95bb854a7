package wrap_test

import (
	"errors"
	"io"
	"testing"
	"time"

	"github.com/bodywrap/bodywrap/wrap"
)

// A TCP peer reads slowly and never pauses, while one Write lasts for longer
// than the limit: the kernel wakes the writer only when a third of its buffer
// is free.
func TestIdleSparesASlowTCPPeer(t *testing.T) {
	t.Parallel() // it waits most of the time
	const limit = time.Second / 4
	sent := make([]byte, 64<<20) // more than all buffers on the way hold
	for end := time.Now().Add(time.Minute); ; {
		ours, peer := tcpPair(t)
		body := wrap.Body(ours, wrap.Idle(limit))
		done := make(chan error, 1)
		go func() {
			_, err := body.(io.Writer).Write(sent)
			done <- err
		}()
		longest, last := time.Duration(0), time.Now()
		var err error
		beat := time.NewTicker(limit / 20)
		for p, reads := make([]byte, 16<<10), 0; reads < 6*20 && err == nil; reads++ {
			select {
			case err = <-done:
			case <-beat.C:
				_, err = io.ReadFull(peer, p)
			}
			now := time.Now()
			longest, last = max(longest, now.Sub(last)), now
		}
		beat.Stop()
		body.Close()
		peer.Close()
		switch {
		case err == nil:
			return
		case longest < limit/2:
			t.Fatalf("a peer that paused for %v at most was cut off after %v: %v", longest, limit, err)
		case time.Now().After(end):
			t.Fatalf("the test was never steady: it paused for %v: %v", longest, err)
		}
		t.Logf("again, after a pause of %v: %v", longest, errors.Unwrap(err))
	}
}
