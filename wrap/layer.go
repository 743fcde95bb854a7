package wrap

import (
	"io"

	"github.com/bodywrap/bodywrap/wrap/internal/copybuf"
)

// A layer is one set of hooks in front of one body. The types in zz_body.go are
// layers that differ only in their set of methods. Their methods call those
// below, which assume that the body has the method.
type layer struct {
	// The field makes the type not comparable. This keeps an equality
	// function for each generated type out of the binary.
	_ [0]func()

	inner io.ReadCloser // the result of Unwrap
	next  methods       // the methods behind the hooks
	hooks front
}

// front holds the functions of Hooks that a layer calls.
type front struct {
	read       func(next io.Reader, p []byte) (int, error)
	write      func(next io.Writer, p []byte) (int, error)
	close      func(next io.Closer) error
	closeWrite func(next CloseWriter) error
	writeTo    func(next io.WriterTo, w io.Writer) (int64, error)
	readFrom   func(next io.ReaderFrom, r io.Reader) (int64, error)
}

func newLayer(body io.ReadCloser, h *Hooks) layer {
	next := methodsOf(body)
	if h.stage != nil {
		next = next.staged(h.stage)
	}
	return layer{
		inner: body,
		next:  next,
		hooks: front{h.Read, h.Write, h.Close, h.CloseWrite, h.WriteTo, h.ReadFrom},
	}
}

func (l *layer) Unwrap() io.ReadCloser { return l.inner }

// Read and Write choose the reader or writer and then call it in one place.
// With a call in each branch, a call without a hook is slower by half a
// nanosecond.

func (l *layer) Read(p []byte) (int, error) {
	r := l.next.r
	if l.hooks.read != nil {
		r = (*hookedReader)(l)
	}
	return r.Read(p)
}

func (l *layer) Write(p []byte) (int, error) {
	w := l.next.w
	if l.hooks.write != nil {
		w = (*hookedWriter)(l)
	}
	return w.Write(p)
}

func (l *layer) Close() error {
	if l.hooks.close != nil {
		return l.hooks.close(l.next.c)
	}
	return l.next.c.Close()
}

func (l *layer) CloseWrite() error {
	if l.hooks.closeWrite != nil {
		return l.hooks.closeWrite(l.next.cw)
	}
	return l.next.cw.CloseWrite()
}

func (l *layer) WriteTo(w io.Writer) (int64, error) {
	switch {
	case l.hooks.writeTo != nil:
		return l.hooks.writeTo(l.next.wt, w)
	case l.hooks.read != nil: // the body's WriteTo would bypass the Read hook
		return copybuf.Pump(w, (*hookedReader)(l))
	}
	return l.next.wt.WriteTo(w)
}

func (l *layer) ReadFrom(r io.Reader) (int64, error) {
	switch {
	case l.hooks.readFrom != nil:
		return l.hooks.readFrom(l.next.rf, r)
	case l.hooks.write != nil: // the body's ReadFrom would bypass the Write hook
		return copybuf.Pump((*hookedWriter)(l), r)
	}
	return l.next.rf.ReadFrom(r)
}
