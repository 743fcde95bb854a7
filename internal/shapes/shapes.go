// Package shapes makes bodies and connections that have some optional methods
// of another one and no others. They have no Unwrap. Tests and package wraptest
// wrap them.
package shapes

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"syscall"
)

//go:generate go run ../../cmd/wrapgen

// OfBody returns original as a body that has the optional methods in s.
// Original must have them.
func OfBody(original io.ReadCloser, s BodySet) io.ReadCloser { return (&body{original}).Body(s) }

// Body is the optional methods of a body.
//
//wrapgen:for body
//wrapgen:nounwrap
//wrapgen:test
type Body interface {
	io.Writer
	closeWriter
	io.WriterTo
	io.ReaderFrom
}

type body struct{ original io.ReadCloser }

// OfConn returns original as a connection that has the optional methods in s,
// without HandshakeContext if there is no ConnectionState. Original must have
// them.
func OfConn(original net.Conn, s ConnSet) net.Conn { return (&conn{original}).Conn(s) }

// Conn is the optional methods of a connection.
//
//wrapgen:for conn
//wrapgen:nounwrap
//wrapgen:test
type Conn interface {
	closeWriter
	io.WriterTo
	io.ReaderFrom
	CloseRead() error
	syscall.Conn
	NetConn() net.Conn
	ConnectionState() tls.ConnectionState
	HandshakeContext(ctx context.Context) error //wrapgen:needs ConnectionState
}

type conn struct{ original net.Conn }

type closeWriter interface{ CloseWrite() error }
