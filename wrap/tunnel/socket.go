package tunnel

import (
	"net"
	"reflect"
	"syscall"
)

// socketOf returns the socket that v is, if it is package net's own, behind
// which no hook can be. Other types with SyscallConn may do things in Read and
// Write that it goes round.
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
