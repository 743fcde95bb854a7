package wrap

import "io"

// layer is provisional.
type layer struct {
	_    [0]func()
	next io.ReadCloser
}

func (l *layer) Read(p []byte) (int, error)          { return l.next.Read(p) }
func (l *layer) Write(p []byte) (int, error)         { return l.next.(io.Writer).Write(p) }
func (l *layer) Close() error                        { return l.next.Close() }
func (l *layer) CloseWrite() error                   { return l.next.(interface{ CloseWrite() error }).CloseWrite() }
func (l *layer) WriteTo(w io.Writer) (int64, error)  { return l.next.(io.WriterTo).WriteTo(w) }
func (l *layer) ReadFrom(r io.Reader) (int64, error) { return l.next.(io.ReaderFrom).ReadFrom(r) }
func (l *layer) Unwrap() io.ReadCloser               { return l.next }

// Body is provisional.
func Body(b io.ReadCloser) io.ReadCloser { return (&layer{next: b}).body(bodySetOf(b)) }
