package main

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync/atomic"

	"github.com/felixge/httpsnoop"
	"github.com/opentracing-contrib/go-stdlib/nethttp"
	"github.com/opentracing/opentracing-go"
	"go.opencensus.io/plugin/ochttp"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"

	"github.com/bodywrap/bodywrap/wrap"
)

// A wrapper is one way to wrap a body.
type wrapper struct {
	name string
	wrap func(io.ReadCloser) io.ReadCloser
}

var total atomic.Int64 // counting hooks add to it

var (
	unhooked = wrap.Hooks{Close: func(next io.Closer) error { return next.Close() }}
	counting = wrap.Hooks{
		Read: func(next io.Reader, p []byte) (int, error) {
			n, err := next.Read(p)
			total.Add(int64(n))
			return n, err
		},
		Write: func(next io.Writer, p []byte) (int, error) {
			n, err := next.Write(p)
			total.Add(int64(n))
			return n, err
		},
	}
	done = wrap.Done(func(s wrap.Summary) { total.Add(s.Read + s.Written) })
	logs = wrap.Log(context.Background(), slog.New(slog.NewTextHandler(io.Discard, &slog.HandlerOptions{Level: slog.LevelError})), slog.LevelInfo)
)

func wrappers() []wrapper {
	hooked := func(h wrap.Hooks) func(io.ReadCloser) io.ReadCloser {
		return func(body io.ReadCloser) io.ReadCloser { return wrap.Body(body, h) }
	}
	return []wrapper{
		{"direct", func(body io.ReadCloser) io.ReadCloser { return body }},
		{"wrap.Body, this method not hooked", hooked(unhooked)},
		{"wrap.Body, counting", hooked(counting)},
		{"wrap.Done", hooked(done)},
		{"wrap.Log, below its threshold", hooked(logs)},
		{"closures made for each call", func(body io.ReadCloser) io.ReadCloser { return &closures{body, countRead, countWrite} }},
		{"otelhttp 0.72.0, tracing off", throughTransport(func(next http.RoundTripper) http.RoundTripper {
			return otelhttp.NewTransport(next)
		})},
		{"opentracing nethttp 1.1.1, no-op tracer", throughTransport(func(next http.RoundTripper) http.RoundTripper {
			return &nethttp.Transport{RoundTripper: next}
		})},
		{"opencensus ochttp 0.24.0", throughTransport(func(next http.RoundTripper) http.RoundTripper {
			return &ochttp.Transport{Base: next}
		})},
	}
}

// throughTransport returns a function that passes a body through a tracing
// transport, and returns the body that comes out.
func throughTransport(newTransport func(http.RoundTripper) http.RoundTripper) func(io.ReadCloser) io.ReadCloser {
	return func(body io.ReadCloser) io.ReadCloser {
		req := httptest.NewRequest("GET", "http://backend/", nil)
		req, _ = nethttp.TraceRequest(opentracing.NoopTracer{}, req)
		resp, err := newTransport(given{body}).RoundTrip(req)
		if err != nil {
			panic(err) // given never fails
		}
		return resp.Body
	}
}

// given answers every request with the same body.
type given struct{ body io.ReadCloser }

func (g given) RoundTrip(req *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusSwitchingProtocols, Header: make(http.Header), Body: g.body, Request: req}, nil
}

// closures is a wrapper that makes closures for each call: a hook takes a
// method value and returns a function.
type closures struct {
	io.ReadCloser
	read  func(func([]byte) (int, error)) func([]byte) (int, error)
	write func(func([]byte) (int, error)) func([]byte) (int, error)
}

func (c *closures) Read(p []byte) (int, error) { return c.read(c.ReadCloser.Read)(p) }

func (c *closures) Write(p []byte) (int, error) {
	return c.write(c.ReadCloser.(io.Writer).Write)(p)
}

func countRead(next func([]byte) (int, error)) func([]byte) (int, error) {
	return func(p []byte) (int, error) {
		n, err := next(p)
		total.Add(int64(n))
		return n, err
	}
}

func countWrite(next func([]byte) (int, error)) func([]byte) (int, error) { return countRead(next) }

// snooped returns w wrapped by httpsnoop, with a Write that counts.
func snooped(w http.ResponseWriter) http.ResponseWriter {
	return httpsnoop.Wrap(w, httpsnoop.Hooks{Write: func(next httpsnoop.WriteFunc) httpsnoop.WriteFunc {
		return countWrite(next)
	}})
}
