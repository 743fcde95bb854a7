// Package bench compares the code of wrapgen with the wrapper that httpsnoop
// generates for itself, and with the code of New Relic's generator. All three
// are for the same nine optional elements. Command bench runs the comparison.
package bench

import (
	"io"
	"net/http"
	"time"
)

//go:generate go tool wrapgen

// counting has the elements of httpsnoop 1.1.0.
//
//wrapgen:for countingWriter
//wrapgen:max 512
type counting interface {
	http.Flusher
	FlushError() error
	CloseNotify() <-chan bool
	http.Hijacker
	io.ReaderFrom //wrapgen:pass // as there
	interface {
		SetReadDeadline(time.Time) error
		SetWriteDeadline(time.Time) error
	}
	EnableFullDuplex() error
	http.Pusher
	io.StringWriter //wrapgen:route
}

type countingWriter struct {
	_ [0]func()
	http.ResponseWriter
	n *int64
}

func (w *countingWriter) Write(p []byte) (int, error) {
	n, err := w.ResponseWriter.Write(p)
	*w.n += int64(n)
	return n, err
}

// Count returns w as a ResponseWriter that adds the number of written bytes to
// n.
func Count(w http.ResponseWriter, n *int64) http.ResponseWriter {
	c := &countingWriter{ResponseWriter: w, n: n}
	return c.counting(countingSetOf(w))
}
