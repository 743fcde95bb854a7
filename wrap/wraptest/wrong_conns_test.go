package wraptest_test

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"syscall"
	"time"

	"github.com/bodywrap/bodywrap/wrap"
)

// tcpConn has the methods of a *net.TCPConn.
type tcpConn interface {
	net.Conn
	io.WriterTo
	io.ReaderFrom
	syscall.Conn
	wrap.CloseWriter
	closeReader
}

type closeReader interface{ CloseRead() error }

// wrongConn is wrong about a TCP connection, and leaves all others alone.
func wrongConn(wrong func(tcpConn) net.Conn) func(net.Conn) net.Conn {
	return func(c net.Conn) net.Conn {
		_, secure := c.(interface{ NetConn() net.Conn })
		if tcp, ok := c.(tcpConn); ok && !secure {
			return wrong(tcp)
		}
		return c
	}
}

// Each of these types has one fault.
type (
	sysConn = syscall.Conn // net.Conn and syscall.Conn cannot both be embedded as Conn

	connLosesCloseWrite struct {
		net.Conn
		io.WriterTo
		io.ReaderFrom
		sysConn
		closeReader
	}
	connLosesCloseRead struct {
		net.Conn
		io.WriterTo
		io.ReaderFrom
		sysConn
		wrap.CloseWriter
	}
	connLosesSyscallConn struct {
		net.Conn
		io.WriterTo
		io.ReaderFrom
		wrap.CloseWriter
		closeReader
	}
	connLiesAboutCloseRead struct{ tcpConn }
	connForgetsDeadline    struct{ tcpConn }
	connMovesDeadline      struct{ tcpConn }
	connHasNoPeer          struct{ tcpConn }
	connLosesWriteTo       struct {
		net.Conn
		io.ReaderFrom
		sysConn
		wrap.CloseWriter
		closeReader
	}
)

func (connLiesAboutCloseRead) CloseRead() error             { return nil }
func (connForgetsDeadline) SetReadDeadline(time.Time) error { return nil }
func (c connMovesDeadline) SetWriteDeadline(t time.Time) error {
	return c.tcpConn.SetWriteDeadline(t.Add(time.Hour))
}
func (connHasNoPeer) RemoteAddr() net.Addr { return nil }

// tlsConn has the methods of a *tls.Conn.
type tlsConn interface {
	net.Conn
	wrap.CloseWriter
	NetConn() net.Conn
	connectionStater
	handshakeContexter
}

type (
	connectionStater   interface{ ConnectionState() tls.ConnectionState }
	handshakeContexter interface{ HandshakeContext(context.Context) error }
)

// wrongTLSConn is wrong about a TLS connection, and leaves all others alone.
func wrongTLSConn(wrong func(tlsConn) net.Conn) func(net.Conn) net.Conn {
	return func(c net.Conn) net.Conn {
		_, fast := c.(io.WriterTo) // a connection that can do everything
		if secure, ok := c.(tlsConn); ok && !fast {
			return wrong(secure)
		}
		return c
	}
}

type (
	connLosesConnectionState struct {
		net.Conn
		wrap.CloseWriter
		netConner
		handshakeContexter
	}
	connLosesHandshake struct {
		net.Conn
		wrap.CloseWriter
		netConner
		connectionStater
	}
	netConner             interface{ NetConn() net.Conn }
	connForgetsState      struct{ tlsConn }
	connForgetsHandshake  struct{ tlsConn }
	connForgetsContext    struct{ tlsConn }
	connHidesHandshakeErr struct{ tlsConn }
)

func (connForgetsState) ConnectionState() (s tls.ConnectionState) { return s }
func (connForgetsHandshake) HandshakeContext(context.Context) error {
	return nil
}
func (c connForgetsContext) HandshakeContext(context.Context) error {
	return c.tlsConn.HandshakeContext(context.Background())
}
func (c connHidesHandshakeErr) HandshakeContext(ctx context.Context) error {
	_ = c.tlsConn.HandshakeContext(ctx)
	return nil
}
