package tunnel_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"

	"github.com/bodywrap/bodywrap/wrap/tunnel"
)

// A copier is a way to serve upgraded connections to a backend.
type copier struct {
	name  string
	serve func(l net.Listener, backend string)
}

var copiers = []copier{
	{"tunnel", func(l net.Listener, backend string) { joinAll(l, backend, joinTunnel) }},
	{"io.Copy", func(l net.Listener, backend string) { joinAll(l, backend, joinCopy) }},
	{"ReverseProxy", serveReverseProxy},
	{"tunnel.Upgrade", serveUpgrade},
}

// start serves on a new listener until the caller closes that.
func (c copier) start(backend string) (net.Listener, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	go c.serve(l, backend)
	return l, nil
}

// joinAll joins each connection from l with a new one to backend, before any
// byte of HTTP was read.
func joinAll(l net.Listener, backend string, join func(client, backend *net.TCPConn)) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		b, err := net.Dial("tcp", backend)
		if err != nil {
			c.Close()
			continue
		}
		go join(c.(*net.TCPConn), b.(*net.TCPConn))
	}
}

func joinTunnel(client, backend *net.TCPConn) {
	_, _ = tunnel.Copy(context.Background(), client, backend, nil) // the sender checks what arrives
}

func joinCopy(client, backend *net.TCPConn) {
	defer client.Close()
	defer backend.Close()
	done := make(chan struct{})
	go copyAndFinish(done, backend, client)
	copyAndFinish(nil, client, backend)
	<-done
}

func copyAndFinish(done chan<- struct{}, dst, src *net.TCPConn) {
	_, _ = io.Copy(dst, src) // the sender checks what arrives
	_ = dst.CloseWrite()
	if done != nil {
		close(done)
	}
}

func serveReverseProxy(l net.Listener, backend string) {
	rp := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: backend})
	tr := &http.Transport{}
	defer tr.CloseIdleConnections()
	rp.Transport = tr
	_ = http.Serve(l, rp) // until l is closed
}

func serveUpgrade(l net.Listener, backend string) {
	tr := &http.Transport{}
	defer tr.CloseIdleConnections()
	_ = http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		out := r.Clone(r.Context())
		out.URL.Scheme, out.URL.Host, out.RequestURI = "http", backend, ""
		resp, err := tr.RoundTrip(out)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		_, _ = tunnel.Upgrade(w, r, resp, nil) // the sender checks what arrives
	})) // until l is closed
}
