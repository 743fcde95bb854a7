package wrap

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"

	"github.com/bodywrap/bodywrap/wrap/internal/chain"
)

// hijacked returns what Hijack has returned, with the bytes of both routed
// through hooks.
//
// The reader in brw may still be in use: net/http reads the request's body
// through it, in whichever goroutine reads that body. If free is true, then the
// body has no more use for it, and conn reads what it has buffered first. If
// free is false, only a reader of the returned brw touches it, as with net/http
// alone.
func hijacked(conn net.Conn, brw *bufio.ReadWriter, secure, free bool, hooks []Hooks) (net.Conn, *bufio.ReadWriter) {
	set, cw := connSetOf(conn), closeWriterBelow(conn, secure)
	hidden := cw != nil && set&connCloseWrite == 0
	var early earlyBytes
	if free {
		early.add(buffered(brw))
	}
	late := !free && len(hooks) > 0
	if early.some.Load() || late || hidden {
		var h Hooks
		if early.some.Load() || late {
			h = early.hooks()
		}
		l := &connLayer{layer: newLayer(conn, &h), original: conn}
		if hidden {
			l.layer.next.cw = cw
			set |= connCloseWrite
		}
		conn = l.conn(set)
	} else if len(hooks) == 0 {
		return conn, brw
	}
	conn = Conn(conn, hooks...)
	switch {
	case late:
		return conn, rebuffered(brw, &lateReader{conn: conn, early: &early, from: brw}, conn)
	case !free:
		return conn, brw
	}
	return conn, rebuffered(brw, conn, conn)
}

// rebuffered returns a ReadWriter like brw that reads from r and writes to w.
// It leaves brw itself alone, since others may read from it: the connection
// that Hijack returned can be one of them.
func rebuffered(brw *bufio.ReadWriter, r io.Reader, w io.Writer) *bufio.ReadWriter {
	if brw == nil {
		return nil
	}
	like := new(bufio.ReadWriter)
	if brw.Reader != nil {
		like.Reader = bufio.NewReaderSize(r, brw.Reader.Size())
	}
	if brw.Writer != nil {
		_ = brw.Writer.Flush() // if what others left in it cannot be sent, the next Write will fail as well
		like.Writer = bufio.NewWriterSize(w, brw.Writer.Size())
	}
	return like
}

// closeWriterBelow returns the first of conn and the connections below it that
// can half-close, or nil. If secure is true, the result is a TLS connection or
// a wrapper of one: the peer would take the FIN of the connection under TLS for
// an attack.
func closeWriterBelow(conn net.Conn, secure bool) CloseWriter {
	var v any = conn
	for range chain.Longest {
		if chain.IsNil(v) {
			return nil
		}
		switch c := v.(type) {
		case CloseWriter:
			if secure {
				if _, ok := As[overTLS](c); !ok {
					return nil
				}
			}
			return c
		case overTLS, interface{ Handshake() error }: // has a framing of its own
			return nil
		}
		v = unwrap(v)
	}
	return nil
}

// overTLS is a [tls.Conn], or wraps one and says so.
type overTLS interface {
	ConnectionState() tls.ConnectionState
}
