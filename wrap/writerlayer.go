package wrap

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"sync/atomic"

	"github.com/bodywrap/bodywrap/wrap/internal/chain"
	"github.com/bodywrap/bodywrap/wrap/internal/copybuf"
)

// A writerLayer is one set of hooks in front of one ResponseWriter. Writer and
// Handler make it. The types in zz_writer.go differ only in their set of
// methods. Their methods call those below, which assume that the original has
// the method, or call the original.
type writerLayer struct {
	// The field makes the type not comparable. This keeps an equality
	// function for each generated type out of the binary.
	_ [0]func()

	original http.ResponseWriter
	hooks    WriterHooks
	headed   bool // the last header is sent, or about to be

	// secure says that the connection is one of TLS, or may be.
	secure bool

	// bodyEnded says that the request has no body, or that its body was
	// read to EOF. Only Handler knows that.
	bodyEnded atomic.Bool
}

// WriteHeader calls the hooks, except after the last header.
func (l *writerLayer) WriteHeader(status int) {
	informational := status >= 100 && status <= 199 && status != http.StatusSwitchingProtocols
	switch {
	case l.headed:
		l.original.WriteHeader(status)
		return
	case !informational:
		l.headed = true
		if l.hooks.Header != nil {
			l.hooks.Header(l.original.Header(), status)
		}
	}
	if l.hooks.WriteHeader != nil {
		l.hooks.WriteHeader((*writerNext)(l), status)
		return
	}
	l.original.WriteHeader(status)
}

// implyHeader sends the header of status 200 if the handler has not sent one,
// and a hook has to see it.
func (l *writerLayer) implyHeader() {
	if !l.headed && (l.hooks.Header != nil || l.hooks.WriteHeader != nil) {
		l.WriteHeader(http.StatusOK)
	}
}

func (l *writerLayer) Write(p []byte) (int, error) {
	l.implyHeader()
	if l.hooks.Write != nil {
		return (*writerHooked)(l).Write(p)
	}
	return l.original.Write(p)
}

func (l *writerLayer) WriteString(s string) (int, error) {
	l.implyHeader()
	if l.hooks.Write != nil {
		return (*writerHooked)(l).Write([]byte(s))
	}
	return l.original.(io.StringWriter).WriteString(s)
}

func (l *writerLayer) ReadFrom(r io.Reader) (int64, error) {
	l.implyHeader()
	switch {
	case l.hooks.ReadFrom != nil:
		return l.hooks.ReadFrom((*writerNext)(l), r)
	case l.hooks.Write != nil: // the original's ReadFrom would bypass the hook
		return copybuf.Pump((*writerHooked)(l), r)
	}
	return l.original.(io.ReaderFrom).ReadFrom(r)
}

func (l *writerLayer) Flush() {
	l.implyHeader()
	if l.hooks.Flush != nil {
		_ = l.hooks.Flush((*writerNext)(l)) // Flush cannot tell
		return
	}
	l.original.(http.Flusher).Flush()
}

func (l *writerLayer) FlushError() error {
	l.implyHeader()
	if l.hooks.Flush != nil {
		return l.hooks.Flush((*writerNext)(l))
	}
	return l.original.(FlushErrorer).FlushError()
}

func (l *writerLayer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	if l.hooks.Hijack != nil {
		return l.hooks.Hijack((*writerNext)(l))
	}
	return (*writerNext)(l).Hijack()
}

// A writerHooked calls the Write hook, and enforces the contract of io.Writer
// on it.
type writerHooked writerLayer

func (l *writerHooked) Write(p []byte) (int, error) {
	n, err := l.hooks.Write((*writerNext)(l), p)
	if uint(n) > uint(len(p)) {
		return 0, countError("Write", n, len(p))
	}
	if n < len(p) && err == nil {
		err = io.ErrShortWrite
	}
	return n, err
}

// A writerNext is what hooks get as next: the methods behind them.
type writerNext writerLayer

func (l *writerNext) WriteHeader(status int)      { l.original.WriteHeader(status) }
func (l *writerNext) Write(p []byte) (int, error) { return l.original.Write(p) }
func (l *writerNext) ReadFrom(r io.Reader) (int64, error) {
	return l.original.(io.ReaderFrom).ReadFrom(r)
}

func (l *writerNext) FlushError() error {
	switch f := l.original.(type) {
	case FlushErrorer:
		return f.FlushError()
	case http.Flusher:
		f.Flush()
	}
	return nil
}

func (l *writerNext) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, brw, err := http.NewResponseController(l.original).Hijack()
	if err != nil {
		return conn, brw, err
	}
	closeOnPanic(conn, func() {
		conn, brw = hijacked(conn, brw, l.secure, l.bodyEnded.Load(), l.hooks.Conn)
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
	if !canHijack(l.original) {
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
