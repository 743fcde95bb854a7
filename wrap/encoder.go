package wrap

import (
	"bytes"
	"errors"
	"io"

	"github.com/bodywrap/bodywrap/wrap/internal/chain"
	"github.com/bodywrap/bodywrap/wrap/internal/copybuf"
)

// Encoder makes of f, the constructor of a writer, a function for
// [TransformRead]: what is read from the body is written to the writer, and
// what that makes of it comes out. It needs no goroutine. This compresses a
// response:
//
//	resp.Header.Set("Content-Encoding", "gzip")
//	wrap.Response(resp, wrap.TransformRead(wrap.Encoder(gzip.NewWriter)))
//
// If the writer has a `Flush() error` method, it is called after each read from
// the body, so that nothing that has arrived waits for more. The writer is
// closed at EOF, or else when the body is. After a timeout of the body, reading
// goes on where it stopped. A nil f panics.
func Encoder[W io.WriteCloser](f func(io.Writer) W) func(io.Reader) (io.Reader, error) {
	if f == nil {
		panic("wrap: Encoder: the function is nil; it must return a writer")
	}
	return func(body io.Reader) (io.Reader, error) {
		e := &encoder{body: body}
		w := f(&e.out)
		if chain.IsNil(w) {
			return nil, errors.New("wrap: Encoder: the function returned no writer")
		}
		e.w.Writer, e.closer = w, w
		return e, nil
	}
}

type encoder struct {
	body   io.Reader
	w      flushing  // writes to out
	closer io.Closer // closes w; nil once it is closed
	out    bytes.Buffer
	err    error // what comes after out
}

func (e *encoder) Read(p []byte) (int, error) {
	if len(p) > 0 && e.out.Len() == 0 && e.err == nil {
		e.fill()
	}
	if e.out.Len() > 0 {
		return e.out.Read(p)
	}
	err := e.err
	if isTimeout(err) {
		e.err = nil
	}
	return 0, err
}

// fill reads until something comes out.
func (e *encoder) fill() {
	buf := copybuf.Get()
	defer copybuf.Put(buf)
	for e.out.Len() == 0 && e.err == nil {
		var ended bool
		_, ended, e.err = pumpOnce(&e.w, e.body, buf)
		if ended && e.err == nil {
			e.err = e.Close()
			if e.err == nil {
				e.err = io.EOF
			}
		}
	}
}

func (e *encoder) Close() error {
	c := e.closer
	if e.closer = nil; c == nil {
		return nil
	}
	return c.Close()
}

// flushing is a writer that is flushed after each Write, if it can be.
type flushing struct{ io.Writer }

func (f flushing) Write(p []byte) (int, error) {
	n, err := f.Writer.Write(p)
	if flusher, ok := f.Writer.(interface{ Flush() error }); ok && err == nil {
		err = flusher.Flush()
	}
	return n, err
}
