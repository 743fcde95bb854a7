package wrap

import "io"

// methods are the methods of a body, each as the interface that a hook is
// handed, so that no call has to convert; nil is one that the body lacks.
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

// staged returns the methods of s, less those that m lacks.
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

func (m *methods) set() (s bodySet) {
	if m.w != nil {
		s |= bodyWrite
	}
	if m.cw != nil {
		s |= bodyCloseWrite
	}
	if m.wt != nil {
		s |= bodyWriteTo
	}
	if m.rf != nil {
		s |= bodyReadFrom
	}
	return s
}
