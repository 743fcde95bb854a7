package wrap

import (
	"io"
	"sync"
	"sync/atomic"
)

// TransformRead passes what is read from a body through the reader that f
// makes of it. The constructors that return a reader and an error fit as they
// are; of the standard library these are gzip.NewReader and zlib.NewReader:
//
//	resp.Header.Del("Content-Encoding")
//	wrap.Response(resp, wrap.TransformRead(gzip.NewReader))
//
// All others need a function around them: those of compress/flate,
// compress/bzip2, compress/lzw, encoding/hex, encoding/base64, mime/quotedprintable
// and bufio, and those that take options:
//
//	wrap.TransformRead(func(r io.Reader) (io.ReadCloser, error) {
//		return flate.NewReader(r), nil
//	})
//
// f is called at the first Read, for each body anew. Its error, such as that of
// a bad gzip header, comes out of Read; io.EOF makes an empty body. A reader
// that f makes of an empty body may be anything: [Response] does not ask it to
// make something of the nothing that HEAD, 204, 205 and 304 bring.
//
// Once the reader has ended, and its last bytes have been read, the rest of the
// body is read and dropped, so that trailers arrive and the connection can be
// used again: EOF comes no earlier than the body's own. A body with Write has
// neither and may never end: there, EOF comes when the reader ends. If the
// reader has a Close method, with or without an error as its result, it is
// closed after the body. A reader that time and again returns neither bytes nor
// an error, gets [io.ErrNoProgress] in its place. After Close, Read returns
// [http.ErrBodyReadAfterClose], or for a [net.Conn] an error that is
// [net.ErrClosed].
//
// Read keeps the first error, with one exception. An error whose Timeout method
// returns true is returned once, and the next Read goes on where that one
// stopped. Most readers would keep such an error themselves. On a body with a
// SetReadDeadline method, and on one that leads to such a body by [Unwrap], the
// reader therefore does not see it: the reader runs in a goroutine of its own,
// from the first Read until the body is closed, and so must be closed. The
// hooks behind this one are then called in that goroutine. Their panics, and
// those of the reader, reach the caller all the same. On all other bodies the
// reader runs in the caller's goroutine and does see timeouts: whether it goes
// on after one depends on the reader, and gzip's does not.
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
		reader := transformed{open: open, drain: !upgraded}
		if hasReadDeadline(body) {
			r := newResumable(reader, readAfterClose(body))
			return Hooks{Read: r.read, Close: r.close}
		}
		t := &transformRead{reader: reader, onClose: readAfterClose(body)}
		return Hooks{Read: t.read, Close: t.close}
	}}
}

// A transformRead is the TransformRead of a body without a read deadline. The
// reader runs in the goroutine that calls Read.
type transformRead struct {
	closed  atomic.Bool // Close was called
	onClose error       // what Read returns then

	mu     sync.Mutex // held by Read for the whole call; guards reader
	reader transformed
}

func (t *transformRead) read(next io.Reader, p []byte) (int, error) {
	if t.closed.Load() {
		return 0, t.onClose
	}
	if len(p) == 0 {
		return 0, nil
	}
	t.mu.Lock()
	defer t.tidy()
	defer t.mu.Unlock()
	if t.closed.Load() { // a Read may have waited for another one
		return 0, t.onClose
	}
	t.reader.body = next
	return t.reader.Read(p)
}

func (t *transformRead) close(next io.Closer) error {
	t.closed.Store(true)
	defer t.tidy() // also if the body's Close panics
	return next.Close()
}

// tidy closes the reader if Close was called and no Read is using the reader.
// Close and each Read call it last, so the last of them finds it unused.
func (t *transformRead) tidy() {
	if !t.closed.Load() || !t.mu.TryLock() {
		return
	}
	defer t.mu.Unlock()
	r := t.reader.reader
	t.reader.reader = nil
	release(r)
}
