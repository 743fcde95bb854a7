package wrap

import (
	"io"
	"net"
	"syscall"
)

// A connLayer is one set of hooks in front of one connection. Methods that a
// body has too go to layer. All other methods go straight to original.
type connLayer struct {
	// layer is not embedded, because the types in zz_conn.go would then all
	// have its methods.
	layer    layer
	original net.Conn
}

func (l *connLayer) Read(p []byte) (int, error)          { return l.layer.Read(p) }
func (l *connLayer) Write(p []byte) (int, error)         { return l.layer.Write(p) }
func (l *connLayer) Close() error                        { return l.layer.Close() }
func (l *connLayer) CloseWrite() error                   { return l.layer.CloseWrite() }
func (l *connLayer) WriteTo(w io.Writer) (int64, error)  { return l.layer.WriteTo(w) }
func (l *connLayer) ReadFrom(r io.Reader) (int64, error) { return l.layer.ReadFrom(r) }

// SyscallConn returns the original's raw connection without the methods that
// package os looks for. With them, (*os.File).ReadFrom and WriteTo would find
// the socket and bypass the hooks, by splice or sendfile. Without them, they
// call the connection's own methods.
func (l *connLayer) SyscallConn() (syscall.RawConn, error) {
	raw, err := l.original.(syscall.Conn).SyscallConn()
	if raw == nil {
		return nil, err
	}
	return rawConn{raw}, err
}

// rawConn is a raw connection with exactly the methods of syscall.RawConn.
type rawConn struct{ syscall.RawConn }
