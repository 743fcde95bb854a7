package wrap

import (
	"io"
	"sync"
	"sync/atomic"

	"github.com/bodywrap/bodywrap/wrap/internal/copybuf"
)

// TransformRead passes the bytes that are read from a body through a reader
// that f makes. f gets the body. A constructor that returns a reader and an
// error fits as it is, such as gzip.NewReader and zlib.NewReader:
//
//	body = wrap.Body(body, wrap.TransformRead(gzip.NewReader))
//
// The result has a Content that runs the transform for the content of every
// message, and corrects what [Response] and [Request] correct for all changes.
// To change more of the header, or to choose the messages, replace it:
//
//	unzip := wrap.TransformRead(gzip.NewReader)
//	unzip.Content = func(m wrap.Message) wrap.Hooks {
//		if m.Header.Get("Content-Encoding") != "gzip" {
//			return wrap.Hooks{}
//		}
//		m.Header.Del("Content-Encoding")
//		return unzip
//	}
//
// Package [github.com/bodywrap/bodywrap/wrap/transform] has such hooks ready.
//
// Other constructors need a function around them. These are the constructors
// that take options, and those of compress/flate, compress/bzip2, compress/lzw,
// encoding/hex, encoding/base64, mime/quotedprintable and bufio:
//
//	wrap.TransformRead(func(r io.Reader) (io.ReadCloser, error) {
//		return flate.NewReader(r), nil
//	})
//
// TransformRead calls f once for each body, at the first Read. Read returns f's
// error, such as the error of a bad gzip header. If f returns io.EOF, the body
// is empty. With [Response], f need not handle the missing bodies of HEAD, 204,
// 205 and 304: this hook does not see these responses.
//
// After the last bytes of the reader, Read reads the rest of the body and drops
// it, so that trailers arrive and the connection can be used again. EOF comes
// no earlier than the body's own. A body with Write has no trailers and may
// never end, so its EOF comes when the reader ends. If the reader has a Close
// method, with or without an error as its result, it is closed after the body.
// If the reader returns neither bytes nor an error 100 times in a row, Read
// returns [io.ErrNoProgress]. After Close, Read returns
// [http.ErrBodyReadAfterClose], or for a [net.Conn] an error that is
// [net.ErrClosed].
//
// Read keeps the first error, except a timeout. It returns an error whose
// Timeout method returns true once, and the next Read goes on at the same
// place. Most readers would keep such an error themselves. Whether the reader
// sees a timeout depends on the body:
//
//   - If the body, or a body that it leads to by [Unwrap], has a
//     SetReadDeadline method, the reader does not see timeouts. The reader runs
//     in a separate goroutine, from the first Read until the body is closed, so
//     the body must be closed. The hooks behind this one are called in that
//     goroutine. Their panics, and those of the reader, still reach the caller.
//   - All other readers run in the caller's goroutine, and see timeouts.
//     Whether they go on after a timeout depends on the reader. gzip's does
//     not.
//
// WriteTo is routed through Read. To encode with a writer, see [Encoder]. A nil
// f panics.
func TransformRead[R io.Reader](f func(io.Reader) (R, error)) Hooks {
	if f == nil {
		panic("wrap: TransformRead: the function is nil; leave the hook out")
	}
	open := func(r io.Reader) (io.Reader, error) { return f(r) }
	h := Hooks{New: func(body io.ReadCloser) Hooks {
		next := methodsOf(body)
		reader := transformed{open: open, drain: next.w == nil}
		if hasReadDeadline(body) {
			return Hooks{stage: newResumable(next, reader, readAfterClose(body))}
		}
		return Hooks{stage: &transformRead{passThrough: passThrough{next}, reader: reader, onClose: readAfterClose(body)}}
	}}
	h.Content = func(Message) Hooks { return h }
	return h
}

// A transformRead is the TransformRead of a body without a read deadline. The
// reader runs in the goroutine that calls Read.
type transformRead struct {
	passThrough
	closed  atomic.Bool // Close was called
	onClose error       // what Read returns after Close

	mu     sync.Mutex // held by Read for the whole call; guards reader
	reader transformed
}

func (t *transformRead) Read(p []byte) (int, error) {
	if t.closed.Load() {
		return 0, t.onClose
	}
	if len(p) == 0 {
		return 0, nil
	}
	t.mu.Lock()
	defer t.closeIfUnused()
	defer t.mu.Unlock()
	if t.closed.Load() { // a Read may have waited for another one
		return 0, t.onClose
	}
	t.reader.body = t.next.r
	return t.reader.Read(p)
}

func (t *transformRead) WriteTo(w io.Writer) (int64, error) { return copybuf.Pump(w, t) }

func (t *transformRead) Close() error {
	t.closed.Store(true)
	defer t.closeIfUnused() // also if the body's Close panics
	return t.next.c.Close()
}

// closeIfUnused closes the reader if Close was called and no Read is using the
// reader. Close and each Read call closeIfUnused last, so the last of them
// finds the reader unused.
func (t *transformRead) closeIfUnused() {
	if !t.closed.Load() || !t.mu.TryLock() {
		return
	}
	defer t.mu.Unlock()
	r := t.reader.reader
	t.reader.reader = nil
	release(r)
}
