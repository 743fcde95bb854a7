package wrap

import (
	"io"
	"net"
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
