package wraptest

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"slices"
	"strings"
	"syscall"
)

// methods is a set of optional methods.
type methods uint

const (
	hasWrite methods = 1 << iota
	hasCloseWrite
	hasWriteTo
	hasReadFrom
	hasCloseRead
	hasSyscallConn
	hasNetConn
	hasConnectionState
	hasHandshakeContext

	bodyFamily = hasWrite | hasCloseWrite | hasWriteTo | hasReadFrom
	ofTLS      = hasConnectionState | hasHandshakeContext
	connFamily = hasCloseWrite | hasWriteTo | hasReadFrom | hasCloseRead | hasSyscallConn | hasNetConn | ofTLS
)

// The methods that have no interface of their own.
type (
	closeWriter interface{ CloseWrite() error }
	closeReader interface{ CloseRead() error }
	netConner   interface{ NetConn() net.Conn }
	tlsState    interface{ ConnectionState() tls.ConnectionState }
	handshaker  interface{ HandshakeContext(context.Context) error }
)

// optional describes each method, in the order of the bits of methods.
var optional = []struct {
	name string
	in   func(v any) bool // reports whether v has the method
	loss string           // what a user loses without the method
}{
	{"Write", is[io.Writer], "ReverseProxy answers an upgrade with 502"},
	{"CloseWrite", is[closeWriter], "a half-close ends the whole tunnel, and the last answer is lost"},
	{"WriteTo", is[io.WriterTo], "io.Copy from it needs a buffer, and splice is lost"},
	{"ReadFrom", is[io.ReaderFrom], "io.Copy to it needs a buffer, and sendfile and splice are lost"},
	{"CloseRead", is[closeReader], "a reader cannot be stopped by itself"},
	{"SyscallConn", is[syscall.Conn], "socket options are out of reach"},
	{"NetConn", is[netConner], "what is under TLS is out of reach"},
	{"ConnectionState", is[tlsState], "net/http does not see that there is TLS, and HTTP/2 fails"},
	{"HandshakeContext", is[handshaker], "net/http asks what TLS has agreed on before the handshake, and HTTP/2 fails"},
}

func is[T any](v any) bool {
	_, ok := v.(T)
	return ok
}

// methodsOf returns those of v's methods that are in family.
func methodsOf(v any, family methods) (m methods) {
	for i, o := range optional {
		if bit := methods(1) << i; family&bit != 0 && o.in(v) {
			m |= bit
		}
	}
	return m
}

// String returns names such as Read+Close+Write.
func (m methods) String() string {
	names := []string{"Read", "Close"}
	for i, o := range optional {
		if m&(1<<i) != 0 {
			names = append(names, o.name)
		}
	}
	return strings.Join(names, "+")
}

// without returns m without the methods in names.
func (m methods) without(names []string) methods {
	for i, o := range optional {
		if slices.Contains(names, o.name) {
			m &^= 1 << i
		}
	}
	return m
}
