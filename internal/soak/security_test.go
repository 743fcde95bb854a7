//go:build go1.25

package soak_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"testing"
	"time"
)

// A security is the TLS of both ends of a connection. A nil one is none.
type security struct{ server, client *tls.Config }

// newSecurity makes a certificate that is good for this process.
func newSecurity(t *testing.T) *security {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		DNSNames:     []string{"soak"},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(24 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(cert)
	return &security{
		// A ticket that nobody has read turns a Close into a reset.
		server: &tls.Config{
			Certificates:           []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}},
			SessionTicketsDisabled: true,
		},
		client: &tls.Config{RootCAs: roots, ServerName: "soak"},
	}
}

func (s *security) listen(l net.Listener) net.Listener {
	if s == nil {
		return l
	}
	return tls.NewListener(l, s.server)
}

func (s *security) dial(addr string) (net.Conn, error) {
	if s == nil {
		return net.Dial("tcp", addr)
	}
	return tls.Dial("tcp", addr, s.client)
}

// tcpOf returns the connection below.
func tcpOf(conn net.Conn) *net.TCPConn {
	if secure, ok := conn.(*tls.Conn); ok {
		conn = secure.NetConn()
	}
	return conn.(*net.TCPConn)
}

// halfClose sends FIN, or close_notify.
func halfClose(conn net.Conn) error { return conn.(interface{ CloseWrite() error }).CloseWrite() }

// cut resets the connection below, without a word.
func cut(conn net.Conn) {
	tcp := tcpOf(conn)
	_ = tcp.SetLinger(0) // makes Close a reset
	_ = tcp.Close()
}
