package wrap

import (
	"errors"
	"io"
	"sync"
	"sync/atomic"

	"github.com/bodywrap/bodywrap/wrap/internal/chain"
)

// TransformWrite passes what is written to a body through the writer that f
// makes for it, as gzip.NewWriter does:
//
//	conn = wrap.Conn(conn, wrap.TransformWrite(gzip.NewWriter))
//
// f is called at the first Write or CloseWrite, for each body anew. If the
// writer has a `Flush() error` method, it is called after each Write, so that an
// interactive stream stays one. The writer is closed before CloseWrite or Close
// reaches the body, which sends what it still holds. CloseWrite without a Write
// before sends what the writer makes of nothing; Close does not. Close does not
// wait for a Write in another goroutine that is stuck: it then closes the body
// first, and what the writer holds is lost. It may wait, as a Write may, for
// the peer to take what is pending.
//
// Write returns how many bytes the writer has taken. A Write that reaches the
// body in part fails with the body's error, or [io.ErrShortWrite]. After Close,
// Write to a [net.Conn] returns an error that is [net.ErrClosed]. ReadFrom is
// routed through Write. Headers are the caller's: [Response] and [Request]
// look at what is read. A nil f panics.
//
// TransformWrite keeps no error, but most writers keep that of the body behind
// them, and a write deadline that expires cuts the writer's output off at some
// byte. A stream that has missed a write deadline is therefore broken: close it.
func TransformWrite[W io.WriteCloser](f func(io.Writer) W) Hooks {
	if f == nil {
		panic("wrap: TransformWrite: the function is nil; leave the hook out")
	}
	open := func(w io.Writer) io.WriteCloser { return f(w) }
	return Hooks{New: func(body io.ReadCloser) Hooks {
		w, ok := body.(io.Writer)
		if !ok {
			return Hooks{}
		}
		t := &transformWrite{open: open, body: w, onClose: writeAfterClose(body)}
		return Hooks{Write: t.write, CloseWrite: t.closeWrite, Close: t.close}
	}}
}

type transformWrite struct {
	open func(io.Writer) io.WriteCloser
	body io.Writer

	onClose error          // what Write returns after Close
	closed  atomic.Bool    // Close was called
	mu      sync.Mutex     // held by Write and CloseWrite; guards the rest
	w       io.WriteCloser // nil before the first of them
	ended   bool           // w is closed, or never will be there
}

var (
	errNoWriter      = errors.New("wrap: TransformWrite: the function returned no writer")
	errWriteAfterEnd = errors.New("wrap: write to a body whose write side is closed")
)

func (t *transformWrite) write(_ io.Writer, p []byte) (int, error) {
	t.mu.Lock()
	defer t.tidy()
	defer t.mu.Unlock()
	if err := t.start(); err != nil {
		return 0, err
	}
	return flushing{t.w}.Write(p)
}

func (t *transformWrite) closeWrite(next CloseWriter) error {
	t.mu.Lock()
	defer t.tidy()
	defer t.mu.Unlock()
	var err error
	if !t.ended && !t.closed.Load() {
		err = t.start()
	}
	err = firstOf(err, t.finish())
	return firstOf(err, next.CloseWrite())
}

// start makes the writer.
func (t *transformWrite) start() error {
	if t.closed.Load() {
		return t.onClose
	}
	if t.ended {
		return errWriteAfterEnd
	}
	if t.w != nil {
		return nil
	}
	w := t.open(exact{t.body})
	if chain.IsNil(w) {
		return errNoWriter
	}
	t.w = w
	return nil
}

// finish closes the writer, once.
func (t *transformWrite) finish() error {
	w := t.w
	t.w, t.ended = nil, true
	if w == nil {
		return nil
	}
	return w.Close()
}

func (t *transformWrite) close(next io.Closer) (err error) {
	t.closed.Store(true)
	defer func() { err = firstOf(err, next.Close()) }() // also if the writer's Close panics
	return t.tidy()
}

// tidy finishes the writer if Close was called and no call is using the writer.
// Close and the calls that it may overtake call tidy last, so the last of them
// finds the writer unused.
func (t *transformWrite) tidy() error {
	if !t.closed.Load() || !t.mu.TryLock() {
		return nil
	}
	defer t.mu.Unlock()
	return t.finish()
}

func firstOf(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

// exact is a writer that holds the one behind it to the contract of io.Writer,
// since not every encoder does.
type exact struct{ w io.Writer }

func (e exact) Write(p []byte) (int, error) {
	n, err := e.w.Write(p)
	if uint(n) > uint(len(p)) {
		return 0, errImpossibleCount
	}
	if n < len(p) && err == nil {
		err = io.ErrShortWrite
	}
	return n, err
}
