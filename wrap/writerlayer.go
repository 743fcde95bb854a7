package wrap

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"sync/atomic"

	"github.com/bodywrap/bodywrap/wrap/internal/chain"
)

// A writerLayer stands in front of a ResponseWriter whose connection can be
// hijacked, and does nothing until it is. The types in zz_writer.go
// differ in nothing but which methods they have.
type writerLayer struct {
	_ [0]func() // not comparable: keeps an equality function for each type out of the binary

	original http.ResponseWriter
	handler  *handler
	secure   bool        // the request came by TLS
	ended    atomic.Bool // the request has no body, or its body has been read to EOF
}

func (l *writerLayer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, brw, err := http.NewResponseController(l.original).Hijack()
	if err != nil {
		return conn, brw, err
	}
	closeOnPanic(conn, func() {
		conn, brw = hijacked(conn, brw, l.secure, l.ended.Load(), l.handler.hooks)
	})
	return conn, brw, nil
}

// watch returns hooks for the body of the request. They note its EOF.
func (l *writerLayer) watch() Hooks {
	return Hooks{
		Read: func(next io.Reader, p []byte) (int, error) {
			n, err := next.Read(p)
			if err == io.EOF {
				l.ended.Store(true)
			}
			return n, err
		},
		WriteTo: func(next io.WriterTo, w io.Writer) (int64, error) {
			n, err := next.WriteTo(w)
			if err == nil {
				l.ended.Store(true)
			}
			return n, err
		},
	}
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
	for range chain.Longest {
		if chain.IsNil(w) {
			return false
		}
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
