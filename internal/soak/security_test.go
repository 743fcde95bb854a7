//go:build go1.25

package soak_test

import (
	"crypto/tls"
	"net"

	"github.com/bodywrap/bodywrap/internal/probe"
)

// A security is the TLS of both ends of a connection. A nil one is none.
type security struct{ server, client *tls.Config }

// newSecurity is good for loopback.
func newSecurity() *security {
	server := probe.ServerTLS()
	server.SessionTicketsDisabled = true // one that nobody has read turns a Close into a reset
	return &security{server, probe.ClientTLS()}
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
