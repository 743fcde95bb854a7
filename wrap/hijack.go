package wrap

import (
	"bufio"
	"crypto/tls"
	"io"
	"net"

	"github.com/bodywrap/bodywrap/wrap/internal/chain"
)

// hijacked returns conn and brw, the results of Hijack, with the bytes of both
// routed through hooks. If a wrapper hides the CloseWrite of a connection
// below, the returned connection has it again; closeWriterBelow explains
// secure.
//
// net/http reads the request's body through the reader in brw, in the goroutine
// that reads the body. The reader in brw may therefore be in use:
//
//   - If bodyEnded is true, the body does not use that reader any more. The
//     returned connection reads the buffered bytes first.
//   - If bodyEnded is false, only a Read of the returned ReadWriter touches
//     that reader, as with net/http alone.
func hijacked(conn net.Conn, brw *bufio.ReadWriter, secure, bodyEnded bool, hooks []Hooks) (net.Conn, *bufio.ReadWriter) {
	set, cw := connSetOf(conn), closeWriterBelow(conn, secure)
	hidden := cw != nil && set&connCloseWrite == 0
	var early earlyBytes
	if bodyEnded {
		early.add(takeBuffered(brw))
	}
	late := !bodyEnded && len(hooks) > 0 // a lateReader adds the early bytes
	if early.nonEmpty.Load() || late || hidden {
		var h Hooks
		if early.nonEmpty.Load() || late {
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
	case !bodyEnded:
		return conn, brw
	}
	return conn, rebuffered(brw, conn, conn)
}

// rebuffered returns a new ReadWriter that reads from r and writes to w, with
// brw's buffer sizes. It does not reuse brw, because the wrapped connection may
// still read from it.
func rebuffered(brw *bufio.ReadWriter, r io.Reader, w io.Writer) *bufio.ReadWriter {
	if brw == nil {
		return nil
	}
	like := new(bufio.ReadWriter)
	if brw.Reader != nil {
		like.Reader = bufio.NewReaderSize(r, brw.Reader.Size())
	}
	if brw.Writer != nil {
		_ = brw.Writer.Flush() // if it fails, the next Write fails as well
		like.Writer = bufio.NewWriterSize(w, brw.Writer.Size())
	}
	return like
}

// closeWriterBelow returns the first CloseWriter among conn and the connections
// below it, or nil. If secure is true, the result is a TLS connection or a
// wrapper of one: TLS peers treat a FIN without a TLS close message as an
// attack.
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
		case overTLS, interface{ Handshake() error }:
			return nil // do not bypass the framing of TLS
		}
		v = unwrap(v)
	}
	return nil
}

// overTLS is a [tls.Conn], or a wrapper that has its ConnectionState.
type overTLS interface {
	ConnectionState() tls.ConnectionState
}
