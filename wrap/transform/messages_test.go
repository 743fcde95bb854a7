package transform_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/bodywrap/bodywrap/internal/testkit"
	"github.com/bodywrap/bodywrap/wrap"
	"github.com/bodywrap/bodywrap/wrap/transform"
	"github.com/google/go-cmp/cmp"
)

// These tests send every kind of message through every hook of this package, in
// a real ReverseProxy, to backends that speak HTTP/1.1 and HTTP/2.

var (
	// The content is lines, events and words.
	text       = strings.Repeat("data: a secret\n\ndata: not one\n\n", 2000)
	hidden     = strings.ReplaceAll(text, "secret", "***")
	textZipped = gzipped(text)
)

// serveMessages answers each path with a message of another kind.
func serveMessages(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "max-age=60")
	h.Set("ETag", `"tag"`)
	h.Set("Digest", "sha-256=AAAA")
	h.Set("Content-Digest", "sha-256=:AAAA:")
	h.Set("Repr-Digest", "sha-256=:AAAA:")
	h.Set("Content-MD5", "AAAA")
	h.Set("Accept-Ranges", "bytes")
	h.Set("X-Kept", "yes")
	status, body := 200, text
	switch r.URL.Path {
	case "/sized":
		h.Set("Content-Length", fmt.Sprint(len(body)))
	case "/chunked": // it is long, and says nothing of its length
	case "/no-transform":
		h.Set("Cache-Control", "no-transform")
	case "/early":
		link := h.Clone()
		h.Set("Link", "</style.css>; rel=preload; as=style")
		w.WriteHeader(http.StatusEarlyHints)
		clear(h)
		maps.Copy(h, link)
	case "/trailers":
		h.Set("Trailer", "X-Checked, Content-Digest")
		defer h.Set("X-Checked", "yes")
		defer h.Set("Content-Digest", "sha-256=:BBBB:")
		defer h.Set(http.TrailerPrefix+"Repr-Digest", "sha-256=:BBBB:")
	case "/gzip":
		h.Set("Content-Encoding", "gzip")
		h.Set("Content-Length", fmt.Sprint(len(textZipped)))
		body = textZipped
	case "/empty":
		h.Set("Content-Length", "0")
		body = ""
	case "/204", "/205":
		_, _ = fmt.Sscanf(r.URL.Path, "/%d", &status)
		body = ""
	case "/304":
		status, body = 304, ""
	case "/304/bare":
		for field := range h {
			if field != "Etag" && field != "Cache-Control" && field != "X-Kept" {
				h[field] = nil // or net/http adds a type
			}
		}
		status, body = 304, ""
	case "/206":
		h.Set("Content-Range", "bytes 6-13/62000")
		h.Set("Content-Length", "8")
		status, body = 206, "a secret"
	case "/206/multipart":
		h.Set("Content-Type", "multipart/byteranges; boundary=B")
		status, body = 206, "--B\r\nContent-Range: bytes 6-13/62000\r\n\r\na secret\r\n--B--\r\n"
	case "/416":
		h.Set("Content-Range", "bytes */62000")
		status = 416
	case "/101":
		rw := http.NewResponseController(w)
		conn, brw, err := rw.Hijack()
		if err != nil {
			return // over HTTP/2
		}
		defer conn.Close()
		_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nContent-Type: text/event-stream\r\nETag: \"tag\"\r\n\r\n")
		_, _ = io.Copy(conn, brw)
		return
	}
	w.WriteHeader(status)
	if r.Method != "HEAD" {
		_, _ = io.WriteString(w, body) // the client would complain
	}
}

// These are the messages, by what a hook that changes content may do to them.
var (
	withContent = []string{"GET /sized", "GET /chunked", "GET /early", "GET /trailers", "GET /416", "GET /no-transform"}
	withoutAny  = []string{"GET /204", "GET /205", "GET /206", "GET /206/multipart", "GET /101"}
	headers     = []string{"HEAD /sized", "HEAD /chunked", "HEAD /416"}
	notModified = []string{"GET /304", "GET /304/bare"}
)

// asChanged returns m as the client must see it once its content is changed to
// body.
func asChanged(m testkit.Message, body string) testkit.Message {
	m.Header = maps.Clone(m.Header)
	for _, field := range []string{"Content-Length", "Content-Md5", "Digest", "Content-Digest", "Repr-Digest", "Accept-Ranges"} {
		delete(m.Header, field)
	}
	if m.Status == 416 {
		delete(m.Header, "Content-Range")
	}
	m.Header.Set("Etag", `W/"tag"`)
	if m.Status != 304 {
		m.ContentLength = -1
	}
	m.Body = body
	if m.Trailer != nil {
		m.Trailer = http.Header{"X-Checked": {"yes"}}
	}
	return m
}

// with returns m with a field set, or deleted if value is empty.
func with(m testkit.Message, field, value string) testkit.Message {
	m.Header = maps.Clone(m.Header)
	if value == "" {
		m.Header.Del(field)
	} else {
		m.Header.Set(field, value)
	}
	return m
}

// A rewrite is a hook of this package with what the client must see.
type rewrite struct {
	name string
	hook wrap.Hooks
	want func(request string, m testkit.Message) testkit.Message
}

// rewrites are all hooks of this package.
func rewrites() []rewrite {
	hide := func(record []byte) ([]byte, error) {
		return bytes.ReplaceAll(record, []byte("secret"), []byte("***")), nil
	}
	hideEvent := func(e *transform.Event) (*transform.Event, error) {
		if e.Data != nil {
			e.Data, _ = hide(e.Data)
		}
		return e, nil
	}
	all := []rewrite{
		{"Compress", zip, func(request string, m testkit.Message) testkit.Message {
			compressed := with(asChanged(m, m.Body), "Content-Encoding", "gzip")
			switch {
			case request == "GET /no-transform", request == "GET /gzip", request == "HEAD /gzip", request == "GET /empty", slices.Contains(withoutAny, request):
				return m
			case slices.Contains(notModified, request):
				return with(asChanged(m, ""), "Vary", "Accept-Encoding")
			}
			return with(compressed, "Vary", "Accept-Encoding")
		}},
		{"Decompress", unzip, func(request string, m testkit.Message) testkit.Message {
			switch request {
			case "GET /gzip":
				return with(asChanged(m, text), "Content-Encoding", "")
			case "HEAD /gzip":
				return with(asChanged(m, ""), "Content-Encoding", "")
			}
			return m
		}},
	}
	for name, hook := range map[string]wrap.Hooks{
		"Records": transform.Records(bufio.ScanWords, hide, nil),
		"Lines":   transform.Lines(hide, nil),
		"Events":  transform.Events(hideEvent, nil),
		"Replace": transform.Replace("secret", "***", nil),
		"Plain":   transform.Plain(nil, transform.Replace("secret", "***", nil)),

		"the README's": redact,
	} {
		all = append(all, rewrite{name, hook, func(request string, m testkit.Message) testkit.Message {
			switch {
			case slices.Contains(withoutAny, request):
				return m
			case slices.Contains(headers, request), slices.Contains(notModified, request), request == "HEAD /gzip", request == "GET /empty":
				return asChanged(m, "")
			}
			return asChanged(m, hidden)
		}})
	}
	return all
}

func TestEveryMessageThroughEveryHook(t *testing.T) {
	requests := slices.Concat(withContent, withoutAny, headers, notModified, []string{"GET /gzip", "HEAD /gzip", "GET /empty"})
	for _, proto := range []string{"HTTP/1.1", "HTTP/2.0"} {
		backend := testkit.StartBackend(t, proto, serveMessages)
		plain := testkit.StartProxy(t, backend, nil, nil)
		for _, rw := range rewrites() {
			hooks := func(resp *http.Response) []wrap.Hooks {
				if resp.Proto != proto {
					t.Errorf("the backend speaks %s, want %s", resp.Proto, proto)
				}
				return []wrap.Hooks{rw.hook}
			}
			transport := func(base http.RoundTripper) http.RoundTripper { return wrap.Transport(base, hooks) }
			proxies := map[string]*httptest.Server{
				"ModifyResponse": testkit.StartProxy(t, backend, nil, wrap.ModifyResponse(nil, hooks)),
				"Transport":      testkit.StartProxy(t, backend, transport, nil),
			}
			for _, request := range requests {
				var fields []string
				if request == "GET /101" {
					if proto == "HTTP/2.0" {
						continue // it has no 101
					}
					fields = browser
				}
				t.Run(proto+"/"+rw.name+"/"+request, func(t *testing.T) {
					method, path, _ := strings.Cut(request, " ")
					want := rw.want(request, decoded(t, testkit.Fetch(t, plain.Client(), method, plain.URL+path, fields...)))
					for entry, proxy := range proxies {
						got := testkit.Fetch(t, proxy.Client(), method, proxy.URL+path, fields...)
						if got.Header.Get("Content-Encoding") == "gzip" && method == "GET" && got.Status == 200 && len(got.Body) > len(text)/10 {
							t.Errorf("%s: %d bytes of gzip, want them to be small", entry, len(got.Body))
						}
						// net/http adds 0 if it knows.
						if request == "GET /empty" && want.ContentLength < 0 && got.ContentLength == 0 {
							got = with(got, "Content-Length", "")
							got.ContentLength = -1
						}
						if diff := cmp.Diff(want, decoded(t, got)); diff != "" {
							t.Errorf("%s (-want +got):\n%s", entry, diff)
						}
					}
				})
			}
		}
	}
}

// browser are the fields of a WebSocket handshake of Chromium that matter.
var browser = []string{
	"Connection", "Upgrade", "Upgrade", "websocket", "Sec-WebSocket-Version", "13", "Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==",
	"Accept-Encoding", "gzip, deflate, br, zstd", "Cache-Control", "no-cache", "Origin", "http://example.com",
}

// decoded returns m with the content that its Content-Encoding stands for, and
// the same header. The bytes of an encoder are its own affair.
func decoded(t *testing.T, m testkit.Message) testkit.Message {
	t.Helper()
	if m.Header.Get("Content-Encoding") != "gzip" || m.Body == "" {
		return m
	}
	r, err := gzip.NewReader(strings.NewReader(m.Body))
	if err != nil {
		t.Fatalf("the content is not gzip: %v", err)
	}
	plain, err := io.ReadAll(r)
	if err != nil {
		t.Fatalf("the content is not gzip: %v", err)
	}
	m.Body = string(plain)
	return m
}
