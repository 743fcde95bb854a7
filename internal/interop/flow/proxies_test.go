package flow_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/bodywrap/bodywrap/internal/testkit"
	"github.com/bodywrap/bodywrap/wrap"
	"github.com/bodywrap/bodywrap/wrap/transform"
)

// The hooks hide a word.
const word, hidden = "secret", "******"

func hide(text []byte) ([]byte, error) {
	return bytes.ReplaceAll(text, []byte(word), []byte(hidden)), nil
}

func hideData(e *transform.Event) (*transform.Event, error) {
	if e.Data != nil {
		e.Data, _ = hide(e.Data) // it never fails
	}
	return e, nil
}

var zip = transform.Compress(nil)

// A chain is a way through proxies that change what passes.
type chain struct {
	name    string
	proxies [][]wrap.Hooks // the first is next to the backend
	hides   bool           // the client does not see the word
	zips    bool           // the client gets gzip, if it accepts that
	permits bool           // the first proxy drops no-transform
}

var chains = []chain{
	{name: "bare", proxies: [][]wrap.Hooks{nil}},
	{name: "Events", proxies: [][]wrap.Hooks{{transform.Events(hideData, nil)}}, hides: true},
	{name: "Lines", proxies: [][]wrap.Hooks{{transform.Lines(hide, nil)}}, hides: true},
	{name: "Replace", proxies: [][]wrap.Hooks{{transform.Replace(word, hidden, nil)}}, hides: true},
	{name: "Compress", proxies: [][]wrap.Hooks{{zip}}, zips: true},
	{name: "Compress before Events", proxies: [][]wrap.Hooks{{zip, transform.Events(hideData, nil)}}, hides: true, zips: true, permits: true},
	{name: "Plain behind Compress", proxies: [][]wrap.Hooks{{zip}, {transform.Plain(nil, transform.Replace(word, hidden, nil))}}, hides: true, zips: true, permits: true},
	{name: "Decompress behind Compress", proxies: [][]wrap.Hooks{{zip}, {transform.Decompress()}}, permits: true},
}

// sees returns what the client sees of text.
func (c chain) sees(text string) string {
	if c.hides {
		b, _ := hide([]byte(text)) // it never fails
		return string(b)
	}
	return text
}

// start serves h behind the proxies of the chain.
func (c chain) start(t *testing.T, h http.Handler) *httptest.Server {
	t.Helper()
	server := testkit.StartBackend(t, "HTTP/1.1", h.ServeHTTP)
	for i, hooks := range c.proxies {
		modify := func(resp *http.Response) error {
			if c.permits && i == 0 {
				resp.Header.Del("Cache-Control")
			}
			return nil
		}
		server = testkit.StartProxy(t, server, readFirst, wrap.ModifyResponse(modify, func(*http.Response) []wrap.Hooks { return hooks }))
	}
	return server
}

// readFirst reads the body of each request before it sends the request. A bare
// ReverseProxy sometimes cuts the answer to a POST if the answer begins at once
// (golang/go#40747): after the whole body, Transport still looks for its end.
// Server closes the body when the answer begins. Transport takes the error for
// a failed request, and closes the connection that the answer comes from.
func readFirst(base http.RoundTripper) http.RoundTripper {
	return roundTripper(func(req *http.Request) (*http.Response, error) {
		if req.Body != nil {
			content, err := io.ReadAll(req.Body)
			if err != nil {
				return nil, err
			}
			req.Body = io.NopCloser(bytes.NewReader(content))
		}
		return base.RoundTrip(req)
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }
