package wrap

import "net"

// ConnOnly returns c as the member of the conn family that has the optional
// methods in set and no others. Tests make originals with it.
func ConnOnly(c net.Conn, set int) net.Conn {
	l := &connLayer{layer: newLayer(c, new(Hooks)), original: c}
	return l.conn(connSet(set))
}
