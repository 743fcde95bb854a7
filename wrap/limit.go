package wrap

import (
	"fmt"
	"io"
	"sync"
	"sync/atomic"

	"github.com/bodywrap/bodywrap/wrap/internal/copybuf"
)

// A LimitError is the error of a Read or Write that exceeds the limit of
// [LimitRead] or [LimitWrite].
type LimitError struct {
	Op    string // "read" or "write"
	Limit int64  // in bytes
}

func (e *LimitError) Error() string {
	return fmt.Sprintf("wrap: %s more than the limit of %d bytes", e.Op, e.Limit)
}

// LimitRead closes a body that has more than n bytes to read. Read returns the
// first n bytes, then a [*LimitError] at every call, and never io.EOF. A body
// of exactly n bytes ends in io.EOF. Once LimitRead has closed the body, the
// caller's Close does not close it again, and returns the result of LimitRead's
// Close.
//
// The limit also holds for the body of an upgraded connection, whose stream has
// no natural end. Leave LimitRead out for 101 responses, or give a large enough
// limit. WriteTo is routed through Read. Each body has its own limit. A
// negative n panics.
func LimitRead(n int64) Hooks {
	if n < 0 {
		panic("wrap: LimitRead: the limit is negative; without a limit, leave the hook out")
	}
	return Hooks{New: func(body io.ReadCloser) Hooks {
		l := &limit{body: body, left: n, err: &LimitError{"read", n}}
		return Hooks{Read: l.read, Close: l.close}
	}}
}

// LimitWrite closes a body to which more than n bytes are written. The body
// gets the first n bytes, then Write returns a [*LimitError] at every call. In
// HTTP, only the body of an upgraded connection has Write. Everything else is
// as with [LimitRead], with ReadFrom routed through Write.
func LimitWrite(n int64) Hooks {
	if n < 0 {
		panic("wrap: LimitWrite: the limit is negative; without a limit, leave the hook out")
	}
	return Hooks{New: func(body io.ReadCloser) Hooks {
		l := &limit{body: body, left: n, err: &LimitError{"write", n}}
		return Hooks{Write: l.write, Close: l.close}
	}}
}

// A limit is the LimitRead or LimitWrite of one body. Either the limit or the
// caller's Close closes the body; closedBy decides which, without a lock.
type limit struct {
	body io.Closer
	err  error // the result of a call that exceeds the limit

	// mu is held by Read or Write for the whole call, so that the next call
	// sees the updated left.
	mu   sync.Mutex
	left int64 // in bytes; negative once the limit was exceeded

	closedBy atomic.Int32          // a closedBy constant
	closeErr atomic.Pointer[error] // of the limit's Close; nil until it returns
}

const (
	closedByNobody = iota
	closedByCaller
	closedByLimit
)

func (l *limit) read(next io.Reader, p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.left < 0 {
		return 0, l.err
	}
	if int64(len(p))-1 > l.left {
		p = p[:l.left+1] // one byte more shows whether the limit is exceeded
	}
	n, err := next.Read(p)
	if int64(n) <= l.left {
		l.left -= int64(n)
		return n, err
	}
	n = int(l.left)
	return n, l.exceeded()
}

func (l *limit) write(next io.Writer, p []byte) (n int, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.left < 0 {
		return 0, l.err
	}
	fits := p[:min(int64(len(p)), l.left)]
	if len(fits) > 0 || len(p) == 0 {
		n, err = next.Write(fits)
		if uint(n) > uint(len(fits)) {
			return 0, copybuf.ErrImpossibleCount
		}
		l.left -= int64(n)
	}
	if err != nil || n < len(fits) || len(fits) == len(p) {
		return n, err
	}
	return n, l.exceeded()
}

// exceeded closes the body, unless the caller has closed it, and returns the
// LimitError. It is called with mu held.
func (l *limit) exceeded() error {
	l.left = -1
	if l.closedBy.CompareAndSwap(closedByNobody, closedByLimit) {
		err := l.body.Close()
		l.closeErr.Store(&err)
	}
	return l.err
}

// close is the caller's Close. If the limit has closed the body, close returns
// the result of that Close. If that Close has not returned yet, close returns
// nil and does not wait, because the body's own Close may have called close.
func (l *limit) close(next io.Closer) error {
	l.closedBy.CompareAndSwap(closedByNobody, closedByCaller)
	if l.closedBy.Load() == closedByCaller {
		return next.Close()
	}
	if err := l.closeErr.Load(); err != nil && !saysClosed(*err) {
		return *err
	}
	return nil
}
