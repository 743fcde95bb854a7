package transform_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/bodywrap/bodywrap/internal/testkit"
	"github.com/bodywrap/bodywrap/wrap/transform"
	"github.com/google/go-cmp/cmp"
)

// What a client sees of a handler under CompressHandler, beside what it sees of
// the handler alone.
func TestCompressHandler(t *testing.T) {
	var b strings.Builder // long enough that net/http does not know the length
	for i := range uint32(2000) {
		fmt.Fprintf(&b, "<p>%x</p>\n", i*2654435761)
	}
	long := b.String()
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	serve := func(contentType string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if contentType != "" {
				w.Header().Set("Content-Type", contentType)
			}
			w.Header().Set("ETag", `"tag"`)
			http.ServeContent(w, r, "", at, strings.NewReader(long))
		}
	}
	write := func(parts ...string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			for _, part := range parts {
				_, _ = io.WriteString(w, part)
			}
		}
	}
	compressed := func(m testkit.Message) testkit.Message {
		m.Header = m.Header.Clone()
		for _, field := range []string{"Content-Length", "Accept-Ranges"} {
			m.Header.Del(field)
		}
		m.Header.Set("Content-Encoding", "gzip")
		m.Header.Set("Vary", "Accept-Encoding")
		if m.Header.Get("Etag") != "" {
			m.Header.Set("Etag", `W/"tag"`)
		}
		m.ContentLength = -1
		return m
	}
	varies := func(m testkit.Message) testkit.Message { return with(m, "Vary", "Accept-Encoding") }
	same := func(m testkit.Message) testkit.Message { return m }
	for _, tt := range []struct {
		name    string
		handler http.HandlerFunc
		method  string
		fields  []string
		want    func(testkit.Message) testkit.Message
	}{
		{"ServeContent", serve("text/html"), "GET", nil, compressed},
		{"HEAD", serve("text/html"), "HEAD", nil, compressed},
		{"a range", serve("text/html"), "GET", []string{"Range", "bytes=1-9"}, same},
		{"several ranges", serve("text/html"), "GET", []string{"Range", "bytes=9999999-"}, func(m testkit.Message) testkit.Message {
			return m // 416 with a small page
		}},
		{"not modified", serve("text/html"), "GET", []string{"If-None-Match", `W/"tag"`}, func(m testkit.Message) testkit.Message {
			return with(varies(m), "Etag", `W/"tag"`)
		}},
		{"an image", serve("image/png"), "GET", nil, same},
		{"a client that does not accept it", serve("text/html"), "GET", []string{"Accept-Encoding", "br"}, varies},
		{"written at once", write(long), "GET", nil, compressed},
		{"written in pieces", write(strings.SplitAfter(long, "\n")...), "GET", nil, compressed},
		{"a small one", write("<p>", "hello"), "GET", nil, same},
		{"nothing", write(), "GET", nil, same},
		{"an error", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "gone", http.StatusGone) }, "GET", nil, same},
		{"no content", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) }, "GET", nil, same},
		{"no type", func(w http.ResponseWriter, r *http.Request) { w.Header()["Content-Type"] = nil; write(long)(w, r) }, "GET", nil, same},
		{"encoded", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = io.WriteString(w, gzipped(long))
		}, "GET", nil, same},
		{"copied", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.Copy(w, struct{ io.Reader }{strings.NewReader(long)})
		}, "GET", nil, compressed},
		{"copied, and small", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.Copy(w, struct{ io.Reader }{strings.NewReader("small")})
		}, "GET", nil, same},
		{"early hints", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(103); write(long)(w, r) }, "GET", nil, compressed},
		{"trailers", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Trailer", "X-Checked")
			write(long)(w, r)
			w.Header().Set("X-Checked", "yes")
		}, "GET", nil, compressed},
		{"an odd status", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(503); write(long)(w, r) }, "GET", nil, compressed},
	} {
		for _, proto := range []string{"HTTP/1.1", "HTTP/2.0"} {
			t.Run(tt.name+"/"+proto, func(t *testing.T) {
				plain := testkit.StartBackend(t, proto, tt.handler)
				hooked := testkit.StartBackend(t, proto, transform.CompressHandler(tt.handler, nil).ServeHTTP)
				want := tt.want(decoded(t, testkit.Fetch(t, plain.Client(), tt.method, plain.URL, tt.fields...)))
				got := decoded(t, testkit.Fetch(t, hooked.Client(), tt.method, hooked.URL, tt.fields...))
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("what the client sees (-want +got):\n%s", diff)
				}
			})
		}
	}
}

// Events flow, an upgrade works, and a panic in the middle is seen.
func TestCompressHandlerLosesNothing(t *testing.T) {
	next := make(chan bool)
	defer close(next)
	server := testkit.StartBackend(t, "HTTP/1.1", transform.CompressHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/panic" {
			_, _ = io.WriteString(w, strings.Repeat("x", 10_000))
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}
		w.Header().Set("Content-Type", "text/event-stream")
		for range next {
			_, _ = io.WriteString(w, flowing)
			if err := http.NewResponseController(w).Flush(); err != nil {
				t.Error(err)
			}
		}
	}), nil).ServeHTTP)
	for path, want := range map[string]bool{"/": true, "/panic": false} {
		req, err := http.NewRequest("GET", server.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Accept-Encoding", "gzip")
		if want {
			go func() { next <- true }()
		}
		resp, err := server.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		zr, err := gzip.NewReader(resp.Body)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if want {
			f := &flow{events: zr}
			f.receive(t)
			for range 3 {
				next <- true
				f.receive(t)
			}
		} else if _, err := io.Copy(io.Discard, zr); err == nil {
			t.Error("the content of a handler that panicked is whole")
		}
		resp.Body.Close()
	}
	backend := testkit.StartBackend(t, "HTTP/1.1", serveMessages)
	target, err := url.Parse(backend.URL)
	if err != nil {
		t.Fatal(err)
	}
	proxy := testkit.StartBackend(t, "HTTP/1.1", transform.CompressHandler(httputil.NewSingleHostReverseProxy(target), nil).ServeHTTP)
	if m := testkit.Fetch(t, proxy.Client(), "GET", proxy.URL+"/101", browser...); m.Status != 101 || m.Body != "ping" || m.Header.Get("Content-Encoding") != "" {
		t.Errorf("an upgrade through CompressHandler: %+v", m)
	}
}

// The encoders are used again, also after a panic.
func TestCompressHandlerUsesEncodersAgain(t *testing.T) {
	var want []byte
	server := testkit.StartBackend(t, "HTTP/1.1", transform.CompressHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		_, _ = w.Write(want)
		if r.URL.Path == "/panic" {
			panic(http.ErrAbortHandler)
		}
	}), nil).ServeHTTP)
	for i := range 20 {
		want = bytes.Repeat([]byte(fmt.Sprint(i)), 5000)
		if i%3 == 0 {
			if resp, err := server.Client().Get(server.URL + "/panic"); err == nil {
				resp.Body.Close()
			}
			continue
		}
		if got := decoded(t, testkit.Fetch(t, server.Client(), "GET", server.URL)); got.Body != string(want) || got.Header.Get("Content-Encoding") != "gzip" {
			t.Errorf("%d bytes became %d, with %v", len(want), len(got.Body), got.Header)
		}
	}
}
