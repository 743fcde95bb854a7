package wrap

import "net"

// Conn returns c with its calls routed through hooks, the first of which is
// outermost. The result has exactly the optional methods that c has:
// CloseWrite, CloseRead, WriteTo, ReadFrom, SyscallConn, NetConn and
// ConnectionState are there if and only if c has them. So is HandshakeContext,
// except that a connection without ConnectionState loses it: net/http asks for
// HandshakeContext only where it has found ConnectionState.
//
// Wrap below TLS: give Conn the connection that TLS runs over, not the one that
// TLS returns. Hooks below TLS see encrypted bytes. Above TLS, net/http does
// not find the *tls.Conn that it looks for:
//
//   - Before Go 1.27, HTTP/2 fails, and [net/http.Response].TLS is nil.
//   - In Go 1.24, [net/http.Request].TLS is nil. In Go 1.25 and 1.26 it has the
//     state before the handshake.
//   - From Go 1.27 on, ConnectionState and HandshakeContext are enough for all
//     of these, and nothing is lost.
//
// A client wraps in [net/http.Transport].DialContext, not in DialTLSContext. A
// server wraps with [Listener].
//
// The hooks are those of [Body], and keep its rules; [Hooks].New is called with
// c. Methods that Hooks does not name go straight to c. SyscallConn is there
// for socket options: what a program reads or writes through it goes round the
// hooks. An [os.File] would do so by itself, in io.Copy, and therefore does not
// find the socket. What is read or written through NetConn goes round c's own
// framing as well.
//
// With hooks on Read and WriteTo, and on Write and ReadFrom, that only count,
// io.Copy between two TCP connections still splices. [net.Buffers] becomes one
// Write for each buffer, since only package net's own connections have writev.
// A nil c stays nil, and
// without hooks c itself is returned. The result has an Unwrap method that
// returns what is behind its outermost hook; see [Unwrap] and [As].
//
// Conn is for streams. A [net.PacketConn] loses its ReadFrom and WriteTo, which
// are others of the same name.
func Conn(c net.Conn, hooks ...Hooks) net.Conn {
	if c == nil {
		return nil
	}
	for i := len(hooks) - 1; i >= 0; i-- {
		c = hookedConn(c, hooks[i])
	}
	return c
}

// hookedConn puts one Hooks in front of c.
func hookedConn(c net.Conn, h Hooks) net.Conn {
	if h.New != nil {
		c = hookedConn(c, h.New(c))
	}
	if !h.inFront() {
		return c
	}
	l := &connLayer{layer: newLayer(c, &h), original: c}
	return l.conn(connSetOf(c))
}
