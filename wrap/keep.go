package wrap

import (
	"errors"
	"io"
	"io/fs"
	"net"
	"sync/atomic"
)

// Keep returns replacement with the methods that it has lost: those of Write,
// CloseWrite and ReadFrom that original has and replacement does not. It is the
// one-word repair of a wrapper that knows only Read and Close:
//
//	resp.Body = wrap.Keep(resp.Body, newMeteredBody(resp.Body))
//
// Every method that replacement has is replacement's own. No fast path goes
// round it: WriteTo is there only if replacement has it, since original's
// would go round replacement's Read; and original's ReadFrom only if Write is
// original's as well.
//
// Closing the result closes replacement, and then original, once: a
// replacement such as io.NopCloser(gzipReader) does not pass Close on, and the
// connection would leak. Where replacement does pass it on, original is closed
// twice, which net/http's bodies allow; its answer that it was closed already
// is not reported. The error is replacement's or else original's.
//
// [Unwrap] leads from the result to original, and [As] finds replacement on the
// way. A nil original leaves replacement as it is; a nil replacement panics.
func Keep(original, replacement io.ReadCloser) io.ReadCloser {
	if replacement == nil {
		panic("wrap: Keep: the replacement is nil; an empty body is http.NoBody")
	}
	if original == nil {
		return replacement
	}
	k := &kept{ReadCloser: replacement, original: original}
	next, lost := methodsOf(replacement), methodsOf(original)
	next.c = k
	if next.w == nil {
		next.w, next.rf = lost.w, lost.rf
	}
	if next.cw == nil {
		next.cw = lost.cw
	}
	l := &layer{inner: k, next: next}
	return l.body(next.set())
}

// kept is a replacement that closes its original as well.
type kept struct {
	io.ReadCloser // the replacement
	original      io.ReadCloser
	closed        atomic.Bool // the original is
}

func (k *kept) Unwrap() io.ReadCloser { return k.original }

func (k *kept) Close() error {
	err := k.ReadCloser.Close()
	if k.closed.Swap(true) {
		return err
	}
	if again := k.original.Close(); err == nil && !saysClosed(again) {
		err = again
	}
	return err
}

// saysClosed reports whether err is the answer of something that was closed before.
func saysClosed(err error) bool {
	return errors.Is(err, net.ErrClosed) || errors.Is(err, fs.ErrClosed) || errors.Is(err, io.ErrClosedPipe)
}
