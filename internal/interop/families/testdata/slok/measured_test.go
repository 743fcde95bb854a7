package slok

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/slok/go-http-metrics/metrics"
	"github.com/slok/go-http-metrics/middleware"
)

// recorder records the size of one response.
type recorder struct {
	metrics.Recorder
	code string
	size int64
}

func (r *recorder) ObserveHTTPResponseSize(_ context.Context, p metrics.HTTPReqProperties, size int64) {
	r.code, r.size = p.Code, size
}

func TestCopiedBytesAreMeasured(t *testing.T) {
	rec := &recorder{Recorder: metrics.Dummy}
	m := middleware.New(middleware.Config{Recorder: rec})
	done := make(chan struct{})
	measured := Handler("", m, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, ok := w.(http.Pusher); ok {
			t.Error("a writer of HTTP/1 is a Pusher")
		}
		w.WriteHeader(http.StatusCreated)
		io.Copy(w, struct{ io.Reader }{strings.NewReader(strings.Repeat("x", 1<<16))})
		w.(http.Flusher).Flush()
	}))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(done)
		measured.ServeHTTP(w, r)
	}))
	defer server.Close()
	resp, err := http.Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
	if <-done; err != nil {
		t.Fatal(err)
	}
	if rec.code != "201" || rec.size != 1<<16 {
		t.Errorf("recorded %s and %d bytes, want 201 and %d", rec.code, rec.size, 1<<16)
	}
}
