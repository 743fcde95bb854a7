package wrap

import (
	"io"
	"net"
	"net/http"
)

// ConnOnly returns c as the member of the conn family that has the optional
// methods in set and no others. Tests make originals with it.
func ConnOnly(c net.Conn, set int) net.Conn {
	return newTestConnLayer(c).conn(connSet(set))
}

// ListenerOnly returns l as the member of the listener family that has the
// optional methods in set and no others.
func ListenerOnly(l net.Listener, set int) net.Listener {
	layer := &listenerLayer{original: l}
	return layer.listener(listenerSet(set))
}

// WriterOnly returns w as the member of the writer family that has the optional
// methods in set, without those that the family leaves out beside the others.
func WriterOnly(w http.ResponseWriter, set int) http.ResponseWriter {
	l := &writerLayer{original: w}
	return l.writer(writerSet(set))
}

// newTestLayer and newTestConnLayer make the layers with which the generated
// tests compare the members of their families.

func newTestLayer(body io.ReadCloser) *layer {
	l := newLayer(body, new(Hooks))
	return &l
}

func newTestConnLayer(c net.Conn) *connLayer {
	return &connLayer{layer: newLayer(c, new(Hooks)), original: c}
}
