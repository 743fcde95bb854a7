package codings_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
)

// What tests compare with: the codings as their packages have them, without
// package transform.

// An encoder is a writer of a coding.
type encoder interface {
	io.WriteCloser
	Flush() error
}

// bareWriter returns an encoder.
func bareWriter(coding string, w io.Writer) encoder {
	switch coding {
	case "":
		return identity{w}
	case "br":
		return brotli.NewWriterLevel(w, brotli.BestSpeed) // tests encode much
	case "zstd":
		e, err := zstd.NewWriter(w, zstd.WithEncoderConcurrency(1))
		if err != nil {
			panic(err) // the option is valid
		}
		return e
	case "gzip":
		return gzip.NewWriter(w)
	}
	panic("no coding " + coding)
}

// identity is no coding.
type identity struct{ io.Writer }

func (identity) Flush() error { return nil }
func (identity) Close() error { return nil }

// bareReader returns a decoder. close lets go of it.
func bareReader(coding string, r io.Reader) (decoded io.Reader, close func()) {
	switch coding {
	case "":
		return r, func() {}
	case "br":
		return brotli.NewReader(r), func() {}
	case "zstd":
		d, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1))
		if err != nil {
			panic(err) // the option is valid
		}
		return d, d.Close
	case "gzip":
		return &lazyGzip{in: r}, func() {}
	}
	panic("no coding " + coding)
}

// A lazyGzip reads the header of gzip at the first Read.
type lazyGzip struct {
	in io.Reader
	*gzip.Reader
}

func (l *lazyGzip) Read(p []byte) (n int, err error) {
	if l.Reader == nil {
		if l.Reader, err = gzip.NewReader(l.in); err != nil {
			return 0, err
		}
	}
	return l.Reader.Read(p)
}

// encode returns content in a coding.
func encode(coding string, content []byte) []byte {
	if coding == "" {
		return content
	}
	var b bytes.Buffer
	w := bareWriter(coding, &b)
	_, _ = w.Write(content) // b does not fail
	_ = w.Close()
	return b.Bytes()
}

// decode returns content without the coding in header.
func decode(header http.Header, content []byte) string {
	r, done := bareReader(header.Get("Content-Encoding"), bytes.NewReader(content))
	defer done()
	plain, err := io.ReadAll(r)
	if err != nil {
		return err.Error()
	}
	return string(plain)
}

// startBackend serves text in a coding.
func startBackend(coding string) *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		if coding != "" {
			w.Header().Set("Content-Encoding", coding)
		}
		_, _ = w.Write(encode(coding, []byte(text))) // the client would complain
	}))
}

// A stoppable is a proxy with its backend.
type stoppable struct {
	*httptest.Server
	backend *httptest.Server
}

func (s *stoppable) Close() {
	s.Server.Close()
	s.backend.Close()
}

// startProxy starts a backend and a proxy in front of it.
func startProxy(coding string, modify func(*http.Response) error) *stoppable {
	backend := startBackend(coding)
	target, err := url.Parse(backend.URL)
	if err != nil {
		panic(err) // httptest made it
	}
	proxy := &httputil.ReverseProxy{
		Rewrite:        func(r *httputil.ProxyRequest) { r.SetURL(target) },
		ModifyResponse: modify,
	}
	return &stoppable{httptest.NewServer(proxy), backend}
}

// get fetches content with a field Accept-Encoding.
func get(proxy *stoppable, accept string) (http.Header, []byte) {
	req, err := http.NewRequest("GET", proxy.URL, nil)
	if err != nil {
		panic(err) // httptest made the URL
	}
	req.Header.Set("Accept-Encoding", accept)
	resp, err := proxy.Client().Do(req)
	if err != nil {
		return http.Header{}, []byte(err.Error())
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(resp.Body)
	if err != nil {
		content = fmt.Append(content, err)
	}
	return resp.Header, content
}
