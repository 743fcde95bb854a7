package tunnel_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/bodywrap/bodywrap/internal/testkit"
	"github.com/bodywrap/bodywrap/wrap"
	"github.com/bodywrap/bodywrap/wrap/tunnel"
)

// ended returns a context that is done.
func ended() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

// serve starts a server with handler, and returns its address.
func serve(t *testing.T, handler http.Handler) string {
	t.Helper()
	srv := httptest.NewServer(handler)
	t.Cleanup(srv.Close)
	return srv.Listener.Addr().String()
}

// dialTCP connects to addr. What it returns fails after testkit.Patience.
func dialTCP(t *testing.T, addr string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(testkit.Patience)); err != nil {
		t.Fatal(err)
	}
	return conn
}

// upgradeAt upgrades a connection to addr, and returns it with its reader.
func upgradeAt(t *testing.T, addr string) (net.Conn, *bufio.Reader) {
	t.Helper()
	conn := dialTCP(t, addr)
	send(t, conn, []byte(upgradeRequest))
	br := bufio.NewReader(conn)
	readSwitching(t, br)
	return conn, br
}

// echoHandler hijacks every connection and sends back all bytes.
func echoHandler(t *testing.T) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, brw, err := testkit.Switch(w, "bytes")
		if err != nil {
			t.Errorf("Hijack = %v", err)
			return
		}
		defer conn.Close()
		_, _ = io.Copy(conn, brw) // ends with the client, or with Shutdown
	})
}

// reverseProxy proxies to backend by net/http/httputil.
func reverseProxy(t *testing.T, backend string) http.Handler {
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: backend})
	tr := &http.Transport{}
	t.Cleanup(tr.CloseIdleConnections)
	proxy.Transport = tr
	proxy.ErrorLog = log.New(io.Discard, "", 0) // the client tells
	return proxy
}

// upgradeProxy proxies to backend by Upgrade.
func upgradeProxy(t *testing.T, backend string, opt *tunnel.Options) http.Handler {
	tr := &http.Transport{}
	t.Cleanup(tr.CloseIdleConnections)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		out := r.Clone(context.WithoutCancel(r.Context()))
		out.URL.Scheme, out.URL.Host, out.RequestURI = "http", backend, ""
		resp, err := tr.RoundTrip(out)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		_, _ = tunnel.Upgrade(w, r, resp, opt) // the client tells
	})
}

// hijackers are the users of Hijack behind Group.Handler.
var hijackers = []struct {
	name    string
	handler func(t *testing.T, g *tunnel.Group, backend string) http.Handler
}{
	{"a server", func(t *testing.T, g *tunnel.Group, _ string) http.Handler {
		return g.Handler(echoHandler(t))
	}},
	{"ReverseProxy", func(t *testing.T, g *tunnel.Group, backend string) http.Handler {
		return g.Handler(reverseProxy(t, backend))
	}},
	{"Upgrade", func(t *testing.T, g *tunnel.Group, backend string) http.Handler {
		return g.Handler(upgradeProxy(t, backend, nil))
	}},
	{"Upgrade of the same group", func(t *testing.T, g *tunnel.Group, backend string) http.Handler {
		return g.Handler(upgradeProxy(t, backend, &tunnel.Options{Group: g}))
	}},
	{"Upgrade of the same group below a wrapper", func(t *testing.T, g *tunnel.Group, backend string) http.Handler {
		closes := wrap.Hooks{Close: func(next io.Closer) error { return next.Close() }}
		return g.Handler(wrap.Handler(upgradeProxy(t, backend, &tunnel.Options{Group: g}), closes))
	}},
	{"Upgrade without Handler", func(t *testing.T, g *tunnel.Group, backend string) http.Handler {
		return upgradeProxy(t, backend, &tunnel.Options{Group: g})
	}},
}

// Each connection counts once while it is open. Shutdown waits for those that
// end, and then closes the rest.
func TestGroupHasEveryHijackedConnection(t *testing.T) {
	for _, tt := range hijackers {
		t.Run(tt.name, func(t *testing.T) {
			noLeaks(t)
			var group tunnel.Group
			addr := serve(t, tt.handler(t, &group, serve(t, echoHandler(t))))
			ends, _ := upgradeAt(t, addr)
			stays, br := upgradeAt(t, addr)
			for _, conn := range []net.Conn{ends, stays} {
				send(t, conn, []byte("x"))
			}
			if err := expect(io.LimitReader(br, 1), []byte("x")); err != nil {
				t.Error(err)
			}
			if n := group.Len(); n != 2 {
				t.Errorf("Len = %d with two connections open", n)
			}
			ctx, cancel := context.WithCancel(context.Background())
			done := make(chan error, 1)
			go func() { done <- group.Shutdown(ctx) }()
			ends.Close()
			waitFor(t, "the closed connection to leave", func() bool { return group.Len() == 1 })
			select {
			case err := <-done:
				t.Fatalf("Shutdown = %v with a connection open", err)
			default:
			}
			send(t, stays, []byte("y"))
			if err := expect(io.LimitReader(br, 1), []byte("y")); err != nil {
				t.Errorf("while Shutdown waits: %v", err)
			}
			cancel()
			if err := <-done; err != context.Canceled {
				t.Errorf("Shutdown = %v, want context.Canceled", err)
			}
			if n, err := io.Copy(io.Discard, br); n > 0 || err != nil {
				t.Errorf("after Shutdown the client reads %d bytes, %v; want EOF", n, err)
			}
			if n := group.Len(); n != 0 {
				t.Errorf("Len = %d after Shutdown", n)
			}
		})
	}
}

// Shutdown returns nil as soon as the last connection is closed.
func TestShutdownReturnsWhenTheLastConnectionIsClosed(t *testing.T) {
	for _, tt := range hijackers {
		t.Run(tt.name, func(t *testing.T) {
			noLeaks(t)
			var group tunnel.Group
			conn, br := upgradeAt(t, serve(t, tt.handler(t, &group, serve(t, echoHandler(t)))))
			waitFor(t, "the connection to enter", func() bool { return group.Len() == 1 })
			done := make(chan error, 1)
			go func() { done <- group.Shutdown(context.Background()) }()
			finish(t, conn)
			if _, err := io.Copy(io.Discard, br); err != nil {
				t.Error(err)
			}
			if err := <-done; err != nil {
				t.Errorf("Shutdown = %v, want nil", err)
			}
		})
	}
}

// Handlers that hijack without an upgrade are in the group, too.
func TestGroupHasHijackersThatNobodyAsked(t *testing.T) {
	noLeaks(t)
	var group tunnel.Group
	conn := dialTCP(t, serve(t, group.Handler(echoHandler(t))))
	send(t, conn, []byte("GET / HTTP/1.1\r\nHost: a\r\n\r\n"))
	br := bufio.NewReader(conn)
	readSwitching(t, br)
	if n := group.Len(); n != 1 {
		t.Errorf("Len = %d, want 1", n)
	}
	if err := group.Shutdown(ended()); err != context.Canceled {
		t.Errorf("Shutdown = %v, want context.Canceled", err)
	}
	if _, err := br.ReadByte(); err != io.EOF {
		t.Errorf("the client reads %v, want EOF", err)
	}
}

// After Shutdown, next is not called for an upgrade. Other requests reach it.
func TestHandlerRefusesLateUpgrades(t *testing.T) {
	noLeaks(t)
	var group tunnel.Group
	addr := serve(t, group.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "next "+r.Method) // the client tells
	})))
	if err := group.Shutdown(context.Background()); err != nil {
		t.Fatal(err)
	}
	for request, want := range map[string]string{
		upgradeRequest: "Service Unavailable\n",
		"CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n":                          "Service Unavailable\n",
		"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n":             "next GET",
		"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: x\r\n\r\n":                    "next GET",
		"POST / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive,close\r\n\r\n": "next POST",
	} {
		conn := dialTCP(t, addr)
		send(t, conn, []byte(request))
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatal(err)
		}
		late := strings.HasPrefix(want, "Service")
		if got, err := io.ReadAll(resp.Body); err != nil || string(got) != want || late != (resp.StatusCode == 503) {
			t.Errorf("%q is answered %s, %q, %v; want %q", request, resp.Status, got, err, want)
		}
		conn.Close()
	}
}

// If Shutdown comes before Hijack, Hijack fails, and the client gets an answer.
func TestHijackFailsAfterShutdown(t *testing.T) {
	for _, tt := range []struct {
		name string
		want int
		next func(t *testing.T, g *tunnel.Group, backend string) http.Handler
	}{
		{"a server", 500, func(*testing.T, *tunnel.Group, string) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, _, err := http.NewResponseController(w).Hijack()
				if !errors.Is(err, tunnel.ErrShutdown) {
					t.Errorf("Hijack = %v, want ErrShutdown", err)
				}
				w.WriteHeader(500)
			})
		}},
		{"ReverseProxy", 502, func(t *testing.T, _ *tunnel.Group, backend string) http.Handler {
			return reverseProxy(t, backend)
		}},
		{"Upgrade", 503, func(t *testing.T, _ *tunnel.Group, backend string) http.Handler {
			return upgradeProxy(t, backend, nil)
		}},
		{"Upgrade of the same group", 503, func(t *testing.T, g *tunnel.Group, backend string) http.Handler {
			return upgradeProxy(t, backend, &tunnel.Options{Group: g})
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			noLeaks(t)
			var group tunnel.Group
			next := tt.next(t, &group, serve(t, echoHandler(t)))
			conn := dialTCP(t, serve(t, group.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if err := group.Shutdown(context.Background()); err != nil {
					t.Errorf("Shutdown = %v with no connection", err)
				}
				next.ServeHTTP(w, r)
			}))))
			send(t, conn, []byte(upgradeRequest))
			resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil || resp.StatusCode != tt.want {
				t.Errorf("the client got %+v, %v; want status %d", resp, err, tt.want)
			}
			if n := group.Len(); n != 0 {
				t.Errorf("Len = %d, want 0", n)
			}
		})
	}
}

// A connection that was hijacked before Shutdown can become a tunnel of the
// group afterwards, unless Shutdown has closed it.
func TestTunnelTakesThePlaceOfItsConnection(t *testing.T) {
	for _, late := range []bool{false, true} {
		noLeaks(t)
		var group tunnel.Group
		hijacked, begin := make(chan bool), make(chan bool)
		backend, backendPeer := link(t, "tcp")
		copied := make(chan error, 1)
		conn := dialTCP(t, serve(t, group.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			client, _, err := testkit.Switch(w, "bytes")
			if err != nil {
				t.Errorf("Hijack = %v", err)
			}
			close(hijacked)
			<-begin
			_, err = tunnel.Copy(context.Background(), client, backend, &tunnel.Options{Group: &group})
			copied <- err
		}))))
		send(t, conn, []byte(upgradeRequest))
		<-hijacked
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		done := make(chan error, 1)
		go func() { done <- group.Shutdown(ctx) }()
		if late {
			cancel()
			if err := <-done; err != context.Canceled {
				t.Errorf("Shutdown = %v, want context.Canceled", err)
			}
			close(begin)
			if err := <-copied; !errors.Is(err, tunnel.ErrShutdown) {
				t.Errorf("Copy of a connection that Shutdown has closed = %v, want ErrShutdown", err)
			}
			continue
		}
		close(begin)
		send(t, backendPeer, []byte("hello"))
		finish(t, backendPeer)
		br := bufio.NewReader(conn)
		readSwitching(t, br)
		if err := expect(br, []byte("hello")); err != nil {
			t.Error(err)
		}
		if n := group.Len(); n != 1 {
			t.Errorf("Len = %d with one tunnel", n)
		}
		finish(t, conn)
		if err := <-copied; err != nil {
			t.Errorf("Copy = %v", err)
		}
		if err := <-done; err != nil {
			t.Errorf("Shutdown = %v, want nil", err)
		}
	}
}

// If Close of a hijacked connection blocks, Shutdown returns a second later.
// The connection stays in the group until Close has returned, though a second
// Close returns before.
func TestShutdownDoesNotWaitForAHijackersClose(t *testing.T) {
	t.Parallel()
	var group tunnel.Group
	release, closed := make(chan struct{}), make(chan struct{})
	blocked := make(chan net.Conn, 1)
	below := wrap.Handler(group.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(closed)
		conn, _, err := testkit.Switch(w, "bytes")
		if err != nil {
			t.Errorf("Hijack = %v", err)
		}
		blocked <- conn
		conn.Close()
	})), blockedClose(release))
	upgradeAt(t, serve(t, below))
	<-blocked
	err := group.Shutdown(ended())
	if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "1 sides") {
		t.Errorf("Shutdown = %v, want context.Canceled and 1 sides", err)
	}
	if n := group.Len(); n != 1 {
		t.Errorf("Len = %d while Close blocks, want 1", n)
	}
	close(release)
	<-closed
	waitFor(t, "the connection to leave", func() bool { return group.Len() == 0 })
}

func TestGroupHandlerPanicsWithoutNext(t *testing.T) {
	defer func() {
		if v, _ := recover().(string); !strings.Contains(v, "next is nil") {
			t.Errorf("Handler(nil) panics with %q", v)
		}
	}()
	new(tunnel.Group).Handler(nil)
}
