// Package gin bounds the size of a gin response. gin.ResponseWriter always has
// Hijack, Flush, CloseNotify and WriteString.
package gin

import (
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
)

// ErrTooLong is returned by writes past the bound.
var ErrTooLong = errors.New("response too long")

// Bound lets handlers write at most n bytes.
func Bound(n int) gin.HandlerFunc {
	return func(c *gin.Context) {
		w := &boundedWriter{ResponseWriter: c.Writer, left: n}
		c.Writer = w.bounded(boundedSetOf(c.Writer))
		c.Next()
	}
}

// bounded is what gin's writer may have beside gin.ResponseWriter: nothing in
// gin 1.12, and what an own writer adds.
//
//wrapgen:for boundedWriter
//wrapgen:route WriteString
//wrapgen:test
type bounded interface {
	io.ReaderFrom //wrapgen:route
	FlushError() error
	EnableFullDuplex() error
	deadlines
	http.Pusher
}

type deadlines interface {
	SetReadDeadline(deadline time.Time) error
	SetWriteDeadline(deadline time.Time) error
}

type boundedWriter struct {
	gin.ResponseWriter
	left int
}

func (w *boundedWriter) Write(p []byte) (int, error) {
	q := p[:min(len(p), w.left)]
	n, err := w.ResponseWriter.Write(q)
	w.left -= n
	if err == nil && len(q) < len(p) {
		err = ErrTooLong
	}
	return n, err
}
