package wrap_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/bodywrap/bodywrap/internal/testkit"
)

// The optional methods of a connection, as bits of a mask.
const (
	connCloseWrite = 1 << iota
	connCloseRead
	connWriteTo
	connReadFrom
	connSyscallConn
	connNetConn
	connConnectionState
	connHandshakeContext
	allConnMethods = 1<<iota - 1
)

// connMasks are the combinations in the family: net/http asks for
// HandshakeContext only after it has found ConnectionState.
func connMasks() (masks []int) {
	for mask := range allConnMethods + 1 {
		if keptByConn(mask) == mask {
			masks = append(masks, mask)
		}
	}
	return masks
}

// keptByConn returns the methods that Conn keeps of a connection with those in
// mask.
func keptByConn(mask int) int {
	if mask&connConnectionState == 0 {
		mask &^= connHandshakeContext
	}
	return mask
}

type (
	connectionStater   interface{ ConnectionState() tls.ConnectionState }
	handshakeContexter interface {
		HandshakeContext(ctx context.Context) error
	}
)

// connMethodNames names mask as net.Conn+CloseWrite+WriteTo.
func connMethodNames(mask int) string {
	names := []string{"net.Conn"}
	for i, name := range []string{"CloseWrite", "CloseRead", "WriteTo", "ReadFrom", "SyscallConn", "NetConn", "ConnectionState", "HandshakeContext"} {
		if mask&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, "+")
}

// connMethodsOf returns the optional methods of c.
func connMethodsOf(c net.Conn) (mask int) {
	if _, ok := c.(interface{ CloseWrite() error }); ok {
		mask |= connCloseWrite
	}
	if _, ok := c.(interface{ CloseRead() error }); ok {
		mask |= connCloseRead
	}
	if _, ok := c.(io.WriterTo); ok {
		mask |= connWriteTo
	}
	if _, ok := c.(io.ReaderFrom); ok {
		mask |= connReadFrom
	}
	if _, ok := c.(syscall.Conn); ok {
		mask |= connSyscallConn
	}
	if _, ok := c.(interface{ NetConn() net.Conn }); ok {
		mask |= connNetConn
	}
	if _, ok := c.(connectionStater); ok {
		mask |= connConnectionState
	}
	if _, ok := c.(handshakeContexter); ok {
		mask |= connHandshakeContext
	}
	return mask
}

// A connRecorder has every method of a connection without TLS, and records each
// call.
type connRecorder struct {
	*recorder
	under net.Conn // what NetConn returns
}

type recordedAddr string

func (recordedAddr) Network() string  { return "test" }
func (a recordedAddr) String() string { return string(a) }

func (r *connRecorder) LocalAddr() net.Addr {
	r.note("LocalAddr")
	return recordedAddr("local")
}

func (r *connRecorder) RemoteAddr() net.Addr {
	r.note("RemoteAddr")
	return recordedAddr("remote")
}

func (r *connRecorder) SetDeadline(t time.Time) error {
	r.note("SetDeadline " + t.Format(time.Kitchen))
	return r.err
}

func (r *connRecorder) SetReadDeadline(t time.Time) error {
	r.note("SetReadDeadline " + t.Format(time.Kitchen))
	return r.err
}

func (r *connRecorder) SetWriteDeadline(t time.Time) error {
	r.note("SetWriteDeadline " + t.Format(time.Kitchen))
	return r.err
}

func (r *connRecorder) CloseRead() error {
	r.note("CloseRead")
	return r.err
}

func (r *connRecorder) SyscallConn() (syscall.RawConn, error) {
	r.note("SyscallConn")
	return nil, r.err
}

func (r *connRecorder) NetConn() net.Conn {
	r.note("NetConn")
	return r.under
}

// A tlsRecorder also has the methods of a connection with TLS.
type tlsRecorder struct{ *connRecorder }

func (r *tlsRecorder) ConnectionState() tls.ConnectionState {
	r.note("ConnectionState")
	return tls.ConnectionState{ServerName: "recorded"}
}

type noted struct{} // the key of a context's value that HandshakeContext notes

func (r *tlsRecorder) HandshakeContext(ctx context.Context) error {
	r.note(fmt.Sprint("HandshakeContext ", ctx.Value(noted{})))
	return r.err
}

// connKinds are the connections that a proxy meets.
var connKinds = []struct {
	name string
	pair func(t *testing.T) (a, b net.Conn)
	has  int
	why  string
}{
	{"TCP", tcpPair, connCloseWrite | connCloseRead | connWriteTo | connReadFrom | connSyscallConn, "can do everything"},
	{"TLS", tlsPair, connCloseWrite | connNetConn | connConnectionState | connHandshakeContext, "no fast path through a cipher"},
	{"Unix", unixPair, connCloseWrite | connCloseRead | connSyscallConn, "its ReadFrom is PacketConn's"},
	{"Pipe", pipePair, 0, "cannot half-close"},
}

func tcpPair(t *testing.T) (a, b net.Conn) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return pairThrough(t, l)
}

func unixPair(t *testing.T) (a, b net.Conn) {
	l, err := net.Listen("unix", testkit.SocketPath(t))
	if err != nil {
		t.Fatal(err)
	}
	return pairThrough(t, l)
}

// pairThrough dials l and closes l. The dial succeeds before Accept is called.
func pairThrough(t *testing.T, l net.Listener) (a, b net.Conn) {
	t.Helper()
	defer l.Close()
	a, err := net.Dial(l.Addr().Network(), l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	b, err = l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	return closedAtEnd(t, a), closedAtEnd(t, b)
}

func tlsPair(t *testing.T) (a, b net.Conn) {
	under1, under2 := tcpPair(t)
	client := tls.Client(under1, testkit.ClientTLS())
	accepted := tls.Server(under2, testkit.ServerTLS())
	shaken := make(chan error, 1)
	go shakeHands(accepted, shaken)
	if err := client.Handshake(); err != nil {
		t.Fatal(err)
	}
	if err := <-shaken; err != nil {
		t.Fatal(err)
	}
	return closedAtEnd(t, client), closedAtEnd(t, accepted)
}

func shakeHands(c *tls.Conn, done chan<- error) { done <- c.Handshake() }

func pipePair(t *testing.T) (a, b net.Conn) {
	a, b = net.Pipe()
	return closedAtEnd(t, a), closedAtEnd(t, b)
}

// closedAtEnd gives c a deadline that only a fault reaches, and closes it
// after the test.
func closedAtEnd(t *testing.T, c net.Conn) net.Conn {
	t.Helper()
	if err := c.SetDeadline(time.Now().Add(testkit.Patience)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}
