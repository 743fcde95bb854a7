package wrap

import (
	"errors"
	"io"

	"github.com/bodywrap/bodywrap/wrap/internal/chain"
	"github.com/bodywrap/bodywrap/wrap/internal/encode"
)

// Encoder turns f, the constructor of a writer, into a function for
// [TransformRead]. The bytes of the body are written to the writer, and Read
// returns the writer's output. Encoder starts no goroutine. This compresses a
// body:
//
//	body = wrap.Body(body, wrap.TransformRead(wrap.Encoder(gzip.NewWriter)))
//
// To compress messages, with what that means for their header, use
// transform.Compress.
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
		e := new(encode.Reader)
		w := f(&e.Out)
		if chain.IsNil(w) {
			return nil, errors.New("wrap: Encoder: the function returned no writer")
		}
		e.Reset(body, w, true)
		return e, nil
	}
}
