package wrap

import "net"

// Conn returns c with its calls routed through hooks. The first hook is
// outermost. The result has exactly the optional methods that c has:
// CloseWrite, CloseRead, WriteTo, ReadFrom, SyscallConn, NetConn and
// ConnectionState are there if and only if c has them. The result has
// HandshakeContext if c has both HandshakeContext and ConnectionState: net/http
// asks for HandshakeContext only after it has found ConnectionState.
//
// Wrap below TLS: give Conn the connection that TLS runs over, not the
// connection that TLS returns. Hooks below TLS see encrypted bytes. Above TLS,
// net/http does not find the *tls.Conn that it looks for:
//
//   - Before Go 1.27, HTTP/2 fails, and [net/http.Response].TLS is nil.
//   - In Go 1.24, [net/http.Request].TLS is nil. In Go 1.25 and 1.26 it has the
//     state before the handshake.
//   - From Go 1.27 on, ConnectionState and HandshakeContext are enough, and
//     both work.
//
// A client wraps in [net/http.Transport].DialContext, not in DialTLSContext. A
// server wraps with [Listener].
//
// Hooks work as with [Body], and [Hooks].New is called with c. Methods that
// Hooks does not name go straight to c. Use SyscallConn only for socket
// options: bytes that a program reads or writes through it bypass the hooks. In
// io.Copy, an [os.File] would look for the socket and bypass them, so Conn
// hides the socket from it. Bytes that are read or written through NetConn also
// bypass c's own framing.
//
// If the hooks only count, and are set on Read and WriteTo and on Write and
// ReadFrom, io.Copy between two TCP connections still splices. [net.Buffers]
// becomes one Write for each buffer, because only package net's own connections
// have writev. A nil c stays nil. Without hooks, Conn returns c itself. The
// result has an Unwrap method that returns the connection behind its outermost
// hook; see [Unwrap] and [As].
//
// Conn is for streams. A [net.PacketConn] loses its ReadFrom and WriteTo, which
// have the same names but other signatures.
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
	h.mustHaveMethods()
	for i := len(h.joined) - 1; i >= 0; i-- {
		c = hookedConn(c, h.joined[i])
	}
	if h.New != nil {
		c = hookedConn(c, h.New(c))
	}
	if !h.inFront() {
		return c
	}
	l := &connLayer{layer: newLayer(c, &h), original: c}
	return l.conn(connSetOf(c))
}
