// Package httpsnoop has the methods of felixge/httpsnoop's writers, which have
// any combination of nine elements.
package httpsnoop

import (
	"io"
	"net/http"
	"time"
)

// Metrics are what a handler did to its writer.
type Metrics struct {
	Code    int
	Written int64
}

// Capture returns w as a ResponseWriter that fills in m.
func Capture(w http.ResponseWriter, m *Metrics) http.ResponseWriter {
	s := &snoopingWriter{ResponseWriter: w, metrics: m}
	return s.snooping(snoopingSetOf(w))
}

// snooping is what httpsnoop.Wrap asks a writer for.
//
//wrapgen:for snoopingWriter
//wrapgen:max 512
//wrapgen:test newTestWriter
type snooping interface {
	http.Flusher
	FlushError() error
	http.CloseNotifier //lint:ignore SA1019 httpsnoop has it
	http.Hijacker
	io.ReaderFrom
	interface {
		SetReadDeadline(deadline time.Time) error
		SetWriteDeadline(deadline time.Time) error
	}
	EnableFullDuplex() error
	http.Pusher
	io.StringWriter
}

type snoopingWriter struct {
	http.ResponseWriter
	metrics *Metrics
}

// newTestWriter is for the generated test.
func newTestWriter(w http.ResponseWriter) *snoopingWriter {
	return &snoopingWriter{ResponseWriter: w, metrics: new(Metrics)}
}

func (w *snoopingWriter) WriteHeader(code int) {
	w.ResponseWriter.WriteHeader(code)
	if code >= 200 && w.metrics.Code == 0 {
		w.metrics.Code = code
	}
}

func (w *snoopingWriter) Write(p []byte) (int, error) {
	n, err := w.ResponseWriter.Write(p)
	return n, w.count(int64(n), err)
}

func (w *snoopingWriter) WriteString(s string) (int, error) {
	n, err := w.ResponseWriter.(io.StringWriter).WriteString(s)
	return n, w.count(int64(n), err)
}

func (w *snoopingWriter) ReadFrom(r io.Reader) (int64, error) {
	n, err := w.ResponseWriter.(io.ReaderFrom).ReadFrom(r)
	return n, w.count(n, err)
}

func (w *snoopingWriter) count(n int64, err error) error {
	if w.metrics.Code == 0 {
		w.metrics.Code = http.StatusOK
	}
	w.metrics.Written += n
	return err
}
