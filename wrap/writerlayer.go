package wrap

import (
	"bufio"
	"net"
	"net/http"
)

// A writerLayer stands in front of a ResponseWriter whose connection can be
// hijacked, and does nothing until it is. The types in zz_writer.go
// differ in nothing but which methods they have.
type writerLayer struct {
	_ [0]func() // not comparable: keeps an equality function for each type out of the binary

	original http.ResponseWriter
	handler  *handler
	secure   bool // the request came by TLS
}

func (l *writerLayer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, brw, err := http.NewResponseController(l.original).Hijack()
	if err != nil {
		return conn, brw, err
	}
	conn, brw = hijacked(conn, brw, l.secure, l.handler.hooks)
	return conn, brw, nil
}

// Unwrap returns the original. An [http.ResponseController] looks there for
// what the original can do and this family does not know. If the original
// cannot hijack, but a writer below it can, then a hijacker stands between, so
// that the search ends at ours.
func (l *writerLayer) Unwrap() http.ResponseWriter {
	if _, ok := l.original.(http.Hijacker); ok {
		return l.original
	}
	return &hijacker{l.original, l}
}

type hijacker struct {
	http.ResponseWriter
	layer *writerLayer
}

func (h *hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) { return h.layer.Hijack() }
func (h *hijacker) Unwrap() http.ResponseWriter                  { return h.ResponseWriter }

// canHijack reports whether w can, or a writer below it.
func canHijack(w http.ResponseWriter) bool {
	for range longestChain {
		switch v := w.(type) {
		case http.Hijacker:
			return true
		case interface{ Unwrap() http.ResponseWriter }:
			w = v.Unwrap()
		default:
			return false
		}
	}
	return false
}
