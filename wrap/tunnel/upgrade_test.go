package tunnel_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bodywrap/bodywrap/internal/testkit"
	"github.com/bodywrap/bodywrap/wrap"
	"github.com/bodywrap/bodywrap/wrap/tunnel"
)

var (
	upgradeRequest  = testkit.UpgradeRequest("bytes")
	upgradeResponse = testkit.Switching("bytes")
)

// A proxy consists of a Transport and Upgrade, and serves one backend that
// speaks HTTP by hand.
type proxy struct {
	kind     string
	addr     net.Addr
	outcomes chan outcome
}

type outcome struct {
	result tunnel.Result
	err    error
}

// A backendFunc plays the backend on conn after the request. br may hold bytes
// that came with the request.
type backendFunc func(t *testing.T, conn net.Conn, br *bufio.Reader)

// startProxy serves one upgrade to backend over TCP.
func startProxy(t *testing.T, backend backendFunc, middleware ...func(http.Handler) http.Handler) *proxy {
	t.Helper()
	return startProxyOn(t, "tcp", backend, middleware...)
}

// startProxyOn is startProxy with both connections of that kind.
func startProxyOn(t *testing.T, kind string, backend backendFunc, middleware ...func(http.Handler) http.Handler) *proxy {
	t.Helper()
	l := listen(t, kind)
	served := make(chan struct{})
	go func() {
		defer close(served)
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		if kind == "tls" {
			conn = tls.Server(conn, testkit.ServerTLS())
			defer conn.Close()
		}
		br := bufio.NewReader(conn)
		if _, err := http.ReadRequest(br); err != nil {
			t.Errorf("the backend's ReadRequest = %v", err)
			return
		}
		backend(t, conn, br)
	}()
	tr := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return dial(kind, l.Addr()) }}
	p := &proxy{kind: kind, outcomes: make(chan outcome, 1)}
	var handler http.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		out := r.Clone(context.WithoutCancel(r.Context())) // net/http cancels it when the client half-closes
		out.URL.Scheme, out.URL.Host, out.RequestURI = "http", "backend", ""
		var conn net.Conn
		out = out.WithContext(httptrace.WithClientTrace(out.Context(), &httptrace.ClientTrace{
			GotConn: func(info httptrace.GotConnInfo) { conn = info.Conn },
		}))
		resp, err := tr.RoundTrip(out)
		if err != nil {
			p.outcomes <- outcome{err: err}
			return
		}
		if _, ok := resp.Body.(wrap.CloseWriter); !ok { // Go 1.24
			resp.Body = halfCloser{resp.Body.(io.ReadWriteCloser), conn.(wrap.CloseWriter)}
		}
		var o outcome
		o.result, o.err = tunnel.Upgrade(w, r, resp, nil)
		p.outcomes <- o
	})
	for _, m := range middleware {
		handler = m(handler)
	}
	srv := httptest.NewUnstartedServer(handler)
	srv.Listener.Close()
	srv.Listener = listen(t, kind)
	if kind == "tls" {
		srv.TLS = testkit.ServerTLS()
		srv.TLS.NextProtos = []string{"http/1.1"}
		srv.StartTLS()
	} else {
		srv.Start()
	}
	p.addr = srv.Listener.Addr()
	t.Cleanup(func() {
		srv.Close()
		tr.CloseIdleConnections()
		l.Close()
		<-served
	})
	return p
}

// A halfCloser has the methods that the body of a 101 has since Go 1.25.
type halfCloser struct {
	io.ReadWriteCloser
	wrap.CloseWriter
}

func dial(kind string, addr net.Addr) (net.Conn, error) {
	if kind == "tls" {
		return tls.Dial(addr.Network(), addr.String(), testkit.ClientTLS())
	}
	return net.Dial(addr.Network(), addr.String())
}

func (p *proxy) dial(t *testing.T) net.Conn {
	t.Helper()
	conn, err := dial(p.kind, p.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(testkit.Patience)); err != nil {
		t.Fatal(err)
	}
	return conn
}

func (p *proxy) wait(t *testing.T) outcome {
	t.Helper()
	select {
	case o := <-p.outcomes:
		return o
	case <-time.After(testkit.Patience):
		t.Fatal("Upgrade has not returned")
		return outcome{}
	}
}

// echoBackend sends back all bytes, and finishes after the client.
func echoBackend(t *testing.T, conn net.Conn, br *bufio.Reader) {
	send(t, conn, []byte(upgradeResponse))
	if _, err := io.Copy(conn, br); err != nil {
		t.Errorf("the backend's echo ends with %v", err)
	}
}

func readSwitching(t *testing.T, br *bufio.Reader) *http.Response {
	t.Helper()
	resp, err := http.ReadResponse(br, nil)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("the proxy answered %s", resp.Status)
	}
	return resp
}

func TestUpgradeSendsNoHopByHopFields(t *testing.T) {
	noLeaks(t)
	p := startProxy(t, func(t *testing.T, conn net.Conn, _ *bufio.Reader) {
		send(t, conn, []byte("HTTP/1.1 101 Whatever\r\nconnection: upgrade, X-Hop\r\nupgrade: BYTES\r\n"+
			"X-Hop: 1\r\nKeep-Alive: 5\r\nProxy-Authenticate: x\r\nX-End: to end\r\n\r\n"))
	})
	conn := p.dial(t)
	send(t, conn, []byte(upgradeRequest))
	h := readSwitching(t, bufio.NewReader(conn)).Header
	for name, want := range map[string]string{
		"Connection": "Upgrade", "Upgrade": "BYTES", "X-End": "to end",
		"X-Hop": "", "Keep-Alive": "", "Proxy-Authenticate": "", "Content-Length": "", "Transfer-Encoding": "",
	} {
		if got := strings.Join(h.Values(name), "|"); got != want {
			t.Errorf("the client got %s: %q, want %q", name, got, want)
		}
	}
	finish(t, conn)
	p.wait(t)
}

// A countedBody counts calls of Close.
type countedBody struct {
	io.Reader
	closed atomic.Int32
}

func (b *countedBody) Close() error {
	b.closed.Add(1)
	return nil
}

type writableBody struct {
	*countedBody
	io.Writer
}

func TestUpgradeRefuses(t *testing.T) {
	group := new(tunnel.Group)
	if err := group.Shutdown(context.Background()); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		why              string
		asked, switched  string
		status           int
		readOnly, noBody bool
		http10           bool
		group            *tunnel.Group
		want             int
		says             string
	}{
		{why: "not a 101", asked: "a", switched: "a", status: 200, want: 502, says: "101 alone"},
		{why: "another protocol", asked: "a", switched: "b", want: 502, says: "asked for"},
		{why: "one layer too many", asked: "a", switched: "a, b", want: 502, says: "asked for"},
		{why: "nothing asked", switched: "a", want: 502, says: "did not ask"},
		{why: "nothing named", asked: "a", want: 502, says: "does not say"},
		{why: "not a protocol", asked: "a", switched: "a b", want: 502, says: "no protocol"},
		{why: "HTTP/1.0 has no Upgrade", asked: "a", switched: "a", http10: true, want: 502, says: "HTTP/1.0"},
		{why: "the body cannot be written", asked: "a", switched: "a", readOnly: true, want: 502, says: "wrap.Keep"},
		{why: "no body", asked: "a", switched: "a", noBody: true, want: 502, says: "no Body"},
		{why: "the writer cannot be hijacked", asked: "a", switched: "A", want: 502, says: "not supported"},
		{why: "the group is shut down", asked: "a", switched: "a", group: group, want: 503, says: "shut down"},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			body := &countedBody{Reader: strings.NewReader("")}
			resp := &http.Response{StatusCode: 101, Status: "101 Switching Protocols", Header: http.Header{}, Body: writableBody{body, io.Discard}}
			if tt.status != 0 {
				resp.StatusCode = tt.status
			}
			if tt.readOnly {
				resp.Body = body
			}
			closes := int32(1)
			if tt.noBody {
				resp.Body, closes = nil, 0
			}
			r := httptest.NewRequest("GET", "/", nil)
			if tt.http10 {
				r.Proto, r.ProtoMinor = "HTTP/1.0", 0
			}
			for h, protocols := range map[*http.Header]string{&r.Header: tt.asked, &resp.Header: tt.switched} {
				if protocols != "" {
					h.Set("Connection", "keep-alive, UPGRADE")
					h.Set("Upgrade", protocols)
				}
			}
			w := httptest.NewRecorder() // it has no Hijack
			_, err := tunnel.Upgrade(w, r, resp, &tunnel.Options{Group: tt.group})
			if err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("Upgrade = %v, want an error with %q", err, tt.says)
			}
			if w.Code != tt.want {
				t.Errorf("the client got status %d, want %d", w.Code, tt.want)
			}
			if n := body.closed.Load(); n != closes {
				t.Errorf("the backend's body was closed %d times, want %d", n, closes)
			}
		})
	}
}

func TestGroupShutdown(t *testing.T) {
	noLeaks(t)
	group := new(tunnel.Group)
	opt := &tunnel.Options{Group: group}
	start := func() *joined {
		client, clientPeer := link(t, "tcp")
		backend, backendPeer := link(t, "tcp")
		j := joinConns(t, client, clientPeer, backend, backendPeer, opt)
		send(t, clientPeer, []byte("x"))
		if _, err := io.ReadFull(backendPeer, make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		return j
	}
	finishing, staying := start(), start()
	if n := group.Len(); n != 2 {
		t.Errorf("Len = %d, want 2", n)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- group.Shutdown(ctx) }()

	finish(t, finishing.client)
	finish(t, finishing.backend)
	if _, err := finishing.wait(); err != nil {
		t.Errorf("Copy of a tunnel that finishes during Shutdown = %v, want nil", err)
	}
	select {
	case err := <-done:
		t.Fatalf("Shutdown = %v with a tunnel running", err)
	default:
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("Shutdown = %v, want context.Canceled", err)
	}
	if _, err := staying.wait(); !errors.Is(err, tunnel.ErrShutdown) {
		t.Errorf("Copy of a tunnel that does not finish = %v, want ErrShutdown", err)
	}
	client, clientPeer := link(t, "tcp")
	backend, backendPeer := link(t, "tcp")
	late := joinConns(t, client, clientPeer, backend, backendPeer, opt)
	if result, err := late.wait(); !errors.Is(err, tunnel.ErrShutdown) || result.ToClient.End != tunnel.Closed {
		t.Errorf("Copy after Shutdown = %+v, %v; want Closed and ErrShutdown", result, err)
	}
	if _, err := clientPeer.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("after Shutdown, the Read of a new client = %v, want EOF", err)
	}
}
