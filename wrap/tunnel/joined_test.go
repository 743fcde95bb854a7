package tunnel_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/bodywrap/bodywrap/internal/testkit"
	"github.com/bodywrap/bodywrap/wrap/tunnel"
)

// link returns the two ends of a connection: one for the tunnel, and one for
// the test.
func link(t *testing.T, kind string) (ours, peer net.Conn) {
	t.Helper()
	return linkTo(t, kind, nil)
}

// linkTo is link, but control is called with the socket of the test's end
// before that connects.
func linkTo(t *testing.T, kind string, control func(network, addr string, c syscall.RawConn) error) (ours, peer net.Conn) {
	t.Helper()
	if kind == "pipe" {
		ours, peer = net.Pipe()
	} else {
		ours, peer = connect(t, kind, &net.Dialer{Control: control})
	}
	if kind == "tls" {
		ours, peer = secure(t, ours, peer)
	}
	if err := peer.SetDeadline(time.Now().Add(testkit.Patience)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { peer.Close() })
	return ours, peer
}

func connect(t *testing.T, kind string, dialer *net.Dialer) (ours, peer net.Conn) {
	t.Helper()
	l := listen(t, kind)
	defer l.Close()
	peer, err := dialer.Dial(l.Addr().Network(), l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	ours, err = l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	return ours, peer
}

// listen listens on a Unix socket, or on TCP for any other kind.
func listen(t *testing.T, kind string) net.Listener {
	t.Helper()
	network, addr := "tcp", "127.0.0.1:0"
	if kind == "unix" {
		network, addr = kind, testkit.SocketPath(t)
	}
	l, err := net.Listen(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// secure returns ours as a TLS server and peer as its client, after the
// handshake.
func secure(t *testing.T, ours, peer net.Conn) (net.Conn, net.Conn) {
	t.Helper()
	server, client := tls.Server(ours, testkit.ServerTLS()), tls.Client(peer, testkit.ClientTLS())
	shaken := make(chan error, 1)
	go func() { shaken <- server.Handshake() }()
	if err := client.Handshake(); err != nil {
		t.Fatal(err)
	}
	if err := <-shaken; err != nil {
		t.Fatal(err)
	}
	return server, client
}

// A joined tunnel runs between two peers that the test plays.
type joined struct {
	t               *testing.T
	client, backend net.Conn // the peers
	cancel          context.CancelFunc
	done            chan struct{} // closed when Copy has returned
	result          tunnel.Result // to read after done
	err             error         // to read after done
}

// join starts a tunnel between connections of these kinds, and fails t if the
// tunnel leaves anything.
func join(t *testing.T, clientKind, backendKind string, opt *tunnel.Options) *joined {
	t.Helper()
	noLeaks(t)
	return joinLinks(t, clientKind, backendKind, opt)
}

// joinLinks is join without the check for leaks, for tests that start several
// tunnels and for parallel tests.
func joinLinks(t *testing.T, clientKind, backendKind string, opt *tunnel.Options) *joined {
	t.Helper()
	client, clientPeer := link(t, clientKind)
	backend, backendPeer := link(t, backendKind)
	return joinConns(t, client, clientPeer, backend, backendPeer, opt)
}

func joinConns(t *testing.T, client io.ReadWriteCloser, clientPeer net.Conn, backend io.ReadWriteCloser, backendPeer net.Conn, opt *tunnel.Options) *joined {
	ctx, cancel := context.WithCancel(context.Background())
	j := &joined{t: t, client: clientPeer, backend: backendPeer, cancel: cancel, done: make(chan struct{})}
	go j.copy(ctx, client, backend, opt)
	t.Cleanup(func() {
		cancel()
		<-j.done
	})
	return j
}

func (j *joined) copy(ctx context.Context, client, backend io.ReadWriteCloser, opt *tunnel.Options) {
	defer close(j.done)
	j.result, j.err = tunnel.Copy(ctx, client, backend, opt)
}

// wait returns what Copy returned.
func (j *joined) wait() (tunnel.Result, error) {
	j.t.Helper()
	select {
	case <-j.done:
	case <-time.After(testkit.Patience):
		j.t.Fatal("Copy has not returned")
	}
	return j.result, j.err
}

// noLeaks fails the test if goroutines or descriptors are left after it. A
// parallel test does not call it: see waitTogether.
func noLeaks(t *testing.T) {
	t.Helper()
	testkit.NoLeaks(t, tunnel.DropPipes)
}

// waitFor waits until done returns true. what is the event for a message.
func waitFor(t *testing.T, what string, done func() bool) {
	t.Helper()
	if !testkit.Eventually(done) {
		t.Fatalf("waited %v for %s", testkit.Patience, what)
	}
}

func send(t *testing.T, w io.Writer, p []byte) {
	t.Helper()
	if n, err := w.Write(p); err != nil {
		t.Errorf("Write of %d bytes = %d, %v", len(p), n, err)
	}
}

func finish(t *testing.T, conn net.Conn) {
	t.Helper()
	if err := conn.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
		t.Errorf("CloseWrite = %v", err)
	}
}

// reset closes conn so that its peer is reset.
func reset(t *testing.T, conn net.Conn) {
	t.Helper()
	if err := testkit.Reset(conn); err != nil {
		t.Fatal(err)
	}
}

// wantReset reads conn to its end, and fails t unless that is a reset. It
// returns the bytes that came first.
func wantReset(t *testing.T, name string, conn net.Conn) []byte {
	t.Helper()
	p, err := io.ReadAll(conn)
	if !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("%s: after %d bytes, Read = %v, want connection reset by peer", name, len(p), err)
	}
	return p
}
