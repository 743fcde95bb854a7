package wrap

import (
	"net"
	"slices"
)

// Listener returns l with hooks in front of every connection that it accepts.
// Accept calls [Conn]. The result has exactly the optional methods that l has:
// SetDeadline, File and SyscallConn are there if and only if l has them.
//
// Put Listener below TLS. The server then gets a *tls.Conn from the TLS
// listener, and the hooks see encrypted bytes. [Conn] says what the other order
// loses.
//
//	server.Serve(tls.NewListener(wrap.Listener(l, hooks...), config))
//
// Errors of l's Accept pass through unchanged. If a hook's New panics, Accept
// closes the connection and lets the panic go on. All connections have the same
// hooks, and call them at the same time. Keep the state of one connection in
// the hooks that [Hooks].New returns.
//
// A nil l stays nil. Without hooks, Listener returns l itself. The result has
// an Unwrap method that returns l. Connections that are accepted from l itself,
// or through the results of File and SyscallConn, have no hooks.
func Listener(l net.Listener, hooks ...Hooks) net.Listener {
	if l == nil || !slices.ContainsFunc(hooks, func(h Hooks) bool { return !h.IsZero() }) {
		return l
	}
	layer := &listenerLayer{original: l, hooks: slices.Clone(hooks)}
	return layer.listener(listenerSetOf(l))
}

// A listenerLayer holds the hooks for all connections of one listener. It never
// changes, so Accept needs no lock.
type listenerLayer struct {
	_ [0]func() // not comparable, as in layer

	original net.Listener
	hooks    []Hooks
}

func (l *listenerLayer) Accept() (net.Conn, error) {
	c, err := l.original.Accept()
	if err != nil || c == nil {
		return c, err
	}
	hooked := false
	defer func() {
		if !hooked {
			// A hook's New is panicking. The hooks already in front
			// of c see this Close.
			_ = c.Close()
		}
	}()
	for i := len(l.hooks) - 1; i >= 0; i-- {
		c = hookedConn(c, l.hooks[i])
	}
	hooked = true
	return c, nil
}
