package wrap

import (
	"io"
	"net"
	"syscall"
)

// A connLayer is one set of hooks in front of one connection. What a body has
// as well, its layer does; the rest goes straight to the original.
type connLayer struct {
	layer    layer // not embedded: the types in zz_conn.go would all have its methods
	original net.Conn
}

func (l *connLayer) Read(p []byte) (int, error)          { return l.layer.Read(p) }
func (l *connLayer) Write(p []byte) (int, error)         { return l.layer.Write(p) }
func (l *connLayer) Close() error                        { return l.layer.Close() }
func (l *connLayer) CloseWrite() error                   { return l.layer.CloseWrite() }
func (l *connLayer) WriteTo(w io.Writer) (int64, error)  { return l.layer.WriteTo(w) }
func (l *connLayer) ReadFrom(r io.Reader) (int64, error) { return l.layer.ReadFrom(r) }

// SyscallConn returns the original's raw connection without the methods that
// package os looks for in it. With them, (*os.File).ReadFrom and WriteTo would
// find the socket and splice from it, or send a file to it, round the hooks. As
// it is, they go by the connection's own methods.
func (l *connLayer) SyscallConn() (syscall.RawConn, error) {
	raw, err := l.original.(syscall.Conn).SyscallConn()
	if raw == nil {
		return nil, err
	}
	return rawConn{raw}, err
}

// rawConn is a raw connection with the methods of its interface and no others.
type rawConn struct{ syscall.RawConn }
