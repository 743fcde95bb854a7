// Package netconn counts what goes through a connection.
package netconn

import (
	"io"
	"net"
	"syscall"
)

// Meter returns c as a connection that counts, and a function that returns how
// many bytes have been read from it and written to it.
func Meter(c net.Conn) (net.Conn, func() (read, written int64)) {
	m := &meter{conn: c}
	return m.metered(meteredSetOf(c)), func() (int64, int64) { return m.read, m.written }
}

// metered is what a connection may do beside the methods that it always has.
//
//wrapgen:for meter
//wrapgen:test
type metered interface {
	CloseWrite() error // half-close
	CloseRead() error
	io.WriterTo   //wrapgen:route
	io.ReaderFrom // sendfile, splice
	syscall.Conn  //wrapgen:never CloseRead //wrapgen:pass
}

// meter counts what goes through a connection. It holds it in a field that is
// not embedded.
type meter struct {
	conn          net.Conn
	read, written int64
}

func (m *meter) Read(p []byte) (int, error) {
	n, err := m.conn.Read(p)
	m.read += int64(n)
	return n, err
}

func (m *meter) Write(p []byte) (int, error) {
	n, err := m.conn.Write(p)
	m.written += int64(n)
	return n, err
}

func (m *meter) ReadFrom(r io.Reader) (int64, error) {
	n, err := m.conn.(io.ReaderFrom).ReadFrom(r)
	m.written += n
	return n, err
}
