package wraptest

import (
	"io"
	"net"

	"github.com/bodywrap/bodywrap/internal/shapes"
)

// bodyShapes returns the sets of optional methods that the kit's bodies have.
// ReadFrom without Write is not among them: it makes no sense, and wrappers may
// leave it out.
func bodyShapes() (sets []methods) {
	for m := methods(0); m <= bodyFamily; m++ {
		if m&hasReadFrom == 0 || m&hasWrite != 0 {
			sets = append(sets, m)
		}
	}
	return sets
}

// connShapes is bodyShapes for connections. Of the sets with TLS there are
// four: a connection whose handshake is done, one whose handshake comes later,
// a *tls.Conn, and a connection with all methods.
func connShapes() (sets []methods) {
	for m := methods(0); m <= connFamily&^ofTLS; m++ {
		if m&^connFamily == 0 {
			sets = append(sets, m)
		}
	}
	return append(sets,
		hasConnectionState,
		ofTLS,
		hasCloseWrite|hasNetConn|ofTLS,
		connFamily,
	)
}

// body returns o with exactly the methods in m. The results of two calls are
// never equal.
func (o *original) body(m methods) io.ReadCloser { return shapes.OfBody(o, shapes.BodySet(m)) }

// conn is body for a connection, which always has Write.
func (o *original) conn(m methods) net.Conn { return shapes.OfConn(o, shapes.ConnSet(m>>1)) }
