package tunnel

import (
	"errors"
	"io"
	"net"
	"syscall"
	"time"

	"github.com/bodywrap/bodywrap/wrap"
	"github.com/bodywrap/bodywrap/wrap/internal/chain"
	"github.com/bodywrap/bodywrap/wrap/internal/copybuf"
	"github.com/bodywrap/bodywrap/wrap/internal/socket"
)

// A side is one of the two connections, and what is known of its socket. How
// far the side has come towards its end is in the tunnel's state.
type side struct {
	id   which
	conn io.ReadWriteCloser

	// look sets the fields below before the tunnel runs.

	tcp     *net.TCPConn    // below all of conn's wrappers; may be nil
	framed  bool            // TLS or the like is between conn and tcp
	fd      syscall.RawConn // of tcp, or of a Unix connection; only to look at
	visible bool            // the kernel tells how much it holds for the peer
}

// look finds the socket at the end of the chain of wrappers.
func (s *side) look() {
	conn, framed := socket.Behind(s.conn)
	s.framed = framed
	s.tcp, _ = conn.(*net.TCPConn)
	s.fd = socket.Raw(conn)
	_, s.visible = socket.Queued(s.fd)
}

// clearDeadlines takes back the deadlines that the caller may have left on the
// connection.
func (s *side) clearDeadlines() {
	if c, ok := s.conn.(interface{ SetDeadline(time.Time) error }); ok {
		_ = c.SetDeadline(time.Time{}) // if this fails, there is none
	}
}

// closeWrite half-closes the connection, or returns errors.ErrUnsupported.
func (s *side) closeWrite() error {
	cw := closeWriter(s.conn)
	if cw == nil {
		return errors.ErrUnsupported
	}
	return cw.CloseWrite()
}

// closeWriter returns the first CloseWrite on v's chain of wrappers, or nil. It
// does not look below a wrapper that only has NetConn: what is written to such
// a wrapper has a framing of its own, which ends otherwise than the connection
// below.
func closeWriter(v any) wrap.CloseWriter {
	for range chain.Longest {
		if cw, ok := v.(wrap.CloseWriter); ok && !chain.IsNil(v) {
			return cw
		}
		next, framed := chain.Next(v)
		if framed {
			return nil
		}
		v = next
	}
	return nil
}

// close closes the connection. If abort is true and there is a TCP connection
// at the end of the chain, that is reset, and the kernel drops what it has
// still to send. A Read and a Write that wait return, even where Close does not
// see to that. close panics if a method of the connection does.
func (s *side) close(abort bool) {
	if abort && s.tcp != nil {
		_ = s.tcp.SetLinger(0) // if this fails, the peer only sees an early end
		if s.framed {
			_ = s.tcp.Close() // or else TLS would first say that this was all
		}
	}
	s.interrupt()
	_ = s.conn.Close() // the ends of the two directions say what went wrong
}

// interrupt makes a Read that waits return where Close alone may not do so:
// Close of a QUIC stream only ends what is written.
func (s *side) interrupt() {
	if c, ok := s.conn.(interface{ SetReadDeadline(time.Time) error }); ok {
		_ = c.SetReadDeadline(time.Unix(1, 0)) // in the past; Close comes next
	}
}

// discard reads what the side goes on to send, and drops it, until the side has
// finished or fails. It reads from the TCP connection directly where that has
// no framing, since no hook must see bytes that are delivered nowhere.
func (s *side) discard() {
	from := io.Reader(s.conn)
	if s.tcp != nil && !s.framed {
		from = s.tcp
	}
	buf := copybuf.Get()
	defer copybuf.Put(buf)
	for empty := 0; empty < copybuf.MaxEmptyReads; empty++ {
		n, err := from.Read(buf[:])
		if err != nil {
			return
		}
		if n > 0 {
			empty = 0
		}
	}
}
