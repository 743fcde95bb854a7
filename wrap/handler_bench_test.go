package wrap_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/bodywrap/bodywrap/wrap"
)

// BenchmarkHandler measures a response that is never hijacked, without Handler
// and with Handler.
func BenchmarkHandler(b *testing.B) {
	next := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusNoContent) })
	handlers := []struct {
		name string
		h    http.Handler
	}{
		{"bare", next},
		{"wrapped", wrap.Handler(next, passAll)},
	}
	r := httptest.NewRequest("GET", "/", nil)
	for _, bb := range handlers {
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				bb.h.ServeHTTP(idleWriter{}, r)
			}
		})
	}
}

// idleWriter is a server's writer that does nothing and allocates nothing; it
// has the methods that net/http's has for HTTP/1.
type idleWriter struct{ *writerRecorder }

func (idleWriter) WriteHeader(int) {}
func (idleWriter) Push()           {} // not http.Pusher's, which is HTTP/2's
