package interop

import (
	"context"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/bodywrap/bodywrap/internal/testkit"
)

// TestTransportsCloseWhileReading closes the upgraded bodies of each transport
// while a Read waits, like ReverseProxy at the end of a tunnel. The Read must
// return. TestTransports runs this test with the race detector.
func TestTransportsCloseWhileReading(t *testing.T) {
	if playedElsewhere(t) {
		return
	}
	for _, tr := range transports {
		t.Run(tr.name, func(t *testing.T) {
			backend := startTalker(t)
			base := &http.Transport{DialContext: dialSmall}
			defer base.CloseIdleConnections()
			rt := tr.wrap(t, base)
			for range 20 {
				closeWhileReading(t, rt, backend)
			}
		})
	}
}

// racesOf says which calls of a transport's upgraded body have a data race.
func racesOf(t *testing.T, transport string) string {
	if racesIn(t, "TestTransportsCloseWhileReading/"+transport) {
		return "Read and Close"
	}
	return "none"
}

// racesIn finds a data race in another process, and fails no test of this one.
func TestRacesAreFoundElsewhere(t *testing.T) {
	if !racesIn(t, "TestRaceOfOurOwn") {
		t.Error("racesIn(TestRaceOfOurOwn) = false, want true")
	}
}

// TestRaceOfOurOwn has a data race, for TestRacesAreFoundElsewhere.
func TestRaceOfOurOwn(t *testing.T) {
	if playedElsewhere(t) {
		return
	}
	n, done := 0, make(chan struct{})
	go count(&n, done)
	n++
	<-done
}

func count(n *int, done chan<- struct{}) {
	*n++
	close(done)
}

func closeWhileReading(t *testing.T, rt http.RoundTripper, backend *talker) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+backend.addr, nil)
	if err != nil {
		t.Fatal(err)
	}
	testkit.AskFor(req, "talk")
	resp, err := rt.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("the backend's answer = %s, want 101", resp.Status)
	}
	over := make(chan struct{})
	go discard(resp.Body, over)
	<-backend.heard
	if err := resp.Body.Close(); err != nil {
		t.Errorf("Close = %v", err)
	}
	<-over
}

func discard(r io.Reader, over chan<- struct{}) {
	defer close(over)
	_, _ = io.Copy(io.Discard, struct{ io.Reader }{r}) // fails when the body is closed
}

// A talker is a backend that switches protocols and then sends until the client
// closes.
type talker struct {
	addr  string
	heard chan struct{} // gets a value for each connection once the client has read
	work  sync.WaitGroup
}

// The sockets between the client and a talker hold a few times socketBuffer.
// Once a talker has sent untilHeard bytes, the client has read some of them.
const (
	socketBuffer = 32 << 10
	untilHeard   = 1 << 20
)

func dialSmall(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return conn, conn.(*net.TCPConn).SetReadBuffer(socketBuffer)
}

func startTalker(t *testing.T) *talker {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := &talker{addr: l.Addr().String(), heard: make(chan struct{}, 1)}
	b.work.Add(1)
	go b.accept(l)
	t.Cleanup(func() {
		l.Close()
		b.work.Wait()
	})
	return b
}

func (b *talker) accept(l net.Listener) {
	defer b.work.Done()
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		b.work.Add(1)
		go b.talk(conn.(*net.TCPConn))
	}
}

func (b *talker) talk(conn *net.TCPConn) {
	defer b.work.Done()
	defer conn.Close()
	_ = conn.SetWriteBuffer(socketBuffer)
	_ = conn.SetDeadline(time.Now().Add(patience))
	if _, err := conn.Read(make([]byte, 4<<10)); err != nil { // the request
		return
	}
	if _, err := io.WriteString(conn, testkit.Switching("talk")); err != nil {
		return
	}
	words := make([]byte, socketBuffer)
	for sent := 0; ; sent += len(words) {
		if sent == untilHeard {
			b.heard <- struct{}{}
		}
		if _, err := conn.Write(words); err != nil {
			return // the client has closed
		}
	}
}
