package wrap

import "io"

// methods holds the methods of a body that hooks can be in front of, each as
// the interface that a hook gets as next, so that no call has to convert. A
// method that the body lacks is nil. A method that no hook knows is not here:
// the layer calls the body for it. The generated bodySetOf finds which optional
// methods a body has.
type methods struct {
	r  io.Reader
	c  io.Closer
	w  io.Writer
	cw CloseWriter
	wt io.WriterTo
	rf io.ReaderFrom
}

func methodsOf(body io.ReadCloser) methods {
	m := methods{r: body, c: body}
	m.w, _ = body.(io.Writer)
	m.cw, _ = body.(CloseWriter)
	m.wt, _ = body.(io.WriterTo)
	m.rf, _ = body.(io.ReaderFrom)
	return m
}

// staged returns methods that call s, without those that m lacks.
func (m methods) staged(s stage) methods {
	m.r, m.c = s, s
	if m.w != nil {
		m.w = s
	}
	if m.cw != nil {
		m.cw = s
	}
	if m.wt != nil {
		m.wt = s
	}
	if m.rf != nil {
		m.rf = s
	}
	return m
}

// A passThrough is a stage that calls next. Other stages embed it and declare
// the methods that they change. A stage with its own Read needs its own
// WriteTo, and a stage with its own Write needs its own ReadFrom: passThrough's
// would bypass them.
type passThrough struct{ next methods }

func (p passThrough) Read(b []byte) (int, error)          { return p.next.r.Read(b) }
func (p passThrough) Write(b []byte) (int, error)         { return p.next.w.Write(b) }
func (p passThrough) Close() error                        { return p.next.c.Close() }
func (p passThrough) CloseWrite() error                   { return p.next.cw.CloseWrite() }
func (p passThrough) WriteTo(w io.Writer) (int64, error)  { return p.next.wt.WriteTo(w) }
func (p passThrough) ReadFrom(r io.Reader) (int64, error) { return p.next.rf.ReadFrom(r) }

// methodBehind returns the value on which to call a method that no hook knows.
// T is the interface of that method, and body has it. If body is a kept, the
// value is the replacement, or the original if the replacement lacks the
// method. The generated code calls methodBehind.
func methodBehind[T any](body io.ReadCloser) T {
	if k, ok := body.(*kept); ok {
		if t, ok := k.ReadCloser.(T); ok {
			return t
		}
		return k.original.(T)
	}
	return body.(T)
}
