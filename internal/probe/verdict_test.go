package probe

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bodywrap/bodywrap/internal/testkit"
)

// A wrong is a tunnel that does one thing wrong. It gets both connections right
// after the 101, and closes them.
type wrong func(client, backend net.Conn)

// tunnelOf is a proxy that joins an upgraded client to the backend with join.
// It passes on the bytes that it has read ahead.
func tunnelOf(target *url.URL, join wrong) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		backend, err := net.Dial("tcp", target.Host)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer backend.Close()
		client, ahead, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		defer client.Close()
		if err := req.Write(backend); err != nil { // with its Upgrade
			return
		}
		if err := passHead(client, backend); err != nil {
			return
		}
		if _, err := io.CopyN(backend, ahead, int64(ahead.Reader.Buffered())); err != nil {
			return
		}
		join(client, backend)
	})
}

// passHead copies the head of the backend's answer to client, the empty line
// included.
func passHead(client io.Writer, backend io.Reader) error {
	var head strings.Builder
	for b := make([]byte, 1); !strings.HasSuffix(head.String(), "\r\n\r\n"); head.Write(b) {
		if _, err := io.ReadFull(backend, b); err != nil {
			return err
		}
	}
	_, err := io.WriteString(client, head.String())
	return err
}

// both copies both ways until both have ended.
func both(up, down func()) {
	var wg sync.WaitGroup
	for _, copy := range []func(){up, down} {
		wg.Add(1)
		go func() {
			defer wg.Done()
			copy()
		}()
	}
	wg.Wait()
}

// pass copies from from to to, and passes the end on. If a Write to to fails,
// pass reads the rest of from: Close resets a connection that has unread bytes.
// It leaves to open, because the other direction may still use it.
func pass(to, from net.Conn) {
	_, err := io.Copy(struct{ io.Writer }{to}, struct{ io.Reader }{from}) // no splice, so that err says which of them failed
	var op *net.OpError
	switch {
	case err == nil:
		_ = to.(*net.TCPConn).CloseWrite()
	case errors.As(err, &op) && op.Op == "write":
		_, _ = io.Copy(io.Discard, from)
	default:
		abort(to)
	}
}

// right is a tunnel that does everything that the scenarios expect.
func right(client, backend net.Conn) {
	both(func() { pass(backend, client) }, func() { pass(client, backend) })
}

// play plays the named scenario through join.
func play(t *testing.T, name string, join wrong, limit time.Duration) Result {
	t.Helper()
	return playHolding(t, name, join, limit, 0)
}

// playHolding is play with a Proxy.Hold.
func playHolding(t *testing.T, name string, join wrong, limit, hold time.Duration) Result {
	t.Helper()
	local, err := LocalConfig{Proxy: func(target *url.URL) http.Handler { return tunnelOf(target, join) }}.Start()
	if err != nil {
		t.Fatal(err)
	}
	local.Limit, local.Hold, local.answerLimit = limit, hold, patience
	r := local.Run(context.Background(), scenario(t, name))
	if !local.Close(patience) {
		t.Errorf("%s: the proxy still serves a tunnel of which both ends are closed", name)
	}
	return r
}

// patience is the limit for an event that must happen. short is the limit for
// an event that a wrong tunnel prevents.
const (
	patience = testkit.Patience
	short    = time.Second
)

func scenario(t *testing.T, name string) Scenario {
	t.Helper()
	for _, s := range All() {
		if s.Name == name {
			return s
		}
	}
	t.Fatalf("there is no scenario %q", name)
	return Scenario{}
}

func TestRightTunnelHasNoBadVerdict(t *testing.T) {
	t.Parallel()
	for _, s := range append(append([]Scenario(nil), Demo...), ProxyScenarios...) {
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			r := play(t, s.Name, right, patience)
			if r.Verdict == Bad {
				t.Errorf("a right tunnel: %s: %s", r.Fault, r.Finding)
			}
			if r.Arrived != r.Expected {
				t.Errorf("%d bytes arrived of %d", r.Arrived, r.Expected)
			}
			checkTimeline(t, r)
		})
	}
}

// checkTimeline checks what holds for every timeline.
func checkTimeline(t *testing.T, r Result) {
	t.Helper()
	if len(r.Timeline) < 4 {
		t.Errorf("%d events, want at least the request and its answer at both ends", len(r.Timeline))
	}
	for _, e := range r.Timeline {
		if e.At < 0 || e.Until != 0 && e.Until < e.At {
			t.Errorf("event %+v ends before it begins", e)
		}
	}
}

func TestWrongTunnels(t *testing.T) {
	t.Parallel()
	tests := []struct {
		why      string
		scenario string
		join     wrong
		limit    time.Duration
		fault    Fault
		says     string
	}{
		{"the first end of either side ends both", "client half-closes", func(c, b net.Conn) {
			both(func() { _, _ = io.Copy(b, c); c.Close(); b.Close() }, func() { _, _ = io.Copy(c, b) })
		}, patience, Lost, "0 of 65536 bytes of the backend's last answer arrived"},
		{"the same from the other side", "backend half-closes", func(c, b net.Conn) {
			both(func() { _, _ = io.Copy(b, c) }, func() { _, _ = io.Copy(c, b); c.Close(); b.Close() })
		}, patience, Lost, "0 of 65536 bytes of what the client sent after that arrived"},
		{"no end is passed on to the backend", "client half-closes", func(c, b net.Conn) {
			both(func() { _, _ = io.Copy(b, c) }, func() { pass(c, b) })
		}, short, Hang, "the backend was not told within 1s"},
		{"nor its close", "client closes", func(c, b net.Conn) {
			both(func() { _, _ = io.Copy(b, c) }, func() { pass(c, b) })
		}, short, Hang, "the client closed, and the backend was not told"},
		{"no end is passed on to the client", "backend closes", func(c, b net.Conn) {
			both(func() { pass(b, c) }, func() { _, _ = io.Copy(c, b) })
		}, short, Hang, "the backend closed, and the client was not told"},
		{"nor a reset", "backend resets", func(c, b net.Conn) {
			both(func() { pass(b, c) }, func() { _, _ = io.Copy(c, b) })
		}, short, Hang, "the backend reset its connection, and the client was not told"},
		{"a byte is changed", "backend closes", func(c, b net.Conn) {
			both(func() { pass(b, c) }, func() { garble(c, b, 100) })
		}, patience, Corrupt, "byte 100 of that is not the one that was sent"},
		{"a byte follows that nobody sent", "client closes", func(c, b net.Conn) {
			both(func() {
				_, _ = io.Copy(b, c)
				_, _ = b.Write([]byte{upstream.at(answerSize)})
				b.(*net.TCPConn).CloseWrite()
			}, func() { pass(c, b) })
		}, patience, Corrupt, "1 bytes too many"},
		{"the end of the answer is cut off", "backend closes", func(c, b net.Conn) {
			both(func() { pass(b, c) }, func() { _, _ = io.CopyN(c, b, 1000); c.Close(); b.Close() })
		}, patience, Lost, "1000 of 65536 bytes of that arrived"},
		{"nothing is passed on", "echo", func(c, b net.Conn) {
			both(func() { _, _ = io.Copy(io.Discard, c) }, func() { _, _ = io.Copy(io.Discard, b) })
		}, short, Hang, "0 of 1 bytes of what the client sent arrived within 1s"},
		{"both connections end at once", "echo", func(c, b net.Conn) {}, patience, Lost, "0 of 1 bytes of what the client sent arrived"},
		{"the backend's connection ends at once", "echo", func(c, b net.Conn) {
			b.Close()
			_, _ = io.Copy(io.Discard, c)
		}, patience, Lost, "0 of 1 bytes of what the client sent arrived"},
	}
	for _, tt := range tests {
		t.Run(tt.scenario+"/"+tt.why, func(t *testing.T) {
			t.Parallel()
			r := play(t, tt.scenario, tt.join, tt.limit)
			if r.Verdict != Bad || r.Fault != tt.fault || !strings.Contains(r.Finding, tt.says) {
				t.Errorf("verdict %s, %s: %q; want bad, %s, saying %q", r.Verdict, r.Fault, r.Finding, tt.fault, tt.says)
			}
			checkTimeline(t, r)
		})
	}
}

// garble is pass with the byte at offset changed.
func garble(to, from net.Conn, offset int) {
	p := make([]byte, offset+1)
	if _, err := io.ReadFull(from, p); err != nil {
		return
	}
	p[offset] ^= 1
	_, _ = to.Write(p)
	pass(to, from)
}

// A proxy may end or hold a tunnel whose backend ignores EOF, or one of whose
// ends has vanished. Neither is a fault; the note says what the proxy does.
func TestNotesTellWhetherTheTunnelIsHeld(t *testing.T) {
	t.Parallel()
	ends := func(c, b net.Conn) { // closes both once either side has ended
		both(func() { _, _ = io.Copy(b, c); b.(*net.TCPConn).CloseWrite(); c.Close() }, func() { _, _ = io.Copy(c, b) })
	}
	gives := func(c, b net.Conn) { // gives up, as a timer would make it
		_, _ = io.CopyN(io.Discard, c, 4<<10)
	}
	tests := []struct {
		scenario   string
		join       wrong
		says, knew string
	}{
		{"backend ignores EOF", right, "still held the tunnel", "nothing"},
		{"backend ignores EOF", ends, "the proxy ended the tunnel (EOF) after", "EOF"},
		{"backend vanishes", right, "still held the tunnel", "nothing"},
		{"backend vanishes", gives, "the proxy told the client so", "EOF"},
		{"client vanishes", right, "still held the tunnel", "nothing"},
	}
	for _, tt := range tests {
		t.Run(tt.scenario+"/"+tt.knew, func(t *testing.T) {
			t.Parallel()
			r := play(t, tt.scenario, tt.join, patience)
			if r.Verdict != Note || r.Knew != tt.knew || !strings.Contains(r.Finding, tt.says) {
				t.Errorf("verdict %s, told by %s: %q; want a note, %s, saying %q", r.Verdict, r.Knew, r.Finding, tt.knew, tt.says)
			}
		})
	}
}

func TestHowTheOtherSideWasTold(t *testing.T) {
	r := play(t, "client resets", right, patience)
	if r.Verdict != OK || r.Knew != "reset" || r.Notice != "" {
		t.Errorf("a reset that is passed on is %s, told by %s, %q; want ok, reset, and nothing to notice", r.Verdict, r.Knew, r.Notice)
	}
	r = play(t, "client resets", func(c, b net.Conn) {
		both(func() { _, _ = io.Copy(b, c); b.(*net.TCPConn).CloseWrite() }, func() { pass(c, b) })
	}, patience)
	if r.Verdict != Note || r.Knew != "EOF" || !strings.Contains(r.Notice, "an abort looks like an orderly end") {
		t.Errorf("a reset that becomes a FIN is %s, told by %s, %q; want a note, EOF, and that an abort looks orderly", r.Verdict, r.Knew, r.Notice)
	}
}

func TestOrderlyEndMustNotLookLikeAnAbort(t *testing.T) {
	for end, want := range map[ending]Verdict{eof: OK, reset: Note, failed: Note, open: Bad} {
		r := &run{res: Result{Verdict: OK}}
		r.told(&peer{lane: Client, end: end}, "the backend closed")
		if r.res.Verdict != want || (want == OK) != (r.res.Finding == "" && r.res.Notice == "") {
			t.Errorf("an orderly end that is told by %q is %s: %q, %q; want %s, and why if it is not ok", end, r.res.Verdict, r.res.Finding, r.res.Notice, want)
		}
	}
}

// A verdict that is not OK has a finding and a notice; one that is OK has
// neither.
func TestWhatIsOKHasNothingToNotice(t *testing.T) {
	t.Parallel()
	for _, s := range All() {
		if s.Name == "wrong token" || s.Name == "unasked 101" { // the garbage collector decides the verdict
			continue
		}
		t.Run(s.Name, func(t *testing.T) {
			t.Parallel()
			local, err := LocalConfig{}.Start()
			if err != nil {
				t.Fatal(err)
			}
			defer local.Close(patience)
			local.Limit = patience
			r := local.Run(context.Background(), s)
			if (r.Verdict == OK) != (r.Finding == "" && r.Notice == "") || (r.Finding == "") != (r.Notice == "") {
				t.Errorf("verdict %s, finding %q, notice %q: want both, or ok and none", r.Verdict, r.Finding, r.Notice)
			}
		})
	}
}

func TestErrorsAreToldApart(t *testing.T) {
	for err, want := range map[error]ending{io.EOF: eof, net.ErrClosed: vanished, errors.New("bad record MAC"): failed, io.ErrUnexpectedEOF: failed} {
		if got := endingOf(err); got != want {
			t.Errorf("endingOf(%v) = %q, want %q", err, got, want)
		}
	}
}

// A probe that is stopped returns at once. It says nothing of the scenario that
// was being played.
func TestStoppedProbeEndsAtOnce(t *testing.T) {
	started := make(chan struct{})
	local, err := LocalConfig{Proxy: func(target *url.URL) http.Handler {
		return tunnelOf(target, func(c, b net.Conn) {
			close(started)
			both(func() { _, _ = io.Copy(io.Discard, c) }, func() { _, _ = io.Copy(io.Discard, b) })
		})
	}}.Start()
	if err != nil {
		t.Fatal(err)
	}
	defer local.Close(patience)
	local.Limit = time.Hour
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan Result, 1)
	go func() { done <- local.Run(ctx, scenario(t, "echo")) }()
	<-started
	cancel()
	select {
	case r := <-done:
		if r.Verdict != Bad || r.Fault != Cut || r.Arrived != 0 {
			t.Errorf("Run when stopped = %s, %s, %d bytes; want bad, cut, and nothing claimed", r.Verdict, r.Fault, r.Arrived)
		}
		checkTimeline(t, r)
	case <-time.After(patience):
		t.Fatal("Run does not end when it is stopped")
	}
}
