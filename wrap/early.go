package wrap

import (
	"bufio"
	"io"
	"net"
	"sync"
	"sync/atomic"

	"github.com/bodywrap/bodywrap/wrap/internal/copybuf"
)

// earlyBytes holds bytes that a client sent before a handler took over its
// connection. Its hooks return these bytes before the connection's own.
//
// The bytes come from the bufio.Reader beside a hijacked connection. If the
// request's body has ended, hijacked adds them at once. Otherwise a lateReader
// adds them at its first Read.
//
// Several goroutines may read at the same time, as from any net.Conn. mu guards
// rest, and is not held while the connection is read. nonEmpty lets most reads
// avoid the lock.
type earlyBytes struct {
	nonEmpty atomic.Bool // rest is not empty
	mu       sync.Mutex
	rest     []byte // guarded by mu
}

// add appends p to the bytes that are read first.
func (e *earlyBytes) add(p []byte) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.rest = append(e.rest, p...)
	e.nonEmpty.Store(len(e.rest) > 0)
}

// take removes at most n bytes and returns them.
func (e *earlyBytes) take(n int) []byte {
	if !e.nonEmpty.Load() {
		return nil
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	taken := e.rest[:min(n, len(e.rest))]
	e.rest = e.rest[len(taken):]
	if len(e.rest) == 0 {
		e.rest = nil
		e.nonEmpty.Store(false)
	}
	return taken
}

// putBack puts p, a result of take, back in front of rest.
func (e *earlyBytes) putBack(p []byte) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.rest = append(p[:len(p):len(p)], e.rest...)
	e.nonEmpty.Store(len(e.rest) > 0)
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
			return 0, copybuf.ErrImpossibleCount
		}
		if n < len(p) {
			e.putBack(p[n:])
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

// takeBuffered removes the bytes that brw's reader has read ahead, and returns
// them.
func takeBuffered(brw *bufio.ReadWriter) []byte {
	if brw == nil || brw.Reader == nil {
		return nil
	}
	early := make([]byte, brw.Reader.Buffered())
	_, _ = io.ReadFull(brw.Reader, early) // cannot fail: all bytes are takeBuffered
	return early
}

// A lateReader reads from conn. Its first Read moves the bytes that from has
// takeBuffered to early, from which conn then reads them.
type lateReader struct {
	conn  net.Conn    // reads early first
	early *earlyBytes // of conn
	from  *bufio.ReadWriter
	once  sync.Once
}

func (l *lateReader) Read(p []byte) (int, error) {
	l.once.Do(l.move)
	return l.conn.Read(p)
}

func (l *lateReader) move() { l.early.add(takeBuffered(l.from)) }
