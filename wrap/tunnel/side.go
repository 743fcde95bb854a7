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
)

// A side is one of the two connections, and all that is known of it.
type side struct {
	name string
	conn io.ReadWriteCloser

	tcp *net.TCPConn    // what conn wraps in the end; nil if that is not TCP or does not tell
	fd  syscall.RawConn // of that, or of another socket; to look, never to read or write

	reset    atomic.Int32 // whether an operation has told that the peer reset it, and when
	finished atomic.Bool  // CloseWrite was called
	once     sync.Once
}

// look finds the socket at the end of the chain of wrappers.
func (s *side) look() {
	var socket syscall.Conn
	if tcp, ok := wrap.As[*net.TCPConn](s.conn); ok {
		s.tcp, socket = tcp, tcp
	} else if unix, ok := wrap.As[*net.UnixConn](s.conn); ok {
		socket = unix
	} else {
		return
	}
	if fd, err := socket.SyscallConn(); err == nil {
		s.fd = fd
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
	for range 100 {
		switch c := v.(type) {
		case wrap.CloseWriter:
			return c
		case interface{ Unwrap() io.ReadCloser }:
			v = c.Unwrap()
		case interface{ Unwrap() io.ReadWriteCloser }:
			v = c.Unwrap()
		case interface{ Unwrap() net.Conn }:
			v = c.Unwrap()
		default:
			return nil
		}
	}
	return nil
}

// close closes the connection if it is not closed yet.
func (s *side) close() {
	s.once.Do(s.closeConn)
}

func (s *side) closeConn() { _ = s.conn.Close() } // all is said by how its directions ended

// abort closes the connection by a reset, where that is TCP. What the kernel
// has still to send is dropped.
func (s *side) abort() {
	s.once.Do(func() {
		if s.tcp != nil {
			_ = s.tcp.SetLinger(0) // if it fails then the peer sees an early end only
			if _, framed := wrap.As[interface{ NetConn() net.Conn }](s.conn); framed {
				_ = s.tcp.Close() // else TLS would first say that this was all
			}
		}
		s.closeConn()
	})
}

// settleLimit is how long a side may take nothing of what it has still to get.
const settleLimit = time.Second

// settle waits until the peer's kernel has everything that was written: a
// reset that overtakes it, or a Close with input unread, would destroy it.
func (s *side) settle(hurry <-chan struct{}) {
	left, since := -1, time.Now()
	for pause := time.Millisecond; ; pause = min(2*pause, 50*time.Millisecond) {
		n, ok := s.unsent()
		if !ok || n == 0 {
			return
		}
		if n != left {
			left, since = n, time.Now()
		} else if time.Since(since) > settleLimit {
			return
		}
		select {
		case <-hurry:
			return
		case <-time.After(pause):
		}
	}
}
