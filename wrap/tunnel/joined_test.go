package tunnel_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/bodywrap/bodywrap/wrap/tunnel"
)

// patience is a deadline that only a fault reaches.
const patience = 30 * time.Second

// link returns the two ends of a connection: one for the tunnel, one for the
// test.
func link(t *testing.T, kind string) (ours, peer net.Conn) {
	t.Helper()
	return linkTo(t, kind, nil)
}

// linkTo is link with control called with the socket of the test's end.
func linkTo(t *testing.T, kind string, control func(network, addr string, c syscall.RawConn) error) (ours, peer net.Conn) {
	t.Helper()
	dialer := &net.Dialer{Control: control}
	switch kind {
	case "pipe":
		ours, peer = net.Pipe()
	case "tcp", "tls":
		ours, peer = connect(t, dialer, "tcp", "127.0.0.1:0")
	case "unix":
		dir, err := os.MkdirTemp("", "tunnel") // t.TempDir is too long a name for a socket
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		ours, peer = connect(t, dialer, "unix", filepath.Join(dir, "s"))
	}
	if kind == "tls" {
		ours, peer = secure(t, ours, peer)
	}
	if err := peer.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { peer.Close() })
	return ours, peer
}

func connect(t *testing.T, dialer *net.Dialer, network, addr string) (ours, peer net.Conn) {
	t.Helper()
	l, err := net.Listen(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	peer, err = dialer.Dial(network, l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	ours, err = l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	return ours, peer
}

var certificate = func() tls.Certificate {
	srv := httptest.NewTLSServer(nil)
	defer srv.Close()
	return srv.TLS.Certificates[0]
}()

func secure(t *testing.T, ours, peer net.Conn) (net.Conn, net.Conn) {
	t.Helper()
	server := tls.Server(ours, &tls.Config{Certificates: []tls.Certificate{certificate}})
	client := tls.Client(peer, &tls.Config{InsecureSkipVerify: true}) // a test of tunnels
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
	done            chan struct{}
	result          tunnel.Result
	err             error
}

// join starts a tunnel between connections of those kinds.
func join(t *testing.T, clientKind, backendKind string, opt *tunnel.Options) *joined {
	t.Helper()
	noLeaks(t)
	return joinLinks(t, clientKind, backendKind, opt)
}

// joinLinks is join for tests that run beside others, whose parent looks for
// leaks.
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
	case <-time.After(patience):
		j.t.Fatal("Copy has not returned")
	}
	return j.result, j.err
}

// noLeaks fails the test if goroutines or descriptors are left after it.
func noLeaks(t *testing.T) {
	t.Helper()
	tunnel.DropPipes()
	goroutines, files := runtime.NumGoroutine(), openFiles()
	t.Cleanup(func() {
		deadline := time.Now().Add(patience)
		for {
			tunnel.DropPipes()
			g, f := runtime.NumGoroutine(), openFiles()
			if g <= goroutines && f <= files {
				return
			}
			if time.Now().After(deadline) {
				buf := make([]byte, 1<<20)
				t.Errorf("goroutines: %d, were %d; descriptors: %d, were %d\n%s",
					g, goroutines, f, files, buf[:runtime.Stack(buf, true)])
				return
			}
			runtime.GC() // package net pools pipes of its own
			time.Sleep(time.Millisecond)
		}
	})
}

// openFiles returns how many descriptors are open, or 0 if the system does not
// tell.
func openFiles() int {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	return len(entries)
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
	if secure, ok := conn.(*tls.Conn); ok {
		conn = secure.NetConn()
	}
	if err := conn.(*net.TCPConn).SetLinger(0); err != nil {
		t.Fatal(err)
	}
	conn.Close()
}

// wantReset reads conn to its end, which has to be a reset, and returns what
// came before.
func wantReset(t *testing.T, name string, conn net.Conn) []byte {
	t.Helper()
	p, err := io.ReadAll(conn)
	if !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("%s: after %d bytes, Read = %v, want connection reset by peer", name, len(p), err)
	}
	return p
}
