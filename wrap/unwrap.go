package wrap

import (
	"io"
	"net"
	"reflect"
)

// Unwrap returns what body wraps, one step down, or nil if body does not tell.
// It asks for a method
//
//	Unwrap() io.ReadCloser
//	Unwrap() io.ReadWriteCloser
//	Unwrap() net.Conn
//	NetConn() net.Conn
//
// so it goes through other people's wrappers too, and through a [crypto/tls.Conn].
// A nil pointer wraps nothing, whatever its type; Unwrap calls no method of it.
//
// It is for looking. What is written to the result, or read from it, goes
// round the hooks, and round TLS; and no one needs it for CloseWrite, which
// the wrapped body has whenever the original does.
func Unwrap(body io.ReadCloser) io.ReadCloser {
	next, _ := unwrap(body).(io.ReadCloser)
	return next
}

func unwrap(v any) any {
	if isNil(v) {
		return nil
	}
	switch v := v.(type) {
	case interface{ Unwrap() io.ReadCloser }:
		return v.Unwrap()
	case interface{ Unwrap() io.ReadWriteCloser }:
		return v.Unwrap()
	case interface{ Unwrap() net.Conn }:
		return v.Unwrap()
	case interface{ NetConn() net.Conn }:
		return v.NetConn()
	}
	return nil
}

// longestChain is the number of steps after which a chain of wrappers is taken
// for a loop.
const longestChain = 100

// As returns the first value in the chain of wrappers that begins with v and
// has type T, or implements it if T is an interface. The chain is v, then
// [Unwrap] of it, and so on.
//
//	conn, ok := wrap.As[*tls.Conn](resp.Body)
//
// As returns the zero T and false if there is none. A nil pointer in the chain
// ends it and is not found: nothing can be done with it. A chain that leads back
// into itself ends.
func As[T any](v any) (T, bool) {
	steps := longestChain
	return find[T](v, &steps)
}

func find[T any](v any, steps *int) (T, bool) {
	for ; !isNil(v) && *steps > 0; *steps-- {
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

// isNil reports whether v is nil or a nil pointer.
func isNil(v any) bool {
	if v == nil {
		return true
	}
	r := reflect.ValueOf(v)
	return r.Kind() == reflect.Pointer && r.IsNil()
}
