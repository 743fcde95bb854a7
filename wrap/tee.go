package wrap

import (
	"io"
	"sync/atomic"
)

// TeeRead copies to w the bytes that are read from a body. Each Read waits for
// w, so a slow w slows the body down. If w fails, or accepts fewer bytes than
// it is given, w gets nothing more from that body, and the body goes on. To
// fail the body instead, use io.TeeReader in [TransformRead].
//
// The copy has the bytes that pass at this place among the hooks: in front of a
// transform its output, behind it its input. WriteTo is routed through Read. If
// several bodies are wrapped with the result, w gets the bytes of all of them,
// and must be safe for concurrent use. A nil w panics.
func TeeRead(w io.Writer) Hooks {
	if w == nil {
		panic("wrap: TeeRead: the writer is nil; leave the hook out")
	}
	return Hooks{New: func(io.ReadCloser) Hooks {
		t := &tee{w: w}
		return Hooks{Read: t.read}
	}}
}

// TeeWrite copies to w the written bytes that a body has accepted. Everything
// else is as with [TeeRead], with ReadFrom routed through Write. A nil w
// panics.
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
	failed atomic.Bool // w has failed, and gets nothing more
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

// copy writes p[:n] to w, unless n is impossible or w has failed.
func (t *tee) copy(p []byte, n int) {
	if n <= 0 || n > len(p) || t.failed.Load() {
		return
	}
	if m, err := t.w.Write(p[:n]); m != n || err != nil {
		t.failed.Store(true)
	}
}
