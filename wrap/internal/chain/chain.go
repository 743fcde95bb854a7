// Package chain walks from a wrapper of a body or connection to what it wraps.
package chain

import (
	"io"
	"net"
	"reflect"
)

// Longest is the longest chain of wrappers, in steps. A longer chain counts as
// a loop.
const Longest = 100

// Next returns the value that v wraps, or nil if v has no Unwrap or NetConn
// method. framed is true if the method was NetConn, as with [crypto/tls.Conn]:
// bytes that are written to v then have a framing of their own, and the end of
// that framing is not the end of the connection below. For a nil pointer, Next
// returns nil and calls no method.
func Next(v any) (next any, framed bool) {
	if IsNil(v) {
		return nil, false
	}
	switch v := v.(type) {
	case interface{ Unwrap() io.ReadCloser }:
		return v.Unwrap(), false
	case interface{ Unwrap() io.ReadWriteCloser }:
		return v.Unwrap(), false
	case interface{ Unwrap() net.Conn }:
		return v.Unwrap(), false
	case interface{ NetConn() net.Conn }:
		return v.NetConn(), true
	}
	return nil, false
}

// IsNil reports whether v is nil or a nil pointer.
func IsNil(v any) bool {
	if v == nil {
		return true
	}
	r := reflect.ValueOf(v)
	return r.Kind() == reflect.Pointer && r.IsNil()
}
