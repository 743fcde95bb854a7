// Package embedded does with New Relic's generator what package bench does with
// wrapgen. Like other generators, that one makes a struct of embedded
// interfaces for each combination. Command bench runs it on interfaces.json,
// and writes its code to zz_embedded.go.
package embedded

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"time"
)

type (
	flushErrorer interface{ FlushError() error }
	deadliner    interface {
		SetReadDeadline(time.Time) error
		SetWriteDeadline(time.Time) error
	}
	fullDuplexer interface{ EnableFullDuplex() error }
)

// countingWriter has all methods of the family. Each struct in zz_embedded.go
// has only those that its original has.
type countingWriter struct {
	http.ResponseWriter
	n *int64
}

func (w *countingWriter) Write(p []byte) (int, error) {
	n, err := w.ResponseWriter.Write(p)
	*w.n += int64(n)
	return n, err
}

func (w *countingWriter) WriteString(s string) (int, error) {
	n, err := w.ResponseWriter.(io.StringWriter).WriteString(s)
	*w.n += int64(n)
	return n, err
}

func (w *countingWriter) Flush()            { w.ResponseWriter.(http.Flusher).Flush() }
func (w *countingWriter) FlushError() error { return w.ResponseWriter.(flushErrorer).FlushError() }
func (w *countingWriter) CloseNotify() <-chan bool {
	return w.ResponseWriter.(http.CloseNotifier).CloseNotify() // deprecated, but one of the nine elements
}
func (w *countingWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return w.ResponseWriter.(http.Hijacker).Hijack()
}
func (w *countingWriter) ReadFrom(r io.Reader) (int64, error) {
	return w.ResponseWriter.(io.ReaderFrom).ReadFrom(r)
}
func (w *countingWriter) SetReadDeadline(t time.Time) error {
	return w.ResponseWriter.(deadliner).SetReadDeadline(t)
}
func (w *countingWriter) SetWriteDeadline(t time.Time) error {
	return w.ResponseWriter.(deadliner).SetWriteDeadline(t)
}
func (w *countingWriter) EnableFullDuplex() error {
	return w.ResponseWriter.(fullDuplexer).EnableFullDuplex()
}
func (w *countingWriter) Push(target string, opts *http.PushOptions) error {
	return w.ResponseWriter.(http.Pusher).Push(target, opts)
}

// Count returns w as a ResponseWriter that adds the number of written bytes to
// n.
func Count(w http.ResponseWriter, n *int64) http.ResponseWriter {
	return combine(w, &countingWriter{w, n})
}
