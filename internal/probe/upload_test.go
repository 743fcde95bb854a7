package probe

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// A proxy that resets the client because the backend is gone destroys an answer
// that the client has not read yet.
func TestResetAfterAnAnswerIsFound(t *testing.T) {
	t.Parallel()
	r := play(t, "backend refuses upload", func(c, b net.Conn) {
		both(func() {
			if _, err := io.Copy(b, c); err != nil {
				abort(c)
			}
		}, func() { pass(c, b) })
	}, patience)
	if r.Verdict != Bad || r.Fault != Lost || !strings.Contains(r.Finding, "of 300000 bytes of the answer arrived") {
		t.Errorf("verdict %s, %s: %q; want bad, lost, and how much of the answer arrived", r.Verdict, r.Fault, r.Finding)
	}
	checkTimeline(t, r)
}

// A timer that is reset only when a Write returns cuts off a slow reader, even
// if that reader never pauses. The test does so in both directions.
func TestTimerThatCountsCompletedWritesIsFound(t *testing.T) {
	t.Parallel()
	const hold = 2 * time.Second
	timed := func(to, from net.Conn) {
		defer from.Close()
		defer to.Close()
		buf := make([]byte, 32<<10)
		for {
			n, err := from.Read(buf)
			if n > 0 {
				_ = to.SetWriteDeadline(time.Now().Add(hold / 4))
				if _, err := to.Write(buf[:n]); err != nil {
					return
				}
			}
			if err != nil {
				return
			}
		}
	}
	tests := []struct {
		scenario string
		join     wrong
	}{
		{"slow upload", func(c, b net.Conn) { both(func() { timed(b, c) }, func() { pass(c, b) }) }},
		{"slow download", func(c, b net.Conn) { both(func() { pass(b, c) }, func() { timed(c, b) }) }},
	}
	for _, tt := range tests {
		t.Run(tt.scenario, func(t *testing.T) {
			t.Parallel()
			r := playHolding(t, tt.scenario, tt.join, patience, hold)
			if r.Verdict != Bad || r.Fault != Lost || r.Arrived == 0 || !strings.Contains(r.Finding, "of 12582912 bytes of that arrived") {
				t.Errorf("verdict %s, %s, %d bytes: %q; want bad, lost, and how much arrived", r.Verdict, r.Fault, r.Arrived, r.Finding)
			}
			checkTimeline(t, r)
		})
	}
}

// ReverseProxy closes the client's connection when the backend has gone, with
// the upload unread. It has no timers.
func TestReverseProxyInLargeTransfers(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]Fault{"backend refuses upload": Lost, "slow upload": "", "slow download": ""} {
		for _, secure := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/TLS %v", name, secure), func(t *testing.T) {
				t.Parallel()
				local, err := LocalConfig{Secure: secure}.Start()
				if err != nil {
					t.Fatal(err)
				}
				local.Limit = patience
				if r := local.Run(context.Background(), scenario(t, name)); r.Fault != want {
					t.Errorf("%q: %s; want %q", r.Fault, r.Finding, want)
				}
				if !local.Close(patience) {
					t.Error("the proxy still serves a tunnel of which both ends are closed")
				}
			})
		}
	}
}

func TestSlowReaderDoesNotHoldUpAProbeThatIsStopped(t *testing.T) {
	local, err := LocalConfig{}.Start()
	if err != nil {
		t.Fatal(err)
	}
	defer local.Close(patience)
	local.Hold = 1000 * time.Hour
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan Result, 1)
	go func() { done <- local.Run(ctx, scenario(t, "slow upload")) }()
	for local.Backend.Reached() == 0 {
		time.Sleep(time.Millisecond) // the tunnel is about to open once this loop ends
	}
	cancel()
	select {
	case r := <-done:
		if r.Fault != Cut {
			t.Errorf("Run when stopped = %s, %s; want cut", r.Verdict, r.Fault)
		}
	case <-time.After(patience):
		t.Fatal("Run does not end when it is stopped")
	}
}
