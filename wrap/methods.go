package wrap

import "io"

// methods are the methods of a body that hooks stand in front of, each as the
// interface that a hook is handed, so that no call has to convert. A method that
// the body lacks is nil. What optional methods a body has, the generated
// bodySetOf says: a method that no hook stands in front of is not here, and goes
// straight to the body.
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

// staged returns the methods of s, without those that m lacks.
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

// A passThrough is a stage that calls next. Stages embed it and declare the
// methods that they care about. A stage with a Read of its own needs a WriteTo of
// its own, too, and one with a Write needs a ReadFrom: here these go round it.
type passThrough struct{ next methods }

func (p passThrough) Read(b []byte) (int, error)          { return p.next.r.Read(b) }
func (p passThrough) Write(b []byte) (int, error)         { return p.next.w.Write(b) }
func (p passThrough) Close() error                        { return p.next.c.Close() }
func (p passThrough) CloseWrite() error                   { return p.next.cw.CloseWrite() }
func (p passThrough) WriteTo(w io.Writer) (int64, error)  { return p.next.wt.WriteTo(w) }
func (p passThrough) ReadFrom(r io.Reader) (int64, error) { return p.next.rf.ReadFrom(r) }

// methodBehind returns body as the value that does a method which no hook stands
// in front of. Body has the method. The generated code calls methodBehind.
func methodBehind[T any](body io.ReadCloser) T {
	if k, ok := body.(*kept); ok {
		if t, ok := k.ReadCloser.(T); ok {
			return t
		}
		return k.original.(T)
	}
	return body.(T)
}
