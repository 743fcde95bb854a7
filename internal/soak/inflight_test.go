package soak_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bodywrap/bodywrap/internal/testkit"
	"github.com/bodywrap/bodywrap/wrap"
)

// upgradeInFlight asks for an upgrade with a body that has no end.
const upgradeInFlight = "GET / HTTP/1.1\r\nHost: example.com\r\nConnection: Upgrade\r\nUpgrade: soak\r\nTransfer-Encoding: chunked\r\n\r\n"

// A client asks for an upgrade and goes on sending the body of its request. The
// backend answers 101 before it has read the body. So http.Transport still
// reads the body, through the server's buffer, while the proxy takes over the
// client's connection. The process must survive and serve the next client. The
// short form makes 32 upgrades through each proxy.
func TestRequestsWithABodyInFlight(t *testing.T) {
	underHandler := func(hooks ...wrap.Hooks) func(http.Handler) http.Handler {
		return func(proxy http.Handler) http.Handler { return wrap.Handler(proxy, hooks...) }
	}
	bare := func(proxy http.Handler) http.Handler { return proxy }
	for _, tt := range []struct {
		name  string
		why   string
		new   newProxyFunc
		under func(http.Handler) http.Handler
	}{
		{"ReverseProxy", "under Handler for its early bytes", newReverseProxy, underHandler()},
		{"ReverseProxy with hooks", "the buffer goes through them too", newReverseProxy, underHandler(routed)},
		{"tunnel", "Upgrade takes the buffer by itself", newTunnelProxy, bare},
		{"tunnel under Handler", "both want the buffer", newTunnelProxy, underHandler(routed)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			backend := httptest.NewServer(http.HandlerFunc(switchAtOnce))
			defer backend.Close()
			transport := &http.Transport{DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
				return new(net.Dialer).DialContext(ctx, network, backend.Listener.Addr().String())
			}}
			defer transport.CloseIdleConnections()
			proxy := httptest.NewServer(tt.under(tt.new(transport, func(*http.Response) error { return nil })))
			defer proxy.Close()

			// Few clients at once: each upgrade then takes less
			// time, and as many are needed to hit a fault.
			clients, enough := 2, func(upgrades int64) bool { return upgrades > 32 }
			if *long {
				end := time.Now().Add(*hammer)
				clients, enough = 8, func(int64) bool { return time.Now().After(end) }
			}
			var wait sync.WaitGroup
			var upgrades atomic.Int64
			for range clients {
				wait.Add(1)
				go func() {
					defer wait.Done()
					for !enough(upgrades.Add(1)) && !t.Failed() {
						sendForEver(t, proxy.Listener.Addr().String())
					}
				}()
			}
			wait.Wait()
			t.Logf("%d upgrades", upgrades.Load()-int64(clients)) // the last of each was too many
		})
	}
}

// switchAtOnce is a backend that answers 101 at once, and reads to the end.
func switchAtOnce(w http.ResponseWriter, _ *http.Request) {
	conn, brw, err := testkit.Switch(w, "soak")
	if err != nil {
		return // the server is closed
	}
	defer conn.Close()
	_, _ = io.Copy(io.Discard, brw) // to the end, which may be a reset
}

// sendForEver is a client that sends chunks until it has an answer, and a few
// more.
func sendForEver(t *testing.T, addr string) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Errorf("the proxy does not serve any more: %v", err)
		return
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(testkit.Patience)) // an error would come back from Read
	answered, sent := make(chan struct{}), make(chan struct{})
	go sendChunks(conn, answered, sent)
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	close(answered)
	if err != nil {
		t.Errorf("reading the answer: %v", err)
	} else if resp.StatusCode != http.StatusSwitchingProtocols {
		t.Errorf("the proxy answered %s, want 101", resp.Status)
	}
	<-sent
}

func sendChunks(conn net.Conn, answered <-chan struct{}, sent chan<- struct{}) {
	defer close(sent)
	if _, err := io.WriteString(conn, upgradeInFlight); err != nil {
		return
	}
	chunk := strings.Repeat("5\r\nchunk\r\n", 100)
	for left := -1; left != 0; left-- {
		if _, err := io.WriteString(conn, chunk); err != nil {
			return // the other end has had enough
		}
		select {
		case <-answered:
			answered, left = nil, 10
		default:
		}
	}
}
