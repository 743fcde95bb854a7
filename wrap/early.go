package wrap

import (
	"bufio"
	"io"
	"net"
	"sync"
	"sync/atomic"
)

// earlyBytes holds bytes that a client sent before a handler took over its
// connection. They are read before the connection's own bytes. Several
// goroutines may read at once, as they may from a net.Conn.
type earlyBytes struct {
	some atomic.Bool // rest is not empty
	mu   sync.Mutex
	rest []byte // guarded by mu
}

// add appends p to the bytes that are read first.
func (e *earlyBytes) add(p []byte) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.rest = append(e.rest, p...)
	e.some.Store(len(e.rest) > 0)
}

// take removes at most n bytes and returns them.
func (e *earlyBytes) take(n int) []byte {
	if !e.some.Load() {
		return nil
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	taken := e.rest[:min(n, len(e.rest))]
	e.rest = e.rest[len(taken):]
	if len(e.rest) == 0 {
		e.rest = nil
		e.some.Store(false)
	}
	return taken
}

// untake puts p, which take has returned, back in front.
func (e *earlyBytes) untake(p []byte) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.rest = append(p[:len(p):len(p)], e.rest...)
	e.some.Store(len(e.rest) > 0)
}

// hooks returns hooks that read the early bytes first.
func (e *earlyBytes) hooks() Hooks {
	return Hooks{Read: e.read, WriteTo: e.writeTo}
}

func (e *earlyBytes) read(next io.Reader, p []byte) (int, error) {
	if n := copy(p, e.take(len(p))); n > 0 {
		return n, nil
	}
	return next.Read(p)
}

func (e *earlyBytes) writeTo(next io.WriterTo, w io.Writer) (int64, error) {
	var n int
	if p := e.take(maxInt); len(p) > 0 {
		var err error
		n, err = w.Write(p)
		if uint(n) > uint(len(p)) {
			return 0, errImpossibleCount
		}
		if n < len(p) {
			e.untake(p[n:])
			if err == nil {
				err = io.ErrShortWrite
			}
		}
		if err != nil {
			return int64(n), err
		}
	}
	m, err := next.WriteTo(w)
	return int64(n) + m, err
}

const maxInt = int(^uint(0) >> 1)

// buffered takes the bytes out of brw that its reader has read ahead.
func buffered(brw *bufio.ReadWriter) []byte {
	if brw == nil || brw.Reader == nil {
		return nil
	}
	early := make([]byte, brw.Reader.Buffered())
	_, _ = io.ReadFull(brw.Reader, early) // it has as many, so no error
	return early
}

// A lateReader reads from conn. At its first Read it moves what was buffered
// beside the connection to the bytes that conn reads first.
type lateReader struct {
	conn  net.Conn
	early *earlyBytes
	from  *bufio.ReadWriter
	once  sync.Once
}

func (l *lateReader) Read(p []byte) (int, error) {
	l.once.Do(l.move)
	return l.conn.Read(p)
}

func (l *lateReader) move() { l.early.add(buffered(l.from)) }
