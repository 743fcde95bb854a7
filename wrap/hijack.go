package wrap

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"io"
	"net"
)

// hijacked returns what Hijack has returned, with its bytes routed through
// hooks, whichever of the two they go by. What brw had read is read first.
func hijacked(conn net.Conn, brw *bufio.ReadWriter, secure bool, hooks []Hooks) (net.Conn, *bufio.ReadWriter) {
	set, cw := connSetOf(conn), closeWriterBelow(conn, secure)
	hidden := cw != nil && set&connCloseWrite == 0
	early := buffered(brw)
	if len(hooks) == 0 && len(early) == 0 && !hidden {
		return conn, brw
	}
	if len(early) > 0 || hidden {
		var h Hooks
		if len(early) > 0 {
			h = readFirst(early)
		}
		l := &connLayer{layer: newLayer(conn, &h), original: conn}
		if hidden {
			l.layer.next.cw = cw
			set |= connCloseWrite
		}
		conn = l.conn(set)
	}
	conn = Conn(conn, hooks...)
	return conn, rebuffered(brw, conn)
}

// buffered takes out of brw what it has read.
func buffered(brw *bufio.ReadWriter) []byte {
	if brw == nil || brw.Reader == nil {
		return nil
	}
	early := make([]byte, brw.Reader.Buffered())
	_, _ = io.ReadFull(brw.Reader, early) // it has as many
	return early
}

// readFirst makes hooks that have early read before the connection's own bytes.
func readFirst(early []byte) Hooks {
	r := bytes.NewReader(early)
	return Hooks{
		Read: func(next io.Reader, p []byte) (int, error) {
			if r.Len() > 0 {
				return r.Read(p)
			}
			return next.Read(p)
		},
		WriteTo: func(next io.WriterTo, w io.Writer) (int64, error) {
			n, err := r.WriteTo(w)
			if err != nil {
				return n, err
			}
			m, err := next.WriteTo(w)
			return n + m, err
		},
	}
}

// rebuffered returns brw's like on conn. Brw itself is left to whoever reads
// from it: the conn below can be one of them.
func rebuffered(brw *bufio.ReadWriter, conn net.Conn) *bufio.ReadWriter {
	if brw == nil {
		return nil
	}
	like := new(bufio.ReadWriter)
	if brw.Reader != nil {
		like.Reader = bufio.NewReaderSize(conn, brw.Reader.Size())
	}
	if brw.Writer != nil {
		_ = brw.Writer.Flush() // if what others left in it cannot be sent, the next Write will fail as well
		like.Writer = bufio.NewWriterSize(conn, brw.Writer.Size())
	}
	return like
}

// closeWriterBelow returns what half-closes conn: conn itself, or the first one
// below it that can. If conn is secure, it is TLS that half-closes, not the
// connection under it, whose FIN the peer would take for an attack.
func closeWriterBelow(conn net.Conn, secure bool) CloseWriter {
	var v any = conn
	for range longestChain {
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
