package testkit

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// Reset closes conn so that its peer is sent RST and not FIN. TLS over it says
// nothing. It works for TCP connections, and for those that lead to one by a
// NetConn method.
func Reset(conn net.Conn) error {
	if over, ok := conn.(interface{ NetConn() net.Conn }); ok {
		conn = over.NetConn()
	}
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return fmt.Errorf("testkit: a %T cannot be reset", conn)
	}
	if err := tcp.SetLinger(0); err != nil {
		return err
	}
	return tcp.Close()
}

// SocketPath returns a path that is short enough for a Unix socket, which
// t.TempDir is not everywhere. What is there is removed after the test.
func SocketPath(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "wrap")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) }) // it is in the system's folder for what may be left
	return filepath.Join(dir, "s")
}

// certified has a certificate for example.com and the loopback addresses.
var certified = sync.OnceValue(func() *httptest.Server {
	server := httptest.NewUnstartedServer(nil)
	server.StartTLS()
	server.Close()
	return server
})

// ServerTLS returns the configuration of a server on loopback.
func ServerTLS() *tls.Config {
	return &tls.Config{Certificates: certified().TLS.Certificates}
}

// ClientTLS returns the configuration of a client that trusts [ServerTLS].
func ClientTLS() *tls.Config {
	roots := x509.NewCertPool()
	roots.AddCert(certified().Certificate())
	return &tls.Config{RootCAs: roots, ServerName: "example.com"}
}
