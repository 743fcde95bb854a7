package soak_test

import (
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// A kind is a kind of fault on a connection.
type kind int

const (
	fine           kind = iota
	split               // a call returns here, and the next call goes on
	delay               // the next call takes longer
	reset               // a call returns an error instead of the next byte, and the connection is dead
	resetWithBytes      // a Read that returns bytes returns the error with them
	eof                 // a Read returns EOF instead of the next byte: the stream is cut off
	eofWithBytes        // a Read that returns bytes returns EOF with them
	failed              // a Write returns the error and how much it has written, and the connection is dead
	short               // a Write returns a short count and no error, which io.Writer forbids
	kinds
)

func (k kind) String() string {
	return [kinds]string{"fine", "split", "delay", "reset", "reset with bytes", "EOF", "EOF with bytes", "failed write", "short write"}[k]
}

var errReset = &net.OpError{Op: "read", Net: "tcp", Err: errors.New("injected reset")}

// A stream is one direction of a faultyConn. Its fault happens when at bytes
// have passed.
type stream struct {
	kind   kind
	at     int64
	passed atomic.Int64
}

// left returns how many of n bytes may pass before the fault.
func (s *stream) left(n int) int {
	if before := s.at - s.passed.Load(); s.kind != fine && before > 0 {
		return int(min(int64(n), before))
	}
	return n
}

func (s *stream) due(kinds ...kind) bool {
	if s.passed.Load() != s.at {
		return false
	}
	for _, k := range kinds {
		if s.kind == k {
			return true
		}
	}
	return false
}

// A faultyConn is a connection with one fault. It has CloseWrite, and none of
// the fast paths of the connection below.
type faultyConn struct {
	net.Conn
	in, out stream

	dead   atomic.Bool
	once   sync.Once
	closed chan struct{} // closed when Close is called
}

func newFaultyConn(c net.Conn) *faultyConn {
	return &faultyConn{Conn: c, closed: make(chan struct{})}
}

func (c *faultyConn) Read(p []byte) (int, error) {
	s := &c.in
	switch {
	case c.dead.Load():
		return 0, errReset
	case len(p) == 0:
		return c.Conn.Read(p)
	case s.due(eofWithBytes): // has been there with the last bytes, or is there at once
		return 0, io.EOF
	case s.due(resetWithBytes):
		return 0, c.die()
	case s.due(reset, eof):
		// In its place: not before that byte, or the end, has come.
		n, err := c.Conn.Read(p[:1])
		switch {
		case c.dead.Load():
			return 0, errReset
		case n == 0 && err != io.EOF:
			return 0, err
		case s.kind == eof:
			s.kind = eofWithBytes // from now on at once
			return 0, io.EOF
		}
		return 0, c.die()
	case s.due(delay):
		time.Sleep(time.Millisecond)
	}
	n, err := c.Conn.Read(p[:s.left(len(p))])
	s.passed.Add(int64(n))
	switch {
	case n == 0 && c.dead.Load():
		return 0, errReset
	case n > 0 && s.due(resetWithBytes):
		return n, c.die()
	case n > 0 && s.due(eofWithBytes):
		return n, io.EOF
	}
	return n, err
}

func (c *faultyConn) Write(p []byte) (n int, err error) {
	s := &c.out
	for n < len(p) && err == nil {
		switch {
		case c.dead.Load():
			return n, errReset
		case s.due(failed):
			return n, c.die()
		case s.due(short):
			s.kind = fine
			return n, nil
		case s.due(delay):
			time.Sleep(time.Millisecond)
		}
		part := p[n:][:s.left(len(p)-n)]
		s.passed.Add(int64(len(part))) // before the other end can answer it
		var m int
		m, err = c.Conn.Write(part)
		s.passed.Add(int64(m - len(part)))
		n += m
	}
	return n, err
}

func (c *faultyConn) CloseWrite() error {
	if c.dead.Load() {
		return errReset
	}
	if c.out.due(failed) {
		return c.die()
	}
	return c.Conn.(interface{ CloseWrite() error }).CloseWrite()
}

// die makes every call fail from now on, the one that waits included.
func (c *faultyConn) die() error {
	c.dead.Store(true)
	_ = c.Conn.SetReadDeadline(time.Unix(1, 0)) // wakes who waits; whoever comes later asks dead
	return errReset
}

func (c *faultyConn) Close() error {
	c.once.Do(func() { close(c.closed) })
	return c.Conn.Close()
}
