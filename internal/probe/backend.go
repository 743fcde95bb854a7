package probe

import (
	"bufio"
	"context"
	"crypto/sha1"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// A BackendServer is the backend of all runs. The proxy must connect to it. A
// run announces itself with expect; serve finds the run of each request by its
// header, and hands the connection over after a 101.
type BackendServer struct {
	ln   net.Listener
	work sync.WaitGroup // accept and each serve

	mu          sync.Mutex        // guards the fields below
	reached     int               // requests of ours that have come
	visits      map[string]*visit // by the name of the run
	conns       map[*backendConn]bool
	closed      bool
	stranger    Stranger // the last one
	strangerErr error    // the TLS alert that it sent, or nil
}

// A visit is one run's use of the backend.
type visit struct {
	answer func(*http.Request) answer
	tunnel chan *backendConn // the connection after an answer that switches protocols
	over   chan struct{}     // closed when the run has ended
	conns  []*backendConn    // all that carried a request of this run
}

// An answer is what the backend says to a request.
type answer struct {
	head, body string
	early      int // how many bytes of the downstream to send along with it
	hold       holding
}

// holding says what happens to the connection after an answer.
type holding int

const (
	keepAlive holding = iota // the next request may come on it
	handOver                 // it belongs to the run
	sink                     // it is read until the proxy closes it
)

type backendConn struct {
	net.Conn
	br   *bufio.Reader
	once sync.Once

	greeted chan struct{} // closed when the first byte has come, or none will
	carried int           // how many requests came on it; guarded by BackendServer.mu
	done    chan struct{} // closed when the proxy has closed the connection, or we have
}

func (c *backendConn) finish() {
	c.once.Do(func() {
		_ = c.Close() // the run is over, or the proxy has closed already
		close(c.done)
	})
}

// Listen starts a backend on addr, over TLS if config is not nil.
func Listen(addr string, config *tls.Config) (*BackendServer, error) {
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, err
	}
	if config != nil {
		ln = tls.NewListener(ln, config)
	}
	b := &BackendServer{ln: ln, visits: make(map[string]*visit), conns: make(map[*backendConn]bool)}
	b.work.Add(1)
	go b.accept()
	return b, nil
}

// Addr is the address on which the backend listens.
func (b *BackendServer) Addr() string { return b.ln.Addr().String() }

// Reached reports how many requests of ours have come through the proxy.
func (b *BackendServer) Reached() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.reached
}

// Close ends all connections and waits for what served them.
func (b *BackendServer) Close() {
	_ = b.ln.Close()
	b.mu.Lock()
	b.closed = true
	for c := range b.conns {
		c.finish()
	}
	b.mu.Unlock()
	b.work.Wait()
}

func (b *BackendServer) accept() {
	defer b.work.Done()
	for {
		conn, err := b.ln.Accept()
		if err != nil {
			return
		}
		c := &backendConn{Conn: conn, br: bufio.NewReader(conn), greeted: make(chan struct{}), done: make(chan struct{})}
		b.mu.Lock()
		if b.closed {
			b.mu.Unlock()
			_ = conn.Close()
			return
		}
		b.conns[c] = true
		b.work.Add(1)
		b.mu.Unlock()
		go b.serve(c)
	}
}

func (b *BackendServer) serve(c *backendConn) {
	defer b.work.Done()
	defer b.forget(c)
	if s, err := c.greet(); s != NoStranger {
		b.estrange(s, err)
		close(c.greeted)
		return
	}
	close(c.greeted)
	for {
		req, err := http.ReadRequest(c.br)
		if err != nil {
			return
		}
		if req.Method == http2Method {
			b.estrange(SpeaksHTTP2, nil)
			return
		}
		v := b.visitOf(req, c)
		if v == nil { // a health check, or a run that has given up
			_, err := io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
			if err != nil {
				return
			}
			continue
		}
		a := v.answer(req)
		data := append([]byte(a.head+a.body), downstream.bytes(0, a.early)...)
		if _, err := c.Write(data); err != nil {
			return
		}
		switch a.hold {
		case handOver:
			select {
			case v.tunnel <- c:
			case <-v.over:
				return
			}
			select {
			case <-c.done:
			case <-v.over:
			}
			return
		case sink:
			_, _ = io.Copy(io.Discard, c.br) // until the proxy lets go
			return
		}
	}
}

func (b *BackendServer) forget(c *backendConn) {
	c.finish()
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.conns, c)
}

// visitOf returns the run that req belongs to, or nil. If the proxy removed our
// header and there is only one run, req belongs to that run.
func (b *BackendServer) visitOf(req *http.Request, c *backendConn) *visit {
	b.mu.Lock()
	defer b.mu.Unlock()
	name := req.Header.Get(runHeader)
	v := b.visits[name]
	if v == nil && name == "" && len(b.visits) == 1 && req.Method == "GET" {
		for _, v = range b.visits {
		}
	}
	if v == nil {
		return nil
	}
	b.reached++
	c.carried++
	v.conns = append(v.conns, c)
	return v
}

// asked reports whether a request of v has come.
func (b *BackendServer) asked(v *visit) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(v.conns) > 0
}

// reused reports whether a connection of v has carried more than one request,
// of any run.
func (b *BackendServer) reused(v *visit) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.ContainsFunc(v.conns, func(c *backendConn) bool { return c.carried > 1 })
}

// expect makes the backend answer requests of the run called name.
func (b *BackendServer) expect(name string, answer func(*http.Request) answer) *visit {
	v := &visit{answer: answer, tunnel: make(chan *backendConn), over: make(chan struct{})}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.visits[name] = v
	return v
}

// endVisit ends the run called name. A tunnel that comes later is closed.
func (b *BackendServer) endVisit(name string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if v := b.visits[name]; v != nil {
		close(v.over)
		delete(b.visits, name)
	}
}

// awaitClosed waits until no more than most connections of v are open, limit is
// over, or ctx is cancelled. It returns how many are open then.
func (b *BackendServer) awaitClosed(ctx context.Context, v *visit, most int, limit time.Duration) int {
	b.mu.Lock()
	conns := make(map[*backendConn]bool)
	for _, c := range v.conns {
		conns[c] = true
	}
	b.mu.Unlock()
	ended := make(chan *backendConn)
	stop := make(chan struct{})
	var waiting sync.WaitGroup
	for c := range conns {
		waiting.Add(1)
		go func() {
			defer waiting.Done()
			select {
			case <-c.done:
				select {
				case ended <- c:
				case <-stop:
				}
			case <-stop:
			}
		}()
	}
	defer waiting.Wait()
	defer close(stop)
	timer := time.NewTimer(limit)
	defer timer.Stop()
	for len(conns) > most {
		select {
		case c := <-ended:
			delete(conns, c)
		case <-timer.C:
			return len(conns)
		case <-ctx.Done():
			return len(conns)
		}
	}
	return len(conns)
}

// switching is the answer that agrees to req and switches to protocol.
func switching(req *http.Request, protocol string, early int) answer {
	head := "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: " + protocol + "\r\n"
	if key := req.Header.Get("Sec-WebSocket-Key"); key != "" && isWebSocket(protocol) {
		sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")) // RFC 6455, section 1.3
		head += "Sec-WebSocket-Accept: " + base64.StdEncoding.EncodeToString(sum[:]) + "\r\n"
	}
	return answer{head: head + "\r\n", early: early, hold: handOver}
}

// plain is an ordinary answer.
func plain(status int, body string) answer {
	head := fmt.Sprintf("HTTP/1.1 %d %s\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n", status, http.StatusText(status), len(body))
	return answer{head: head, body: body}
}
