//go:build go1.25

package soak_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
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

// The exchange that is run with a fault at each of its bytes. No side sends
// before it has the whole of what comes before:
//
//	client                backend
//	request      ->
//	             <-       head
//	ask          ->
//	             <-       reply
//	half-close   ->
//	             <-       answer, close
const (
	request = "GET / HTTP/1.1\r\nHost: backend\r\nUser-Agent:\r\nConnection: Upgrade\r\nUpgrade: soak\r\n\r\n"
	ask     = "abcdefghijklmn"
	reply   = "ABCDEFGHIJKL"
	answer  = "0123456789"
)

// head is that of the backend's answer.
var head = testkit.Switching("soak")

// An exchange is run through a proxy, once.
type exchange struct {
	fault    fault
	accepted chan *faultyConn
	client   *faultyConn // the proxy's connection with the client, once it is there

	mu      sync.Mutex
	backend *faultyConn // the proxy's connection with the backend; nil before it dials

	clientSaw   clientSight
	backendSaw  backendSight
	backendDone chan backendSight
	wrapped     chan struct{} // closed when the body of a 101 is wrapped
	done        chan wrap.Summary
}

type clientSight struct {
	status int // of the answer; 0 if there was none, or not a whole one
	bytes  int // of reply and answer
	eof    bool
	err    error // what never may happen
}

type backendSight struct {
	request bool // the whole of it
	bytes   int  // of ask
	eof     bool
	err     error
}

type exchangeKey struct{}

func exchangeOf(ctx context.Context) *exchange { return ctx.Value(exchangeKey{}).(*exchange) }

// A rig runs exchanges through a proxy, one at a time.
type rig struct {
	server   *httptest.Server
	backends net.Listener
	dialing  sync.Mutex
	now      atomic.Pointer[exchange]
	wraps    atomic.Int64 // 101 bodies that were wrapped
	dones    atomic.Int64 // calls of Done's function for them
}

// newRig starts a proxy. The proxy that newProxy returns must send its requests
// by the transport that newProxy is given.
func newRig(t *testing.T, newProxy func(*rig, http.RoundTripper) http.Handler) *rig {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	r := &rig{backends: l}
	r.server = httptest.NewUnstartedServer(newProxy(r, &http.Transport{
		DialContext:         r.dialBackend,
		MaxIdleConnsPerHost: -1, // each exchange has its own connection
	}))
	r.server.Listener = faultyListener{r.server.Listener, r}
	r.server.Config.ErrorLog = log.New(io.Discard, "", 0)
	r.server.Config.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		return context.WithValue(ctx, exchangeKey{}, r.now.Load())
	}
	r.server.Start()
	t.Cleanup(r.server.Close)
	return r
}

// wrapBody puts Done in front of resp's body, and hooks in front of that.
func (r *rig) wrapBody(resp *http.Response, hooks ...wrap.Hooks) {
	if resp.StatusCode != http.StatusSwitchingProtocols {
		return
	}
	x := exchangeOf(resp.Request.Context())
	r.wraps.Add(1)
	close(x.wrapped)
	done := wrap.Done(func(s wrap.Summary) {
		r.dones.Add(1)
		x.done <- s
	})
	resp.Body = wrap.Body(resp.Body, append(hooks, done)...)
}

type faultyListener struct {
	net.Listener
	r *rig
}

func (l faultyListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	x := l.r.now.Load()
	fc := newFaultyConn(c)
	x.fault.breakClient(fc)
	x.accepted <- fc
	return fc, nil
}

func (r *rig) dialBackend(ctx context.Context, network, addr string) (net.Conn, error) {
	x := exchangeOf(ctx)
	r.dialing.Lock()
	defer r.dialing.Unlock()
	near, err := net.Dial("tcp", r.backends.Addr().String())
	if err != nil {
		return nil, err
	}
	far, err := r.backends.Accept()
	if err != nil {
		return nil, err
	}
	c := newFaultyConn(near)
	x.fault.breakBackend(c)
	go x.serveBackend(far)
	x.mu.Lock()
	defer x.mu.Unlock()
	x.backend = c
	return c, nil
}

func (x *exchange) dialed() *faultyConn {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.backend
}

// run runs one exchange. It returns after both ends and the proxy have finished
// with it.
func (r *rig) run(f fault) (*exchange, error) {
	x := &exchange{
		fault:       f,
		accepted:    make(chan *faultyConn, 1),
		backendDone: make(chan backendSight, 1),
		wrapped:     make(chan struct{}),
		done:        make(chan wrap.Summary, 2),
	}
	r.now.Store(x)
	conn, err := net.Dial("tcp", r.server.Listener.Addr().String())
	if err != nil {
		return nil, err
	}
	x.talk(conn)
	x.client = <-x.accepted
	// The proxy closes both its connections, whatever happened. Should it
	// have dialed when the client was gone already, nobody waits for that
	// one.
	patient := time.NewTimer(testkit.Patience)
	defer patient.Stop()
	wait := func(what string, c <-chan struct{}) error {
		select {
		case <-c:
			return nil
		case <-patient.C:
			return fmt.Errorf("%s after %v", what, testkit.Patience)
		}
	}
	if err := wait("the proxy has not closed the client's connection", x.client.closed); err != nil {
		return x, err
	}
	if c := x.dialed(); c != nil {
		if err := wait("the proxy has not closed the backend's connection", c.closed); err != nil {
			return x, err
		}
		select {
		case x.backendSaw = <-x.backendDone:
		case <-patient.C:
			return x, fmt.Errorf("the backend has not ended after %v", testkit.Patience)
		}
	}
	return x, errors.Join(x.clientSaw.err, x.backendSaw.err)
}

// talk is the client.
func (x *exchange) talk(conn net.Conn) {
	defer conn.Close()
	saw := &x.clientSaw
	_ = conn.SetDeadline(time.Now().Add(testkit.Patience))
	if _, err := io.WriteString(conn, request); err != nil {
		saw.err = hung(err)
		return
	}
	br := bufio.NewReader(conn)
	resp, err := http.ReadResponse(br, nil)
	if err != nil {
		saw.err = hung(err)
		return
	}
	if resp.StatusCode != http.StatusSwitchingProtocols {
		_, err := io.Copy(io.Discard, resp.Body)
		saw.status, saw.err = resp.StatusCode, hung(err)
		return
	}
	saw.status = resp.StatusCode
	if _, err := io.WriteString(conn, ask); err != nil {
		saw.err = hung(err)
		return
	}
	if !x.clientReads(br, reply) {
		return
	}
	_ = conn.(*net.TCPConn).CloseWrite() // may be gone
	if !x.clientReads(br, answer) {
		return
	}
	n, err := br.Read(make([]byte, 1))
	saw.eof = err == io.EOF
	if n > 0 {
		saw.err = errors.New("the client read more than was sent")
	}
}

// clientReads reports whether the client gets all of text.
func (x *exchange) clientReads(r io.Reader, text string) bool {
	n, eof, err := reads(r, text)
	x.clientSaw.bytes += n
	x.clientSaw.eof = eof
	if err != nil {
		x.clientSaw.err = fmt.Errorf("the client: %w", err)
	}
	return n == len(text)
}

// serveBackend and playBackend are the backend.
func (x *exchange) serveBackend(conn net.Conn) { x.backendDone <- playBackend(conn) }

func playBackend(conn net.Conn) (saw backendSight) {
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(testkit.Patience))
	br := bufio.NewReader(conn)
	if _, err := http.ReadRequest(br); err != nil {
		saw.err = hung(err)
		return saw
	}
	saw.request = true
	if _, err := io.WriteString(conn, head); err != nil {
		saw.err = hung(err)
		return saw
	}
	var err error
	saw.bytes, saw.eof, err = reads(br, ask)
	if err != nil {
		saw.err = fmt.Errorf("the backend: %w", err)
	}
	if saw.bytes < len(ask) {
		return saw
	}
	if _, err := io.WriteString(conn, reply); err != nil {
		saw.err = hung(err)
		return saw
	}
	n, err := br.Read(make([]byte, 1))
	if n > 0 {
		saw.err = errors.New("the backend read more than was sent")
	}
	if saw.eof = err == io.EOF; saw.eof {
		_, err := io.WriteString(conn, answer)
		saw.err = hung(err)
	}
	return saw
}

// reads reads text, or its beginning. It returns an error if other bytes came,
// or nothing came in time.
func reads(r io.Reader, text string) (n int, eof bool, err error) {
	buf := make([]byte, len(text))
	n, err = io.ReadFull(r, buf)
	eof = err == io.EOF || err == io.ErrUnexpectedEOF
	if !strings.HasPrefix(text, string(buf[:n])) {
		return n, eof, fmt.Errorf("read %q, want a beginning of %q", buf[:n], text)
	}
	return n, eof, hung(err)
}

// hung returns err if it is a timeout, and nil if not: any other error may be
// injected.
func hung(err error) error {
	if ne, ok := err.(net.Error); ok && ne.Timeout() {
		return fmt.Errorf("hangs: %w", err)
	}
	return nil
}
