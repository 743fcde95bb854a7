package wrap

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"sync/atomic"

	"github.com/bodywrap/bodywrap/wrap/internal/chain"
)

// A writerLayer wraps a ResponseWriter whose connection can be hijacked. It
// puts the handler's hooks in front of the hijacked connection, and passes all
// other calls on. The types in zz_writer.go differ only in their set of
// methods.
type writerLayer struct {
	// The field makes the type not comparable. This keeps an equality
	// function for each generated type out of the binary.
	_ [0]func()

	original http.ResponseWriter
	handler  *handler
	secure   bool // the request came by TLS

	// bodyEnded says that the request has no body, or that its body was
	// read to EOF.
	bodyEnded atomic.Bool
}

func (l *writerLayer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, brw, err := http.NewResponseController(l.original).Hijack()
	if err != nil {
		return conn, brw, err
	}
	closeOnPanic(conn, func() {
		conn, brw = hijacked(conn, brw, l.secure, l.bodyEnded.Load(), l.handler.hooks)
	})
	return conn, brw, nil
}

// noteBodyEnd returns hooks for the body of the request. At its EOF they set
// bodyEnded.
func (l *writerLayer) noteBodyEnd() Hooks {
	return Hooks{
		Read: func(next io.Reader, p []byte) (int, error) {
			n, err := next.Read(p)
			if err == io.EOF {
				l.bodyEnded.Store(true)
			}
			return n, err
		},
		WriteTo: func(next io.WriterTo, w io.Writer) (int64, error) {
			n, err := next.WriteTo(w)
			if err == nil {
				l.bodyEnded.Store(true)
			}
			return n, err
		},
	}
}

// Unwrap returns the original, in which an [http.ResponseController] looks for
// methods that this family does not know. If the original cannot hijack, but a
// writer below it can, Unwrap returns a hijacker instead: otherwise the
// ResponseController would find that writer's Hijack, which bypasses the hooks.
func (l *writerLayer) Unwrap() http.ResponseWriter {
	if _, ok := l.original.(http.Hijacker); ok {
		return l.original
	}
	return &hijacker{l.original, l}
}

// A hijacker is a ResponseWriter with layer's Hijack.
type hijacker struct {
	http.ResponseWriter
	layer *writerLayer
}

func (h *hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) { return h.layer.Hijack() }
func (h *hijacker) Unwrap() http.ResponseWriter                  { return h.ResponseWriter }

// canHijack reports whether w, or a writer below it, has Hijack.
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
