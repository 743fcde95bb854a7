package wrap

import (
	"io"

	"github.com/bodywrap/bodywrap/wrap/internal/chain"
)

// Unwrap returns the body that body wraps, one step down, or nil if body has
// none of these methods:
//
//	Unwrap() io.ReadCloser
//	Unwrap() io.ReadWriteCloser
//	Unwrap() net.Conn
//	NetConn() net.Conn
//
// Unwrap therefore works with other packages' wrappers too, and with a
// [crypto/tls.Conn]. For a nil pointer of any type, Unwrap returns nil and
// calls no method.
//
// Use Unwrap only to inspect the chain. Bytes that are written to the result or
// read from it bypass the hooks, and TLS. For CloseWrite, call the wrapped
// body: it has CloseWrite if the original does.
func Unwrap(body io.ReadCloser) io.ReadCloser {
	next, _ := unwrap(body).(io.ReadCloser)
	return next
}

// unwrap is Unwrap without a type for the result.
func unwrap(v any) any {
	next, _ := chain.Next(v)
	return next
}

// As returns the first value in the chain of wrappers that begins with v and
// has type T, or implements it if T is an interface. The chain is v, then
// [Unwrap] of it, and so on.
//
//	conn, ok := wrap.As[*tls.Conn](resp.Body)
//
// As returns the zero T and false if there is none. A nil pointer ends the
// chain, and is not found. A chain that leads back into itself ends after 100
// steps.
func As[T any](v any) (T, bool) {
	steps := chain.Longest
	return find[T](v, &steps)
}

// find is As with at most *steps steps. It looks into the replacement of a kept
// before it goes on to the original.
func find[T any](v any, steps *int) (T, bool) {
	for ; !chain.IsNil(v) && *steps > 0; *steps-- {
		if t, ok := v.(T); ok {
			return t, true
		}
		if k, ok := v.(*kept); ok {
			if t, ok := find[T](k.ReadCloser, steps); ok {
				return t, true
			}
		}
		v = unwrap(v)
	}
	var zero T
	return zero, false
}
