package tunnel

import (
	"net"
	"reflect"
	"syscall"
)

// socketOf returns the socket of v if v's type belongs to package net, since
// such a connection has no hooks. Read and Write of other types with
// SyscallConn may do more than the socket does, so their sockets must not be
// used directly.
func socketOf(v any) (syscall.RawConn, bool) {
	c, ok := v.(syscall.Conn)
	if !ok {
		return nil, false
	}
	typ := reflect.TypeOf(v)
	if typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	if typ.PkgPath() != "net" {
		return nil, false
	}
	conn, ok := v.(net.Conn)
	if !ok {
		return nil, false
	}
	if _, stream := conn.LocalAddr().(*net.TCPAddr); !stream && conn.LocalAddr().Network() != "unix" {
		return nil, false
	}
	raw, err := c.SyscallConn()
	return raw, err == nil
}
