package wrap

import (
	"errors"
	"io"

	"github.com/bodywrap/bodywrap/wrap/internal/chain"
	"github.com/bodywrap/bodywrap/wrap/internal/copybuf"
	"github.com/bodywrap/bodywrap/wrap/internal/timeout"
)

// A transformed is a body as TransformRead presents it. Read first returns the
// bytes of open's reader. When that reader has reached EOF and drain is set,
// Read reads and drops the rest of the body before it returns EOF. One
// goroutine at a time may use a transformed.
type transformed struct {
	open  func(io.Reader) (io.Reader, error) // makes the reader
	drain bool                               // drop the rest of the body

	body   io.Reader
	reader io.Reader // nil until open has succeeded
	ended  bool      // the reader has reached EOF, and drain is set
	err    error     // what every further Read returns; never a timeout
}

func (t *transformed) Read(p []byte) (int, error) {
	if t.err != nil {
		return 0, t.err
	}
	n, err := t.read(p)
	if err != nil && !timeout.Is(err) {
		t.err = err
	}
	return n, err
}

func (t *transformed) read(p []byte) (int, error) {
	if t.reader == nil && !t.ended {
		if err := t.start(); err != nil {
			return t.readerEnded(0, err)
		}
	}
	if t.ended {
		return 0, t.drainBody()
	}
	for range copybuf.MaxEmptyReads {
		n, err := t.reader.Read(p)
		if uint(n) > uint(len(p)) {
			return 0, countError("transform's Read", n, len(p))
		}
		if err != nil {
			return t.readerEnded(n, err)
		}
		if n > 0 {
			return n, nil
		}
	}
	return 0, io.ErrNoProgress
}

// start makes the reader.
func (t *transformed) start() error {
	r, err := t.open(t.body)
	if err != nil {
		return err
	}
	if chain.IsNil(r) {
		return errors.New("wrap: TransformRead: the function returned no reader and no error")
	}
	t.reader = r
	return nil
}

// readerEnded returns the result of a Read in which the reader returned n and
// the error err. If n bytes came with EOF, readerEnded returns them before it
// drains the body, which may take long.
func (t *transformed) readerEnded(n int, err error) (int, error) {
	if err != io.EOF || !t.drain {
		return n, err
	}
	t.ended = true
	if n > 0 {
		return n, nil
	}
	return 0, t.drainBody()
}

// drainBody reads and drops the rest of the body, and returns io.EOF at its
// end. After a timeout, call drainBody again.
func (t *transformed) drainBody() error {
	if _, err := copybuf.Pump(io.Discard, t.body); err != nil {
		return err
	}
	return io.EOF
}
