package testkit

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"net/http/httputil"
	"net/textproto"
	"net/url"
	"testing"
)

// StartBackend serves h over proto, "HTTP/1.1" or "HTTP/2.0", until the test
// ends. The server's client leaves content codings alone.
func StartBackend(t testing.TB, proto string, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	if proto == "HTTP/2.0" {
		s.EnableHTTP2 = true
		s.StartTLS()
	} else {
		s.Start()
	}
	s.Client().Transport.(*http.Transport).DisableCompression = true
	t.Cleanup(s.Close)
	return s
}

// StartProxy puts an httputil.ReverseProxy in front of backend, with a wrapper
// of its transport and a function for ModifyResponse. Both may be nil.
func StartProxy(t testing.TB, backend *httptest.Server, transport func(http.RoundTripper) http.RoundTripper, modify func(*http.Response) error) *httptest.Server {
	t.Helper()
	target, err := url.Parse(backend.URL)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.ErrorLog = log.New(io.Discard, "", 0)
	proxy.Transport = backend.Client().Transport
	if transport != nil {
		proxy.Transport = transport(proxy.Transport)
	}
	proxy.ModifyResponse = modify
	return StartBackend(t, "HTTP/1.1", proxy.ServeHTTP)
}

// A Message is what a client sees of a response.
type Message struct {
	Early         []http.Header // of 103 responses
	Status        int
	ContentLength int64
	Header        http.Header // without Date
	Body          string
	Trailer       http.Header // nil if empty
}

// Fetch sends a request without a body, with pairs of header fields. After a
// 101 it sends "ping" and reads as many bytes.
func Fetch(t *testing.T, client *http.Client, method, url string, fields ...string) Message {
	t.Helper()
	var m Message
	trace := &httptrace.ClientTrace{Got1xxResponse: func(code int, h textproto.MIMEHeader) error {
		if code == http.StatusEarlyHints {
			m.Early = append(m.Early, http.Header(h))
		}
		return nil
	}}
	req, err := http.NewRequestWithContext(httptrace.WithClientTrace(t.Context(), trace), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept-Encoding", "gzip") // without it, net/http decodes
	req.Header.Set("TE", "trailers")
	for i := 0; i < len(fields); i += 2 {
		req.Header.Set(fields[i], fields[i+1])
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatalf("%s %s: %v", method, url, err)
	}
	defer resp.Body.Close()
	body := io.Reader(resp.Body)
	if resp.StatusCode == http.StatusSwitchingProtocols {
		if _, err := io.WriteString(resp.Body.(io.Writer), "ping"); err != nil {
			t.Fatalf("%s %s: %v", method, url, err)
		}
		body = io.LimitReader(body, 4)
	}
	content, err := io.ReadAll(body)
	if err != nil {
		t.Fatalf("%s %s: reading the body: %v", method, url, err)
	}
	resp.Header.Del("Date")
	m.Status, m.ContentLength, m.Header, m.Body = resp.StatusCode, resp.ContentLength, resp.Header, string(content)
	if len(resp.Trailer) > 0 {
		m.Trailer = resp.Trailer
	}
	return m
}
