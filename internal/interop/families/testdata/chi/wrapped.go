// Package chi makes a chi WrapResponseWriter that keeps what its original can
// do. chi's own has six fixed combinations.
package chi

import (
	"io"
	"net/http"

	"github.com/go-chi/chi/v5/middleware"
)

// New returns w with what chi's middlewares ask for.
func New(w http.ResponseWriter) middleware.WrapResponseWriter {
	b := &statusWriter{ResponseWriter: w}
	return b.wrapped(wrappedSetOf(w))
}

// wrapped is always what chi's middlewares ask for.
//
//wrapgen:for statusWriter
//wrapgen:test
//wrapgen:as
type wrapped interface {
	middleware.WrapResponseWriter //wrapgen:always
	http.Flusher
	FlushError() error //wrapgen:route
	http.Hijacker
	http.Pusher
	io.ReaderFrom   //wrapgen:route
	io.StringWriter //wrapgen:route
}

type statusWriter struct {
	http.ResponseWriter
	tee     io.Writer
	discard bool
	code    int
	bytes   int
}

func (w *statusWriter) Status() int       { return w.code }
func (w *statusWriter) BytesWritten() int { return w.bytes }
func (w *statusWriter) Tee(to io.Writer)  { w.tee = to }
func (w *statusWriter) Discard()          { w.discard = true }

func (w *statusWriter) WriteHeader(code int) {
	if code >= 200 && w.code == 0 {
		w.code = code
	}
	if !w.discard {
		w.ResponseWriter.WriteHeader(code)
	}
}

func (w *statusWriter) Write(p []byte) (n int, err error) {
	if w.code == 0 {
		w.WriteHeader(http.StatusOK)
	}
	n = len(p)
	if !w.discard {
		n, err = w.ResponseWriter.Write(p)
	}
	if w.tee != nil {
		if _, teeErr := w.tee.Write(p[:n]); err == nil {
			err = teeErr
		}
	}
	w.bytes += n
	return n, err
}

func (w *statusWriter) Flush() {
	if w.code == 0 {
		w.WriteHeader(http.StatusOK)
	}
	if !w.discard {
		w.ResponseWriter.(http.Flusher).Flush()
	}
}
