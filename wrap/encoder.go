package wrap

import (
	"bytes"
	"errors"
	"io"

	"github.com/bodywrap/bodywrap/wrap/internal/chain"
	"github.com/bodywrap/bodywrap/wrap/internal/copybuf"
)

// Encoder turns f, the constructor of a writer, into a function for
// [TransformRead]. The bytes of the body are written to the writer, and Read
// returns the writer's output. Encoder starts no goroutine. This compresses a
// response:
//
//	resp.Header.Set("Content-Encoding", "gzip")
//	wrap.Response(resp, wrap.TransformRead(wrap.Encoder(gzip.NewWriter)))
//
// If the writer has a `Flush() error` method, Encoder calls it after each read
// from the body, so that no byte waits for more. The writer is closed at EOF,
// or else when the body is closed. After a timeout of the body, the next Read
// goes on at the same place. A nil f panics.
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

// An encoder is a reader that returns what a writer makes of the body.
type encoder struct {
	body   io.Reader
	w      flushingWriter // writes to out
	closer io.Closer      // closes w; nil once w is closed
	out    bytes.Buffer   // what Read has not returned yet
	err    error          // what Read returns after out
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

// fill reads from the body until out has bytes or err is set.
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

// flushingWriter is a writer that is flushed after each Write if it has a
// `Flush() error` method.
type flushingWriter struct{ io.Writer }

func (f flushingWriter) Write(p []byte) (int, error) {
	n, err := f.Writer.Write(p)
	if flusher, ok := f.Writer.(interface{ Flush() error }); ok && err == nil {
		err = flusher.Flush()
	}
	return n, err
}
