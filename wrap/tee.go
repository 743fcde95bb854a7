package wrap

import (
	"io"
	"sync/atomic"
)

// TeeRead copies to w what is read from a body. Each Read waits for w, so a
// slow w slows the body down; a w that fails, or takes less than it is given,
// gets nothing more from that body, and the body goes on: a copy is not worth
// the original. Where it is, use io.TeeReader in [TransformRead].
//
// The copy is of what goes through at this place among the hooks: outside of a
// transform what that makes of the bytes, inside of it what it is given. WriteTo
// is routed through Read. One w gets the bytes of all bodies that are wrapped
// with the result, and must then be safe for concurrent use. A nil w panics.
func TeeRead(w io.Writer) Hooks {
	if w == nil {
		panic("wrap: TeeRead: the writer is nil; leave the hook out")
	}
	return Hooks{New: func(io.ReadCloser) Hooks {
		t := &tee{w: w}
		return Hooks{Read: t.read}
	}}
}

// TeeWrite copies to w what a body has taken of what is written to it. All else
// is as with [TeeRead], with ReadFrom routed through Write. A nil w panics.
func TeeWrite(w io.Writer) Hooks {
	if w == nil {
		panic("wrap: TeeWrite: the writer is nil; leave the hook out")
	}
	return Hooks{New: func(io.ReadCloser) Hooks {
		t := &tee{w: w}
		return Hooks{Write: t.write}
	}}
}

type tee struct {
	w      io.Writer
	failed atomic.Bool
}

func (t *tee) read(next io.Reader, p []byte) (int, error) {
	n, err := next.Read(p)
	t.copy(p, n)
	return n, err
}

func (t *tee) write(next io.Writer, p []byte) (int, error) {
	n, err := next.Write(p)
	t.copy(p, n)
	return n, err
}

func (t *tee) copy(p []byte, n int) {
	if n <= 0 || n > len(p) || t.failed.Load() {
		return
	}
	if m, err := t.w.Write(p[:n]); m != n || err != nil {
		t.failed.Store(true)
	}
}
