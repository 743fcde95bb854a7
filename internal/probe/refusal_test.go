package probe

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// exchange sends req on conn and reads the whole answer.
func exchange(conn net.Conn, br *bufio.Reader, req *http.Request) (*http.Response, []byte, error) {
	if err := req.Write(conn); err != nil {
		return nil, nil, err
	}
	resp, err := http.ReadResponse(br, req)
	if err != nil {
		return nil, nil, err
	}
	body, err := io.ReadAll(resp.Body)
	return resp, body, err
}

func answerWith(w http.ResponseWriter, resp *http.Response, body []byte) {
	w.WriteHeader(resp.StatusCode)
	_, _ = w.Write(body)
}

// leaky connects for each request, and never closes.
type leaky struct {
	target *url.URL
	mu     sync.Mutex
	conns  []net.Conn
}

func (l *leaky) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	conn, err := net.Dial("tcp", l.target.Host)
	if err != nil {
		panic(err)
	}
	l.mu.Lock()
	l.conns = append(l.conns, conn)
	l.mu.Unlock()
	resp, body, err := exchange(conn, bufio.NewReader(conn), req)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	answerWith(w, resp, body)
}

// perClient has one connection to the backend for each connection of a client.
// It keeps the connection after the client has closed, and uses it only for a
// later request on the same client connection. HAProxy does so with "http-reuse
// safe".
type perClient struct {
	target *url.URL
	mu     sync.Mutex
	conns  map[string]*pooledConn
}

type pooledConn struct {
	net.Conn
	br *bufio.Reader
}

func (p *perClient) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	p.mu.Lock()
	c := p.conns[req.RemoteAddr]
	p.mu.Unlock()
	if c == nil {
		conn, err := net.Dial("tcp", p.target.Host)
		if err != nil {
			panic(err)
		}
		c = &pooledConn{conn, bufio.NewReader(conn)}
		p.mu.Lock()
		p.conns[req.RemoteAddr] = c
		p.mu.Unlock()
	}
	resp, body, err := exchange(c, c.br, req)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	answerWith(w, resp, body)
}

func TestPooledConnectionIsNoLeak(t *testing.T) {
	t.Parallel()
	tests := []struct {
		why   string
		proxy func(*url.URL) http.Handler
		fault Fault
	}{
		{"each connection stays open, and is of no use", func(u *url.URL) http.Handler { return &leaky{target: u} }, Leak},
		{"each connection stays open for the same client's next request", func(u *url.URL) http.Handler {
			return &perClient{target: u, conns: make(map[string]*pooledConn)}
		}, ""},
		{"each is closed", func(u *url.URL) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
				l := &leaky{target: u}
				defer func() { _ = l.conns[0].Close() }()
				l.ServeHTTP(w, req)
			})
		}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			t.Parallel()
			local, err := LocalConfig{Proxy: tt.proxy}.Start()
			if err != nil {
				t.Fatal(err)
			}
			defer local.Close(patience)
			local.Limit, local.answerLimit = patience, patience
			if tt.fault == Leak {
				local.Limit = short // no connection is closed
			}
			r := local.Run(context.Background(), scenario(t, "refused with 403"))
			if r.Fault != tt.fault {
				t.Errorf("fault %q: %q; want %q", r.Fault, r.Finding, tt.fault)
			}
		})
	}
}

func TestProxyThatDoesNotReachUsIsNamed(t *testing.T) {
	tests := []struct {
		why   string
		proxy func(*url.URL) http.Handler
		fault Fault
		says  string
	}{
		{"it answers by itself", func(*url.URL) http.Handler { return http.NotFoundHandler() },
			Astray, "answered 404 Not Found by itself and did not connect to the backend"},
		{"it hangs up", func(*url.URL) http.Handler {
			return http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
		}, Astray, "closed the connection and did not connect to the backend"},
		{"it takes the Upgrade header off", func(u *url.URL) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
				req.Header.Del("Upgrade")
				l := &leaky{target: u}
				defer func() { _ = l.conns[0].Close() }()
				l.ServeHTTP(w, req)
			})
		}, Refused, "without its Upgrade header, and the client was answered 426"},
	}
	for _, tt := range tests {
		local, err := LocalConfig{Proxy: tt.proxy}.Start()
		if err != nil {
			t.Fatal(err)
		}
		local.Limit = patience
		r := local.Run(context.Background(), scenario(t, "echo"))
		if r.Fault != tt.fault || !strings.Contains(r.Finding, tt.says) {
			t.Errorf("%s: %s: %q; want %s, saying %q", tt.why, r.Fault, r.Finding, tt.fault, tt.says)
		}
		local.Close(patience)
	}
}

func TestNobodyThereIsUnreachable(t *testing.T) {
	local, err := LocalConfig{}.Start()
	if err != nil {
		t.Fatal(err)
	}
	local.front.Close(patience)
	r := local.Run(context.Background(), scenario(t, "echo"))
	if r.Fault != Unreachable {
		t.Errorf("with no proxy there, %s: %q; want %s", r.Fault, r.Finding, Unreachable)
	}
	local.Close(patience)
}
