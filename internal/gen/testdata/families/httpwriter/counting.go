// Package httpwriter counts what a handler writes.
package httpwriter

import (
	"io"
	"net/http"
	"time"
)

// Counting returns w as a ResponseWriter that counts, and a function that
// returns how many bytes have been written to it.
func Counting(w http.ResponseWriter) (http.ResponseWriter, func() int64) {
	c := &countingWriter{ResponseWriter: w}
	return c.counting(countingSetOf(w)), func() int64 { return c.n }
}

// counting is what a ResponseWriter may do beside the methods that it always has.
//
//wrapgen:for countingWriter
//wrapgen:test
//wrapgen:as
type counting interface {
	http.Flusher
	FlushError() error
	http.Hijacker
	http.Pusher
	io.ReaderFrom
	io.StringWriter //wrapgen:route
	controls
}

// controls are what http.ResponseController sets; the server's ResponseWriters
// have all of them or none.
type controls interface {
	// SetReadDeadline is documented.
	SetReadDeadline(deadline time.Time) error
	SetWriteDeadline(deadline time.Time) error
	EnableFullDuplex() error
}

// countingWriter counts what a handler writes.
type countingWriter struct {
	_ [0]func()
	http.ResponseWriter
	n int64
}

func (w *countingWriter) Write(p []byte) (int, error) {
	n, err := w.ResponseWriter.Write(p)
	w.n += int64(n)
	return n, err
}

func (w *countingWriter) ReadFrom(r io.Reader) (int64, error) {
	n, err := w.ResponseWriter.(io.ReaderFrom).ReadFrom(r)
	w.n += n
	return n, err
}
