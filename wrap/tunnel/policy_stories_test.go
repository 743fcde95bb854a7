package tunnel_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/bodywrap/bodywrap/wrap/tunnel"
)

// The table has each ending that the README lists, and each that had a fault
// once, event by event. "client EOF: CloseWrite backend" is an event and the
// actions that must follow from it.
func TestPolicyEndings(t *testing.T) {
	tests := []struct {
		why                 string
		keepOpen            bool
		steps               string
		toBackend, toClient string // as endingOf returns them
		err                 string // the end of the error's text; "" means nil
		panicked            any
	}{
		{
			"one side finishes, then the other", false, `
			client begin: look
			client EOF: CloseWrite backend
			backend told: look
			client looked alive: wake
			backend EOF: close
			client closed
			backend closed`,
			"EOF told", "EOF", "", nil,
		}, {
			"both finish at the same time", false, `
			client EOF: CloseWrite backend
			backend EOF
			backend told: close`,
			"EOF told", "EOF", "", nil,
		}, {
			"one finishes, and the other ignores it", false, `
			client EOF: CloseWrite backend
			backend told: look
			backend looked silent: inspect
			backend inspected clean: close`,
			"EOF told", "closed", tunnel.ErrLinger.Error(), nil,
		}, {
			"the other cannot half-close", false, `
			client EOF: CloseWrite backend
			backend unsupported: settle backend, settle client
			client unsent unknown
			backend unsent nothing: inspect
			backend inspected clean: close`,
			"EOF", "closed", "backend: " + tunnel.ErrHalfClose.Error(), nil,
		}, {
			"the other cannot half-close, and KeepOpen", true, `
			client EOF: CloseWrite backend
			backend unsupported: look
			backend EOF: close`,
			"EOF", "EOF", "", nil,
		}, {
			"the other cannot half-close, and finishes just then", false, `
			client EOF: CloseWrite backend
			backend EOF
			backend unsupported: close`,
			"EOF", "EOF", "", nil,
		}, {
			"one side is reset: what it had sent is delivered, then the other is reset too", false, `
			client reset midway
			client broke read reset: settle backend
			backend unsent some: again
			backend broke write reset: discard backend
			backend unsent nothing: inspect
			client inspected clean: close, reset backend`,
			"reset lost", "closed lost", "client to backend: read: failed", nil,
		}, {
			"a Write is told of the reset first: what the dead side had sent is still delivered", false, `
			client broke write reset: look, discard client
			backend EOF: CloseWrite client
			client told: look
			client discarded: inspect
			backend inspected clean: close`,
			"reset lost", "EOF told", "client to backend: write: failed", nil,
		}, {
			"a Write is told of the reset, and the Read after that says EOF", false, `
			backend reset midway
			backend EOF: settle client
			client unsent nothing: inspect
			backend inspected clean: close, reset client`,
			"closed lost", "reset lost", tunnel.ErrReset.Error(), nil,
		}, {
			"both FINs are no reset", false, `
			client EOF: CloseWrite backend
			backend told: look
			backend EOF hung up: close`,
			"EOF told", "EOF", "", nil,
		}, {
			"an early answer ends, then the backend is reset: the client sends on, and keeps the answer", false, `
			backend EOF: CloseWrite client
			client told: look
			backend reset after EOF
			client broke write reset: look, discard client
			client looked alive: wake
			client discarded: inspect
			client inspected clean: close`,
			"reset lost", "EOF told", "client to backend: write: failed", nil,
		}, {
			"the same, and the client sends for longer than Linger without a pause", false, `
			backend EOF: CloseWrite client
			client told: look
			client broke write reset: look, discard client
			client looked silent: inspect
			client inspected unread: close, reset backend
			client discarded`,
			"reset lost", "EOF told", "client to backend: write: failed", nil,
		}, {
			"one side is reset while the other does not read", false, `
			client stalled pending: inspect
			backend inspected unsent: close, reset backend
			client broke write failed`,
			"reset lost", "closed lost", "client to backend: read: " + tunnel.ErrReset.Error(), nil,
		}, {
			"both are silent", false, `
			client begin: look
			client looked silent: inspect
			client inspected clean: close`,
			"closed", "closed", tunnel.ErrIdle.Error(), nil,
		}, {
			"bytes were unread when both were silent", false, `
			client begin: look
			client looked silent: inspect
			client inspected unread: close, reset backend`,
			"closed lost", "closed", tunnel.ErrIdle.Error(), nil,
		}, {
			"the context is cancelled, or the group is shut down", false, `
			client begin: look
			client aborted: inspect
			client inspected clean: close`,
			"closed", "closed", "failed", nil,
		}, {
			"the group was shut down before", false, `
			client aborted: inspect
			client begin
			client inspected unknown: close`,
			"closed lost", "closed", "failed", nil,
		}, {
			"the context is cancelled while a side settles", false, `
			client broke read failed: settle backend
			backend unsent some: again
			client aborted: hurry
			backend unsent some: inspect
			client inspected clean: close, reset backend`,
			"failed lost", "closed lost", "client to backend: read: failed", nil,
		}, {
			"a hook panics, and so does Close", false, `
			client panicked boom: inspect
			client inspected clean: close
			client closed bang
			backend closed bang`,
			"closed", "closed", "failed", "boom",
		}, {
			"CloseWrite fails", false, `
			client EOF: CloseWrite backend
			backend tell failed failed: settle client
			client unsent nothing: inspect
			client inspected clean: close, reset client`,
			"EOF", "closed lost", "client to backend: failed", nil,
		},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			m := tunnel.NewModel(tunnel.Options{Idle: time.Minute, KeepOpen: tt.keepOpen})
			for _, step := range strings.Split(strings.TrimSpace(tt.steps), "\n") {
				m = play(t, m, strings.TrimSpace(step))
			}
			result, panicked, err := m.Outcome()
			if got := endingOf(result.ToBackend); got != tt.toBackend {
				t.Errorf("ToBackend = %q, want %q", got, tt.toBackend)
			}
			if got := endingOf(result.ToClient); got != tt.toClient {
				t.Errorf("ToClient = %q, want %q", got, tt.toClient)
			}
			if (err == nil) != (tt.err == "") || err != nil && !strings.HasSuffix(err.Error(), tt.err) || panicked != tt.panicked {
				t.Errorf("error %v and panic %v, want %q and %v", err, panicked, tt.err, tt.panicked)
			}
		})
	}
}

// play returns the model after a step, and checks the actions that follow.
func play(t *testing.T, m *tunnel.Model, step string) *tunnel.Model {
	t.Helper()
	event, want, _ := strings.Cut(step, ": ")
	next, got, ok := m.Play(event)
	if !ok {
		t.Fatalf("there is no event %q", event)
	}
	if got != want {
		t.Errorf("after %q the actions are %q, want %q", event, got, want)
	}
	return next
}

// endingOf returns the End of d, with "told" if d was half-closed and "lost" if
// bytes are lost.
func endingOf(d tunnel.Direction) string {
	s := d.End.String()
	if d.HalfClosed {
		s += " told"
	}
	if d.Lost {
		s += " lost"
	}
	return s
}

// Shutdown does not wait for a Close that blocks. It counts them.
func TestPolicyCountsClosesThatBlock(t *testing.T) {
	m := tunnel.NewModel(tunnel.Options{})
	for _, tt := range []struct {
		step string
		want int
	}{
		{"client aborted: inspect", 0},
		{"client inspected clean: close", 2},
		{"client closed", 1},
		{"backend closed", 0},
	} {
		m = play(t, m, tt.step)
		if n := m.SidesInClose(); n != tt.want {
			t.Errorf("after %q %d sides have not returned from Close, want %d", tt.step, n, tt.want)
		}
	}
}

// Before the policy ends a tunnel for its silence, it looks at the clock and at
// the kernel's queue.
func TestPolicyMeasuresSilence(t *testing.T) {
	const idle = 16 * time.Second
	m, _, _ := tunnel.NewModel(tunnel.Options{Idle: idle}).Play("client begin")
	for _, tt := range []struct {
		now, moved time.Duration
		queued     int
		wake       time.Duration // 0: the tunnel ends
		why        string
	}{
		{0, 0, 0, idle/4 + 1, "the tunnel begins"},
		{idle / 4, 0, 0, idle/4 + 1, "a quarter of the limit has passed"},
		{idle / 2, idle / 2, 0, idle/4 + 1, "bytes have just moved"},
		{idle, idle / 2, 0, idle/4 + 1, "half of the limit has passed since"},
		{idle*3/2 - 1, idle / 2, 0, 1, "next to nothing is left of the limit"},
		{idle * 3 / 2, idle / 2, 5, idle/16 + 1, "the kernel holds bytes, which have moved since the last look"},
		{idle*5/2 - 1, idle / 2, 4, idle/16 + 1, "the peer reads slowly what the kernel holds"},
		{idle * 3, idle / 2, 4, idle/16 + 1, "half of the limit has passed since"},
		{idle*7/2 - 1, idle / 2, 4, 0, "nothing has moved for the limit"},
	} {
		next, wake := m.Look(tt.now, tt.moved, tt.queued)
		if wake != tt.wake {
			t.Errorf("%s: the next look is after %v, want %v", tt.why, wake, tt.wake)
		}
		m = next
	}
	if _, _, err := m.Outcome(); !errors.Is(err, tunnel.ErrIdle) {
		t.Errorf("the tunnel ends with %v, want ErrIdle", err)
	}
}

// The policy waits until a peer has taken the bytes that were written to it. It
// gives up when the peer has taken none for Linger.
func TestPolicyBoundsSettlingByLinger(t *testing.T) {
	const linger = time.Minute
	for _, tt := range []struct {
		why    string
		linger time.Duration
		asks   []int // the unsent bytes after 0, 1, 2, ... times linger and a little more
		again  bool  // whether the policy asks again after the last of them
	}{
		{"everything is delivered", linger, []int{0}, false},
		{"something is left", linger, []int{9}, true},
		{"the peer takes little by little", linger, []int{9, 8, 7, 6}, true},
		{"the peer takes nothing for Linger", linger, []int{9, 8, 8}, false},
		{"there is no limit", -1, []int{9, 9, 9, 9}, true},
		{"the default is 30 s", 0, []int{9, 9}, false},
	} {
		m, actions, _ := tunnel.NewModel(tunnel.Options{Linger: tt.linger}).Play("client broke read failed")
		if actions != "settle backend" {
			t.Fatalf("after a failed read the actions are %q, want settle backend", actions)
		}
		again := true
		for i, unsent := range tt.asks {
			if !again {
				t.Errorf("%s: the policy gave up before the last question", tt.why)
			}
			m, again = m.Unsent(time.Duration(i)*(linger+1), unsent)
		}
		if again != tt.again {
			t.Errorf("%s: the policy asks again: %v, want %v", tt.why, again, tt.again)
		}
	}
}
