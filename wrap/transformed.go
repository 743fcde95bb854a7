package wrap

import (
	"errors"
	"io"

	"github.com/bodywrap/bodywrap/wrap/internal/chain"
)

// A transformed is a body as TransformRead presents it: first what open's reader
// makes of the body, then nothing more, while the rest of the body is read and
// dropped.
type transformed struct {
	open  func(io.Reader) (io.Reader, error)
	drain bool // the rest of the body is read and dropped

	body   io.Reader
	reader io.Reader // nil until open has succeeded
	ended  bool      // the reader has ended, and drain is set
	err    error     // what every further Read returns; never a timeout
}

func (t *transformed) Read(p []byte) (int, error) {
	if t.err != nil {
		return 0, t.err
	}
	n, err := t.read(p)
	if err != nil && !isTimeout(err) {
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
		return 0, t.rest()
	}
	for range maxEmptyReads {
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
// err. Bytes that come with EOF go out at once: the rest of the body may be long
// in coming.
func (t *transformed) readerEnded(n int, err error) (int, error) {
	if err != io.EOF || !t.drain {
		return n, err
	}
	t.ended = true
	if n > 0 {
		return n, nil
	}
	return 0, t.rest()
}

// rest reads and drops the rest of the body. After a timeout it may be called
// again.
func (t *transformed) rest() error {
	if _, err := pump(io.Discard, t.body); err != nil {
		return err
	}
	return io.EOF
}
