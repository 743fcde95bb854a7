package wrap

import (
	"io"
	"net/http"
	"sync/atomic"

	"github.com/bodywrap/bodywrap/wrap/internal/chain"
)

// Keep returns replacement with the methods that it has lost. These are the
// optional methods of [Body], except WriteTo, that original has and replacement
// does not. One call of Keep repairs a wrapper that knows only Read and Close:
//
//	resp.Body = wrap.Keep(resp.Body, newMeteredBody(resp.Body))
//
// The result calls replacement for every method that replacement has. No fast
// path avoids replacement. The result has WriteTo only if replacement has it,
// because original's WriteTo would bypass replacement's Read. The result has
// original's ReadFrom only if its Write is original's as well.
//
// Close closes replacement, and then original, once, even if replacement's
// Close panics: a replacement such as io.NopCloser(gzipReader) does not pass
// Close on, and the connection would leak. If replacement does pass Close on,
// original is closed twice, which net/http's bodies allow. Close does not
// report an error by which original says that it was already closed. For bodies
// that must not be closed twice, see [KeepFunc]. The error is replacement's or
// else original's.
//
// [Unwrap] leads from the result to original, and [As] finds replacement on the
// way. If original is nil or [http.NoBody], Keep returns replacement itself. A
// nil replacement panics.
func Keep(original, replacement io.ReadCloser) io.ReadCloser {
	if replacement == nil {
		panic("wrap: Keep: the replacement is nil; an empty body is http.NoBody")
	}
	if original == nil || original == http.NoBody {
		return replacement
	}
	has, lost := bodySetOf(replacement), bodySetOf(original)
	// Original's WriteTo would bypass replacement's Read, and its ReadFrom
	// would bypass replacement's Write.
	lost &^= has | bodyWriteTo
	if has&bodyWrite != 0 {
		lost &^= bodyReadFrom
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
			lost |= bodyReadFrom // has leaves out a ReadFrom without Write
		}
	}
	l := &layer{inner: k, next: next}
	return l.body(has | lost)
}

// KeepFunc returns [Keep] of original and the result of f. Use it for an
// original that must not be closed twice, such as one that returns a slot to a
// pool. KeepFunc gives f a body that has exactly original's methods and passes
// only the first Close on:
//
//	resp.Body = wrap.KeepFunc(resp.Body, newMeteredBody)
//
// Original is closed once, however often that body and the result are closed.
// Later calls of Close return the result of the first. A Close that comes
// before the first has returned does not wait, and returns nil.
//
// If f panics, original is closed, and the panic goes on. If f returns nil or a
// nil pointer, original is closed, and KeepFunc panics. A nil original stays
// nil, without a call of f. [http.NoBody] is given to f as it is. A nil f
// panics.
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
			_ = original.Close() // already panicking
		}
	}()
	replacement := f(original)
	if chain.IsNil(replacement) {
		panic("wrap: KeepFunc: the function returned nil; an empty body is http.NoBody")
	}
	returned = true
	return Keep(original, replacement)
}

// A kept is what Unwrap finds behind the result of Keep. Its Close closes the
// replacement and, at the first call only, the original. Unwrap leads on to the
// original; As looks into the replacement as well. Methods may be called by
// several goroutines; closed is the only state.
type kept struct {
	io.ReadCloser // the replacement
	original      io.ReadCloser
	closed        atomic.Bool // the original's Close has begun
}

func (k *kept) Unwrap() io.ReadCloser { return k.original }

func (k *kept) Close() (err error) {
	defer k.closeOriginal(&err) // also if the replacement's Close panics
	return k.ReadCloser.Close()
}

// closeOriginal closes the original, once. It sets err to the original's error
// if err is nil and the error does not say that the original was closed before.
func (k *kept) closeOriginal(err *error) {
	if k.closed.Swap(true) {
		return
	}
	if own := k.original.Close(); *err == nil && !saysClosed(own) {
		*err = own
	}
}
