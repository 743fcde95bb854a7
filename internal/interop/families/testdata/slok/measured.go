// Package slok measures handlers with slok's middleware, whose own writer
// always has Hijack and Flush and never anything else.
package slok

import (
	"context"
	"io"
	"net/http"

	"github.com/slok/go-http-metrics/middleware"
)

// Handler returns next, measured by m.
func Handler(id string, m middleware.Middleware, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		i := &interceptor{ResponseWriter: w, request: r, code: http.StatusOK}
		m.Measure(id, i, func() { next.ServeHTTP(i.measured(measuredSetOf(w)), r) })
	})
}

// measured is always a Reporter.
//
//wrapgen:for interceptor
//wrapgen:test newTestInterceptor
type measured interface {
	middleware.Reporter //wrapgen:always
	http.Hijacker
	http.Flusher
	io.ReaderFrom
	http.Pusher
}

type interceptor struct {
	http.ResponseWriter
	request *http.Request
	code    int
	written int64
}

// newTestInterceptor is for the generated test.
func newTestInterceptor(w http.ResponseWriter) *interceptor {
	r, _ := http.NewRequest(http.MethodGet, "/", nil) // a valid one
	return &interceptor{ResponseWriter: w, request: r}
}

func (i *interceptor) Method() string           { return i.request.Method }
func (i *interceptor) Context() context.Context { return i.request.Context() }
func (i *interceptor) URLPath() string          { return i.request.URL.Path }
func (i *interceptor) StatusCode() int          { return i.code }
func (i *interceptor) BytesWritten() int64      { return i.written }

func (i *interceptor) WriteHeader(code int) {
	i.code = code
	i.ResponseWriter.WriteHeader(code)
}

func (i *interceptor) Write(p []byte) (int, error) {
	n, err := i.ResponseWriter.Write(p)
	i.written += int64(n)
	return n, err
}

func (i *interceptor) ReadFrom(r io.Reader) (int64, error) {
	n, err := i.ResponseWriter.(io.ReaderFrom).ReadFrom(r)
	i.written += n
	return n, err
}
