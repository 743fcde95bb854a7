package wrap

import (
	"fmt"
	"io"
	"sync"
	"sync/atomic"
)

// A LimitError says that more bytes were about to go through a body than
// [LimitRead] or [LimitWrite] allows.
type LimitError struct {
	Op    string // "read" or "write"
	Limit int64  // in bytes
}

func (e *LimitError) Error() string {
	return fmt.Sprintf("wrap: %s more than the limit of %d bytes", e.Op, e.Limit)
}

// LimitRead closes a body from which more than n bytes are read. The first n
// bytes come out, then Read returns a [*LimitError], now and later; the body is
// closed then and not cut off as if it had ended. One of exactly n bytes ends
// in io.EOF. The caller's Close then does not close the body again, but returns
// the result of that.
//
// The limit holds for every body, also for that of an upgraded connection,
// whose stream has no natural end: there, give it to those responses alone that
// are not 101, or make it long enough. WriteTo is routed through Read. Each
// body has a limit of its own. A negative n panics.
func LimitRead(n int64) Hooks {
	if n < 0 {
		panic("wrap: LimitRead: the limit is negative; without a limit, leave the hook out")
	}
	return Hooks{New: func(body io.ReadCloser) Hooks {
		l := &limit{body: body, left: n, err: &LimitError{"read", n}}
		return Hooks{Read: l.read, Close: l.close}
	}}
}

// LimitWrite closes a body to which more than n bytes are written. The first n
// bytes go in, then Write returns a [*LimitError], now and later. In messages
// of HTTP, a body with Write is that of an upgraded connection. All else is as
// with [LimitRead], with ReadFrom routed through Write.
func LimitWrite(n int64) Hooks {
	if n < 0 {
		panic("wrap: LimitWrite: the limit is negative; without a limit, leave the hook out")
	}
	return Hooks{New: func(body io.ReadCloser) Hooks {
		l := &limit{body: body, left: n, err: &LimitError{"write", n}}
		return Hooks{Write: l.write, Close: l.close}
	}}
}

type limit struct {
	body io.Closer
	err  error // for going beyond the limit

	mu   sync.Mutex // held for the whole call, so that the next call sees the updated left
	left int64      // negative once the limit was exceeded

	closer   atomic.Int32          // who has closed the body first
	closeErr atomic.Pointer[error] // of the limit's Close, once that has returned
}

// The values of limit.closer.
const (
	nobody = iota
	theCaller
	theLimit
)

func (l *limit) read(next io.Reader, p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.left < 0 {
		return 0, l.err
	}
	if int64(len(p))-1 > l.left {
		p = p[:l.left+1] // one more tells whether there is more
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
			return 0, errImpossibleCount
		}
		l.left -= int64(n)
	}
	if err != nil || n < len(fits) || len(fits) == len(p) {
		return n, err
	}
	return n, l.exceeded()
}

func (l *limit) exceeded() error {
	l.left = -1
	if l.closer.CompareAndSwap(nobody, theLimit) {
		err := l.body.Close()
		l.closeErr.Store(&err)
	}
	return l.err
}

// close is the caller's Close, which may find the body closed already. It does
// not wait for the limit's Close: that may be what calls it.
func (l *limit) close(next io.Closer) error {
	l.closer.CompareAndSwap(nobody, theCaller)
	if l.closer.Load() == theCaller {
		return next.Close()
	}
	if err := l.closeErr.Load(); err != nil && !saysClosed(*err) {
		return *err
	}
	return nil
}
