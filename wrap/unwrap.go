package wrap

import (
	"io"

	"github.com/bodywrap/bodywrap/wrap/internal/chain"
)

// Unwrap returns what body wraps, one step down, or nil if body does not tell.
// It asks for a method
//
//	Unwrap() io.ReadCloser
//	Unwrap() io.ReadWriteCloser
//	Unwrap() net.Conn
//	NetConn() net.Conn
//
// so it goes through other people's wrappers too, and through a
// [crypto/tls.Conn]. A nil pointer wraps nothing, whatever its type; Unwrap
// calls no method of it.
//
// It is for looking. What is written to the result, or read from it, goes
// round the hooks, and round TLS; and no one needs it for CloseWrite, which
// the wrapped body has whenever the original does.
func Unwrap(body io.ReadCloser) io.ReadCloser {
	next, _ := unwrap(body).(io.ReadCloser)
	return next
}

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
// As returns the zero T and false if there is none. A nil pointer in the chain
// ends it and is not found: nothing can be done with it. A chain that leads
// back into itself ends.
func As[T any](v any) (T, bool) {
	steps := chain.Longest
	return find[T](v, &steps)
}

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
