package chi

import (
	"bufio"
	"bytes"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
)

// A writer goes through a chi router whose middlewares ask for its status, and
// what they see is what the client gets.
func TestThroughAChiRouter(t *testing.T) {
	type seen struct {
		status, bytes int
		tee           string
	}
	done := make(chan seen, 1)
	var logged bytes.Buffer
	r := chi.NewRouter()
	r.Use(func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ww := New(w)
			var tee bytes.Buffer
			ww.Tee(&tee)
			next.ServeHTTP(ww, r)
			done <- seen{ww.Status(), ww.BytesWritten(), tee.String()}
		})
	})
	r.Use(middleware.RequestLogger(&middleware.DefaultLogFormatter{Logger: log.New(&logged, "", 0), NoColor: true}))
	r.Get("/", func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusAccepted)
		io.Copy(w, struct{ io.Reader }{strings.NewReader("copied ")})
		io.WriteString(w, "and written")
		w.(http.Flusher).Flush()
	})
	r.Get("/hijack", func(w http.ResponseWriter, r *http.Request) {
		c, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		io.WriteString(c, "HTTP/1.1 204 No Content\r\n\r\n")
		c.Close()
	})
	server := httptest.NewServer(r)
	defer server.Close()

	resp, err := http.Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(bufio.NewReader(resp.Body))
	if err != nil {
		t.Fatal(err)
	}
	const want = "copied and written"
	if string(body) != want || resp.StatusCode != http.StatusAccepted {
		t.Errorf("got %d %q", resp.StatusCode, body)
	}
	if got := <-done; got != (seen{http.StatusAccepted, len(want), want}) {
		t.Errorf("the middleware saw %+v", got)
	}
	if !strings.Contains(logged.String(), "202 18B") {
		t.Errorf("chi logged %q", logged.String())
	}
	resp, err = http.Get(server.URL + "/hijack")
	if err != nil || resp.StatusCode != http.StatusNoContent {
		t.Errorf("hijacked: %v, %v", resp, err)
	}
	<-done
}

// What chi's own writer drops is kept: a Pusher of HTTP/1, a StringWriter.
func TestKeepsWhatChiDrops(t *testing.T) {
	original := &wrappedTestFake{}
	ours, theirs := New(original), middleware.NewWrapResponseWriter(original, 1)
	if _, ok := theirs.(io.StringWriter); ok {
		t.Error("chi's writer is a StringWriter now: say so in this test")
	}
	for name, has := range map[string]func(any) bool{
		"Flusher":      func(v any) bool { _, ok := v.(http.Flusher); return ok },
		"Hijacker":     func(v any) bool { _, ok := v.(http.Hijacker); return ok },
		"Pusher":       func(v any) bool { _, ok := v.(http.Pusher); return ok },
		"ReaderFrom":   func(v any) bool { _, ok := v.(io.ReaderFrom); return ok },
		"StringWriter": func(v any) bool { _, ok := v.(io.StringWriter); return ok },
	} {
		if !has(ours) {
			t.Errorf("the member is no %s", name)
		}
	}
	if got, ok := wrappedAs[*statusWriter](ours); !ok || got == nil {
		t.Error("wrappedAs does not find the struct")
	}
}

func TestDiscard(t *testing.T) {
	rec := httptest.NewRecorder()
	w := New(rec)
	w.Discard()
	io.WriteString(w, "for nobody")
	w.(http.Flusher).Flush()
	if rec.Body.Len() != 0 || rec.Flushed || w.BytesWritten() != len("for nobody") {
		t.Errorf("the recorder has %q, flushed %v; BytesWritten %d", rec.Body, rec.Flushed, w.BytesWritten())
	}
}
