package wraptest

import (
	"io"
	"net"

	"github.com/bodywrap/bodywrap/internal/shapes"
)

// shapes returns the sets of optional methods that the kit's bodies and
// connections have. ReadFrom without Write is not among them: it makes no
// sense, and wrappers may leave it out. Of the connections with TLS there is
// one that has shaken hands already, one that does later, a tls.Conn, and one
// that can do everything.
func bodyShapes() (sets []methods) {
	for m := methods(0); m <= ofBody; m++ {
		if m&hasReadFrom == 0 || m&hasWrite != 0 {
			sets = append(sets, m)
		}
	}
	return sets
}

func connShapes() (sets []methods) {
	for m := methods(0); m <= ofConn&^ofTLS; m++ {
		if m&^ofConn == 0 {
			sets = append(sets, m)
		}
	}
	return append(sets,
		hasConnectionState,
		ofTLS,
		hasCloseWrite|hasNetConn|ofTLS,
		ofConn,
	)
}

// body returns o with the methods in m and no others. Two of its bodies are
// never equal.
func (o *original) body(m methods) io.ReadCloser { return shapes.OfBody(o, shapes.BodySet(m)) }

// conn is body for a connection, which always has Write.
func (o *original) conn(m methods) net.Conn { return shapes.OfConn(o, shapes.ConnSet(m>>1)) }
