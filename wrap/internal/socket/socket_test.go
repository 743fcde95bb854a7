package socket_test

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/bodywrap/bodywrap/internal/testkit"
	"github.com/bodywrap/bodywrap/wrap"
	"github.com/bodywrap/bodywrap/wrap/internal/socket"
)

// Each Go release is asked: the body of a 101 is a type that net/http may
// change.
func TestBehindTheBodyOfA101(t *testing.T) {
	backend := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, _, err := testkit.Switch(w, "x")
		if err != nil {
			t.Errorf("Hijack = %v", err)
			return
		}
		defer conn.Close()
		_, _ = io.Copy(io.Discard, conn) // until the client closes
	})
	for _, start := range []func(http.Handler) *httptest.Server{httptest.NewServer, httptest.NewTLSServer} {
		server := start(backend)
		defer server.Close()
		req, err := http.NewRequest("GET", server.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		testkit.AskFor(req, "x")
		resp, err := server.Client().Transport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		for _, body := range []io.ReadCloser{resp.Body, wrap.Body(resp.Body, wrap.Done(func(wrap.Summary) {}))} {
			found, framed := socket.Behind(body)
			conn, ok := found.(*net.TCPConn)
			if framed != (resp.TLS != nil) {
				t.Errorf("Behind(%T) of %s says framed: %v", body, server.URL, framed)
			}
			if !ok || conn.RemoteAddr().String() != server.Listener.Addr().String() {
				t.Errorf("Behind(%T) of %s = %v, want the TCP connection with the server", body, server.URL, conn)
			}
		}
	}
}

type loop struct{ net.Conn }

func (l *loop) Unwrap() net.Conn { return l }

func TestBehindFindsNothing(t *testing.T) {
	pipe, _ := net.Pipe()
	defer pipe.Close()
	for _, v := range []any{nil, pipe, (*tls.Conn)(nil), (*net.TCPConn)(nil), new(loop), http.NoBody, 1, &http.Response{}, &struct{ io.ReadWriteCloser }{}} {
		if got, _ := socket.Behind(v); got != nil {
			t.Errorf("Behind(%T) = %v, want nil", v, got)
		}
	}
	if got := socket.Raw(nil); got != nil {
		t.Errorf("Raw(nil) = %v, want nil", got)
	}
	if n, ok := socket.Queued(nil); n != 0 || ok {
		t.Errorf("Queued(nil) = %d, %v, want 0, false", n, ok)
	}
}
