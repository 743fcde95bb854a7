package wrap

import (
	"errors"
	"io"
	"net/http"
	"reflect"
	"sync"
	"sync/atomic"
)

// TransformRead passes what is read from a body through the reader that f
// makes of it. Any constructor of the standard library's decoders fits as it
// is:
//
//	resp.Header.Del("Content-Encoding")
//	wrap.Response(resp, wrap.TransformRead(gzip.NewReader))
//
// f is called at the first Read, for each body anew. Its error, such as that of
// a bad gzip header, comes out of Read; io.EOF makes an empty body. A reader
// that f makes of an empty body may be anything: [Response] does not ask it to
// make something of the nothing that HEAD, 204 and 304 bring.
//
// After the reader has ended, the rest of the body is read and dropped, so that
// trailers arrive and the connection can be used again: EOF comes no earlier
// than the body's own. A body with Write has neither and may never end: there,
// EOF comes when the reader ends. If the reader is an [io.Closer], it is closed
// after the body. A reader that time and again returns neither bytes nor an
// error, gets [io.ErrNoProgress] in its place.
//
// The result has Changes set. WriteTo is routed through Read. To encode with
// something that is a writer, see [Encoder]. A nil f panics.
func TransformRead[R io.Reader](f func(io.Reader) (R, error)) Hooks {
	if f == nil {
		panic("wrap: TransformRead: the function is nil; leave the hook out")
	}
	open := func(r io.Reader) (io.Reader, error) { return f(r) }
	return Hooks{Changes: true, New: func(body io.ReadCloser) Hooks {
		_, upgraded := body.(io.Writer)
		t := &transformRead{open: open, drain: !upgraded}
		return Hooks{Read: t.read, Close: t.close}
	}}
}

type transformRead struct {
	open  func(io.Reader) (io.Reader, error)
	drain bool // read the body to its end after r

	closed atomic.Bool
	mu     sync.Mutex // held by Read; guards the rest
	source io.Reader  // the body
	r      io.Reader  // nil before the first Read, and once it is closed
	err    error      // what every further Read returns
}

func (t *transformRead) read(next io.Reader, p []byte) (int, error) {
	if t.closed.Load() {
		return 0, http.ErrBodyReadAfterClose
	}
	t.mu.Lock()
	defer t.tidy()
	defer t.mu.Unlock()
	if t.r == nil && t.err == nil {
		t.start(next)
	}
	if t.err != nil {
		return 0, t.err
	}
	for range maxEmptyReads {
		n, err := t.r.Read(p)
		if uint(n) > uint(len(p)) {
			n, err = 0, impossible("transform's Read", n, len(p))
		}
		if err != nil {
			t.err = t.ended(err)
		}
		if n > 0 || t.err != nil || len(p) == 0 {
			return n, t.err
		}
	}
	t.err = io.ErrNoProgress
	return 0, t.err
}

// start makes the reader.
func (t *transformRead) start(body io.Reader) {
	t.source = body
	r, err := t.open(body)
	switch {
	case err != nil:
		t.err = t.ended(err)
	case isNil(r):
		t.err = errors.New("wrap: TransformRead: the function returned no reader and no error")
	default:
		t.r = r
	}
}

// ended returns the error in which reading ends when the reader's is err.
func (t *transformRead) ended(err error) error {
	if err != io.EOF || !t.drain {
		return err
	}
	if _, rest := pump(io.Discard, t.source); rest != nil {
		return rest
	}
	return io.EOF
}

func (t *transformRead) close(next io.Closer) error {
	t.closed.Store(true)
	err := next.Close()
	t.tidy()
	return err
}

// tidy closes the reader once the body is closed and no Read is using it:
// whoever of Read and Close comes last does that.
func (t *transformRead) tidy() {
	if !t.closed.Load() || !t.mu.TryLock() {
		return
	}
	defer t.mu.Unlock()
	if c, ok := t.r.(io.Closer); ok {
		_ = c.Close() // it only frees what the reader holds
	}
	t.r, t.err = nil, http.ErrBodyReadAfterClose
}

// isNil reports whether a transform's result is nothing.
func isNil(v any) bool {
	if v == nil {
		return true
	}
	r := reflect.ValueOf(v)
	return r.Kind() == reflect.Pointer && r.IsNil()
}
