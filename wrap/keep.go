package wrap

import (
	"io"
	"net/http"
	"sync/atomic"

	"github.com/bodywrap/bodywrap/wrap/internal/chain"
)

// Keep returns replacement with the methods that it has lost: the optional methods
// that [Body] keeps, but WriteTo, that original has and replacement does not. It is the
// one-word repair of a wrapper that knows only Read and Close:
//
//	resp.Body = wrap.Keep(resp.Body, newMeteredBody(resp.Body))
//
// Every method that replacement has is replacement's own. No fast path goes
// round it: WriteTo is there only if replacement has it, since original's
// would go round replacement's Read; and original's ReadFrom only if Write is
// original's as well.
//
// Closing the result closes replacement, and then original, once, even if
// replacement's Close panics: a replacement such as io.NopCloser(gzipReader)
// does not pass Close on, and the connection would leak. Where replacement does
// pass it on, original is closed twice, which net/http's bodies allow; its answer
// that it was closed already is not reported. For bodies that do not allow it,
// see [KeepFunc]. The error is replacement's or else original's.
//
// [Unwrap] leads from the result to original, and [As] finds replacement on the
// way. If original is nil or [http.NoBody], there is nothing to keep and nothing
// to close, and Keep returns replacement itself. A nil replacement panics.
func Keep(original, replacement io.ReadCloser) io.ReadCloser {
	if replacement == nil {
		panic("wrap: Keep: the replacement is nil; an empty body is http.NoBody")
	}
	if original == nil || original == http.NoBody {
		return replacement
	}
	has, lost := bodySetOf(replacement), bodySetOf(original)
	lost &^= has | bodyWriteTo // original's would go round replacement's Read
	if has&bodyWrite != 0 {
		lost &^= bodyReadFrom // and original's round replacement's Write
	}
	k := &kept{ReadCloser: replacement, original: original}
	next, from := methodsOf(replacement), methodsOf(original)
	next.c = k
	if lost&bodyCloseWrite != 0 {
		next.cw = from.cw
	}
	if lost&bodyWrite != 0 {
		next.w = from.w
		if next.rf == nil {
			next.rf = from.rf
		} else {
			lost |= bodyReadFrom // replacement's, which had no Write to go with
		}
	}
	l := &layer{inner: k, next: next}
	return l.body(has | lost)
}

// KeepFunc is [Keep] of original and of what f returns, for an original that must
// not be closed twice, such as one that returns a slot to a pool. The body that f
// is given has exactly original's methods, and passes only the first Close on:
//
//	resp.Body = wrap.KeepFunc(resp.Body, newMeteredBody)
//
// However often that body and the result are closed, and by whom, original is
// closed once. Later calls of Close return the result of the first; one that
// comes before the first has returned does not wait, and returns nil.
//
// If f panics, original is closed, and the panic goes on. If f returns nil or a
// nil pointer, original is closed, and KeepFunc panics. A nil original stays nil,
// without a call of f. [http.NoBody] is given to f as it is. A nil f panics.
func KeepFunc[B io.ReadCloser](original io.ReadCloser, f func(io.ReadCloser) B) io.ReadCloser {
	if f == nil {
		panic("wrap: KeepFunc: the function is nil; it must return a replacement")
	}
	return keepFunc(original, func(body io.ReadCloser) io.ReadCloser { return f(body) })
}

func keepFunc(original io.ReadCloser, f func(io.ReadCloser) io.ReadCloser) io.ReadCloser {
	if original == nil {
		return nil
	}
	if original != http.NoBody {
		original = hooked(original, Hooks{Close: new(closeOnce).close})
	}
	returned := false
	defer func() {
		if !returned {
			_ = original.Close() // a panic is on its way
		}
	}()
	replacement := f(original)
	if chain.IsNil(replacement) {
		panic("wrap: KeepFunc: the function returned nil; an empty body is http.NoBody")
	}
	returned = true
	return Keep(original, replacement)
}

// kept is a replacement that closes its original as well.
type kept struct {
	io.ReadCloser // the replacement
	original      io.ReadCloser
	closed        atomic.Bool // the original is
}

func (k *kept) Unwrap() io.ReadCloser { return k.original }

func (k *kept) Close() (err error) {
	defer k.closeOriginal(&err) // also if the replacement's Close panics
	return k.ReadCloser.Close()
}

// closeOriginal closes the original, once, and sets err to its error if there is
// none yet.
func (k *kept) closeOriginal(err *error) {
	if k.closed.Swap(true) {
		return
	}
	if own := k.original.Close(); *err == nil && !saysClosed(own) {
		*err = own
	}
}
