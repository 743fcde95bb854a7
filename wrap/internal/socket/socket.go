// Package socket finds the socket behind a connection or a body, to inspect it.
// Do not read from the socket or write to it: this would bypass the buffers of
// wrappers and of net/http.
package socket

import (
	"net"
	"reflect"
	"syscall"

	"github.com/bodywrap/bodywrap/wrap/internal/chain"
)

// Behind returns the TCP or Unix connection at the end of the chain of wrappers
// that begins with v, or nil if the chain does not lead to one. A step is an
// Unwrap or NetConn method, or leads from the body that an http.Transport makes
// for a 101 response to its connection. framed is true if one of the steps was
// a NetConn method, such as [crypto/tls.Conn]'s: see [chain.Next].
func Behind(v any) (conn net.Conn, framed bool) {
	for range chain.Longest {
		if chain.IsNil(v) {
			return nil, framed
		}
		switch c := v.(type) {
		case *net.TCPConn:
			return c, framed
		case *net.UnixConn:
			return c, framed
		}
		next, byNetConn := chain.Next(v)
		if next == nil {
			next = belowUpgraded(v)
		}
		v, framed = next, framed || byNetConn
	}
	return nil, framed
}

// belowUpgraded returns the connection below the body of a 101 response, or
// nil if v is not such a body. The body's type is not exported. It is a struct
// that embeds the connection as an io.ReadWriteCloser, and the name of an
// embedded field is that of its type, which is exported.
func belowUpgraded(v any) any {
	body := reflect.ValueOf(v)
	if body.Kind() != reflect.Pointer || body.Elem().Kind() != reflect.Struct || body.Elem().Type().PkgPath() != "net/http" {
		return nil
	}
	field, ok := body.Elem().Type().FieldByName("ReadWriteCloser")
	if !ok || !field.Anonymous {
		return nil
	}
	return body.Elem().FieldByIndex(field.Index).Interface()
}

// Raw returns conn's socket, or nil if conn is nil or closed.
func Raw(conn net.Conn) syscall.RawConn {
	c, ok := conn.(syscall.Conn)
	if !ok {
		return nil
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return nil
	}
	return raw
}
