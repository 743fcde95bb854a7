package wrap

import (
	"cmp"
	"errors"
	"io"
	"sync"
	"sync/atomic"

	"github.com/bodywrap/bodywrap/wrap/internal/chain"
	"github.com/bodywrap/bodywrap/wrap/internal/copybuf"
	"github.com/bodywrap/bodywrap/wrap/internal/encode"
)

// TransformWrite passes the bytes that are written to a body through a writer
// that f makes, such as gzip.NewWriter. The writer writes to the body:
//
//	conn = wrap.Conn(conn, wrap.TransformWrite(gzip.NewWriter))
//
// TransformWrite calls f once for each body, at the first Write or CloseWrite.
// If the writer has a `Flush() error` method, TransformWrite calls it after
// each Write, so that no byte waits for more. CloseWrite and Close first close
// the writer, which sends its buffered bytes, and then the body. If there was
// no Write, CloseWrite makes a writer and closes it, so that an empty stream is
// sent. Close does not. If a Write is stuck in another goroutine, Close does
// not wait for it, and closes the body first. The writer's buffered bytes are
// then lost. Otherwise Close may wait until the peer takes the pending bytes,
// as a Write may.
//
// Write returns how many bytes the writer has accepted. If the body accepts
// only a part, Write returns the body's error or [io.ErrShortWrite]. After
// Close, Write to a [net.Conn] returns an error that is [net.ErrClosed].
// ReadFrom is routed through Write. Only upgraded bodies and connections have
// Write, so the hook has no Content, and needs no Upgraded. A nil f panics.
//
// TransformWrite keeps no error, but most writers keep the error of the body
// behind them. A write deadline that expires may interrupt the writer's output
// at any byte. The stream is then broken: close it.
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

// A transformWrite is the TransformWrite of one body. The writer is made by the
// first Write or CloseWrite, and closed once, by CloseWrite, by Close, or by
// the call that Close would have had to wait for.
type transformWrite struct {
	open func(io.Writer) io.WriteCloser // makes the writer
	body io.Writer

	onClose error          // what Write returns after Close
	closed  atomic.Bool    // Close was called
	mu      sync.Mutex     // held by Write and CloseWrite; guards the rest
	w       io.WriteCloser // nil until start, and after finish
	ended   bool           // finish was called: no writer is made any more
}

var (
	errNoWriter      = errors.New("wrap: TransformWrite: the function returned no writer")
	errWriteAfterEnd = errors.New("wrap: write to a body whose write side is closed")
)

func (t *transformWrite) write(_ io.Writer, p []byte) (int, error) {
	t.mu.Lock()
	defer t.finishIfUnused()
	defer t.mu.Unlock()
	if err := t.start(); err != nil {
		return 0, err
	}
	return encode.FlushingWriter{Writer: t.w}.Write(p)
}

func (t *transformWrite) closeWrite(next CloseWriter) error {
	t.mu.Lock()
	defer t.finishIfUnused()
	defer t.mu.Unlock()
	var err error
	if !t.ended && !t.closed.Load() {
		err = t.start()
	}
	err = cmp.Or(err, t.finish())
	return cmp.Or(err, next.CloseWrite())
}

// start makes the writer, if there is none. It returns an error after finish or
// Close. It is called with mu held.
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
	w := t.open(strictWriter{t.body})
	if chain.IsNil(w) {
		return errNoWriter
	}
	t.w = w
	return nil
}

// finish closes the writer, once. It is called with mu held.
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
	// Deferred, so that the body is closed even if the writer's Close
	// panics.
	defer func() { err = cmp.Or(err, next.Close()) }()
	return t.finishIfUnused()
}

// finishIfUnused closes the writer if Close was called and no call is using the
// writer. Write, CloseWrite and Close call finishIfUnused last, so the last of
// them finds the writer unused.
func (t *transformWrite) finishIfUnused() error {
	if !t.closed.Load() || !t.mu.TryLock() {
		return nil
	}
	defer t.mu.Unlock()
	return t.finish()
}

// A strictWriter enforces the contract of io.Writer on w, for encoders that do
// not check the count of the writer behind them.
type strictWriter struct{ w io.Writer }

func (e strictWriter) Write(p []byte) (int, error) {
	n, err := e.w.Write(p)
	if uint(n) > uint(len(p)) {
		return 0, copybuf.ErrImpossibleCount
	}
	if n < len(p) && err == nil {
		err = io.ErrShortWrite
	}
	return n, err
}
