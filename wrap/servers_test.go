package wrap_test

import (
	"crypto/tls"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/bodywrap/bodywrap/internal/testkit"
	"github.com/bodywrap/bodywrap/wrap"
)

// A frontend is an HTTP server on some kind of connection.
type frontend struct {
	dial  func(t *testing.T) net.Conn
	watch *watchingListener
}

var frontendKinds = []struct {
	name      string
	start     func(t *testing.T, h http.Handler) *frontend
	halfClose bool
}{
	{"TCP", tcpFrontend, true},
	{"TLS", tlsFrontend, true},
	{"Unix", unixFrontend, true},
	{"Pipe", pipeFrontend, false},
}

func tcpFrontend(t *testing.T, h http.Handler) *frontend {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return startFrontend(t, l, h, nil, dialer(l))
}

func unixFrontend(t *testing.T, h http.Handler) *frontend {
	l, err := net.Listen("unix", testkit.SocketPath(t))
	if err != nil {
		t.Fatal(err)
	}
	return startFrontend(t, l, h, nil, dialer(l))
}

func tlsFrontend(t *testing.T, h http.Handler) *frontend {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	under := dialer(l)
	dial := func() (net.Conn, error) {
		conn, err := under()
		if err != nil {
			return nil, err
		}
		return tls.Client(conn, testkit.ClientTLS()), nil
	}
	return startFrontend(t, l, h, testkit.ServerTLS(), dial)
}

func pipeFrontend(t *testing.T, h http.Handler) *frontend {
	l := &pipeListener{conns: make(chan net.Conn), closed: make(chan struct{})}
	return startFrontend(t, l, h, nil, l.dial)
}

func dialer(l net.Listener) func() (net.Conn, error) {
	return func() (net.Conn, error) { return net.Dial(l.Addr().Network(), l.Addr().String()) }
}

// startFrontend serves h until the test is over, and then waits for it to
// return.
func startFrontend(t *testing.T, l net.Listener, h http.Handler, config *tls.Config, dial func() (net.Conn, error)) *frontend {
	watch := &watchingListener{Listener: l}
	l = watch
	if config != nil {
		l = tls.NewListener(l, config)
	}
	var running sync.WaitGroup
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		running.Add(1)
		defer running.Done()
		h.ServeHTTP(w, r)
	})}
	served := make(chan error, 1)
	go serveOn(server, l, served)
	t.Cleanup(func() {
		_ = server.Close() // the listener's close error says nothing about the test
		if err := <-served; err != http.ErrServerClosed {
			t.Errorf("Serve = %v, want http.ErrServerClosed", err)
		}
		running.Wait()
	})
	return &frontend{
		watch: watch,
		dial: func(t *testing.T) net.Conn {
			t.Helper()
			conn, err := dial()
			if err != nil {
				t.Fatal(err)
			}
			return closedAtEnd(t, conn)
		},
	}
}

func serveOn(server *http.Server, l net.Listener, done chan<- error) { done <- server.Serve(l) }

// A watchingListener accepts connections on which a test can wait for bytes.
// They hide the original's optional methods, and have an Unwrap method.
type watchingListener struct {
	net.Listener
	last atomic.Pointer[watchedConn]
}

func (l *watchingListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	watched := &watchedConn{Conn: conn, arrived: make(chan struct{})}
	l.last.Store(watched)
	return watched, nil
}

type watchedConn struct {
	net.Conn
	armed   atomic.Bool
	once    sync.Once
	arrived chan struct{} // closed once something came after armed was set
}

func (c *watchedConn) Unwrap() net.Conn { return c.Conn }

func (c *watchedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 && c.armed.Load() {
		c.once.Do(func() { close(c.arrived) })
	}
	return n, err
}

// A pipeListener accepts ends of net.Pipe.
type pipeListener struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (l *pipeListener) dial() (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case l.conns <- server:
		return client, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.conns:
		return conn, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *pipeListener) Addr() net.Addr { return recordedAddr("pipe") }

var (
	upgradeRequest = testkit.UpgradeRequest("test")
	switching      = testkit.Switching("test")
)

// A sending is what a client sends once after, if it has one, is closed.
type sending struct {
	after <-chan struct{}
	text  []byte
}

// send writes the messages in turn, and half-closes if that is asked for.
func send(c net.Conn, messages []sending, fin bool, done chan<- error) {
	for _, m := range messages {
		if m.after != nil {
			<-m.after
		}
		if _, err := c.Write(m.text); err != nil {
			done <- err
			return
		}
	}
	if fin {
		done <- c.(wrap.CloseWriter).CloseWrite()
		return
	}
	done <- nil
}
