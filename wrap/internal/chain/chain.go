// Package chain walks from a wrapper of a body or connection to what it wraps.
package chain

import (
	"io"
	"net"
	"reflect"
)

// Longest is the number of steps after which a chain of wrappers is taken for a
// loop.
const Longest = 100

// Next returns what v wraps, or nil if v does not tell. framed is true if v
// told by a NetConn method, as [crypto/tls.Conn] does: what is written to v has
// a framing of its own, which ends otherwise than the connection below. A nil
// pointer wraps nothing, and none of its methods is called.
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
