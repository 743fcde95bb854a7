package wrap

import "net"

// Conn returns c with its calls routed through hooks, the first of which is
// outermost. The result has exactly the optional methods that c has:
// CloseWrite, CloseRead, WriteTo, ReadFrom, SyscallConn and NetConn are there
// if and only if c has them.
//
// The hooks are those of [Body], and keep its rules; [Hooks].New is called with
// c. Methods that Hooks does not name go straight to c. What is read or written
// through SyscallConn, which is there for socket options, goes round the hooks,
// and what is through NetConn goes round c's own framing as well.
//
// With hooks on Read and WriteTo, and on Write and ReadFrom, that only count,
// io.Copy between two TCP connections still splices. A nil c stays nil, and
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
