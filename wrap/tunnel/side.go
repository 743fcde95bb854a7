package tunnel

import (
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/bodywrap/bodywrap/wrap"
	"github.com/bodywrap/bodywrap/wrap/internal/chain"
	"github.com/bodywrap/bodywrap/wrap/internal/socket"
)

// A side is one of the two connections, and all that is known of it.
type side struct {
	name string
	conn io.ReadWriteCloser

	tcp     *net.TCPConn    // the TCP connection that conn wraps in the end; nil if there is none, or conn does not tell
	framed  bool            // TLS or the like is between conn and tcp
	fd      syscall.RawConn // the socket of tcp, or of a Unix connection; to look, never to read or write
	visible bool            // the kernel tells how much it holds for the peer

	reset    atomic.Int32 // whether an operation has told that the peer reset it, and when
	finished atomic.Bool  // CloseWrite was called
	once     sync.Once
	closing  atomic.Int32 // how far Close has come
}

// The values of side.closing.
const (
	closeCalled   = 1
	closeReturned = 2
)

// look finds the socket at the end of the chain of wrappers.
func (s *side) look() {
	conn, framed := socket.Behind(s.conn)
	s.framed = framed
	s.tcp, _ = conn.(*net.TCPConn)
	s.fd = socket.Raw(conn)
	_, s.visible = s.queued()
}

// clearDeadlines takes back the deadlines that the caller may have left.
func (s *side) clearDeadlines() {
	if c, ok := s.conn.(interface{ SetDeadline(time.Time) error }); ok {
		_ = c.SetDeadline(time.Time{}) // if it cannot, it has none that is in the way
	}
}

// When a side was reset. It is one value, since the other direction may ask at
// any time.
const (
	resetMidway   = 1 // the peer had not finished before
	resetAfterEOF = 2 // it had
)

// note remembers what err tells of the side, and returns it.
func (s *side) note(err error) error {
	if err != nil && isReset(err) {
		when := int32(resetMidway)
		if isAfterEOF(err) {
			when = resetAfterEOF
		}
		s.reset.CompareAndSwap(0, when)
	}
	return err
}

// closeWrite half-closes the connection, or returns errors.ErrUnsupported.
func (s *side) closeWrite() error {
	cw := closeWriter(s.conn)
	if cw == nil {
		return errors.ErrUnsupported
	}
	s.finished.Store(true)
	return s.note(cw.CloseWrite())
}

// closeWriter finds CloseWrite on v or on what it unwraps to. It stops at a
// wrapper that only has NetConn: what that writes has a framing of its own,
// which ends otherwise than the connection below.
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

// close closes the connection, unless it is closed already or being closed. If
// abort is true and the connection is TCP in the end, it is reset, and the
// kernel drops what it has still to send. Reads and writes that wait return,
// even where Close does not see to that. A panic of Close is recovered and
// returned.
func (s *side) close(abort bool) (panicked any) {
	s.once.Do(func() {
		defer func() {
			panicked = recover()
			s.closing.Store(closeReturned)
		}()
		s.closing.Store(closeCalled)
		if abort && s.tcp != nil {
			_ = s.tcp.SetLinger(0) // if it fails then the peer sees an early end only
			if s.framed {
				_ = s.tcp.Close() // else TLS would first say that this was all
			}
		}
		s.interrupt()
		_ = s.conn.Close() // all is said by how its directions ended
	})
	return panicked
}

// interrupt makes a waiting Read return where Close alone may not: a QUIC
// stream's Close ends only what is written.
func (s *side) interrupt() {
	if c, ok := s.conn.(interface{ SetReadDeadline(time.Time) error }); ok {
		_ = c.SetReadDeadline(time.Unix(1, 0)) // in the past; Close comes next
	}
}

// settle waits until the peer's kernel has everything that was written: a
// reset that overtakes it, or a Close with input unread, would destroy it. It
// gives up when the peer has taken nothing for limit, unless that is zero.
func (s *side) settle(hurry <-chan struct{}, limit time.Duration) {
	left, since := -1, time.Now()
	for pause := time.Millisecond; ; pause = min(2*pause, 50*time.Millisecond) {
		n, ok := s.unsent()
		if !ok || n == 0 {
			return
		}
		if n != left {
			left, since = n, time.Now()
		} else if limit > 0 && time.Since(since) > limit {
			return
		}
		select {
		case <-hurry:
			return
		case <-time.After(pause):
		}
	}
}
