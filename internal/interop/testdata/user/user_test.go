// Package user is what somebody who wraps bodies may have, each with a fault
// that is public, and the lines of the README that find it. Its tests fail: see
// TestReadmeLinesFindPublicFaults.
package user

import (
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/felixge/httpsnoop"
	"github.com/gregjones/httpcache"
	"github.com/imroc/req/v3"
	"github.com/opentracing-contrib/go-stdlib/nethttp"
	"github.com/opentracing/opentracing-go/mocktracer"
	"github.com/openzipkin/zipkin-go"
	zipkinhttp "github.com/openzipkin/zipkin-go/middleware/http"
	"github.com/openzipkin/zipkin-go/reporter"
	"go.elastic.co/apm/module/apmhttp/v2"
	"go.elastic.co/apm/v2"
	"go.elastic.co/apm/v2/transport/transporttest"
	"go.opencensus.io/plugin/ochttp"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"

	"github.com/bodywrap/bodywrap/wrap"
	"github.com/bodywrap/bodywrap/wrap/wraptest"
)

// quick is for tests of which it is known that somebody waits in vain.
var quick = wraptest.Options{Timeout: 3 * time.Second}

type roundTripper func(*http.Request) (*http.Response, error)

func (rt roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return rt(req) }

func TestOtelhttp(t *testing.T) {
	wraptest.Transport(t, func(base http.RoundTripper) http.RoundTripper { return otelhttp.NewTransport(base) })
}

func TestReq(t *testing.T) {
	wraptest.Transport(t, func(http.RoundTripper) http.RoundTripper {
		return req.C().EnableInsecureSkipVerify().GetTransport() // it connects by itself
	})
}

func TestOpentracing(t *testing.T) {
	wraptest.Transport(t, func(base http.RoundTripper) http.RoundTripper {
		tracer, tr := mocktracer.New(), &nethttp.Transport{RoundTripper: base}
		return roundTripper(func(req *http.Request) (*http.Response, error) {
			req, ht := nethttp.TraceRequest(tracer, req)
			defer ht.Finish()
			return tr.RoundTrip(req)
		})
	})
}

func TestOpencensus(t *testing.T) {
	wraptest.Transport(t, func(base http.RoundTripper) http.RoundTripper { return &ochttp.Transport{Base: base} })
}

func TestElasticAPM(t *testing.T) {
	tracer, _ := transporttest.NewRecorderTracer()
	defer tracer.Close()
	wraptest.Transport(t, func(base http.RoundTripper) http.RoundTripper {
		tr := apmhttp.WrapRoundTripper(base)
		return roundTripper(func(req *http.Request) (*http.Response, error) {
			tx := tracer.StartTransaction("probe", "request")
			defer tx.End()
			return tr.RoundTrip(req.WithContext(apm.ContextWithTransaction(req.Context(), tx)))
		})
	})
}

func TestZipkin(t *testing.T) {
	tracer, err := zipkin.NewTracer(reporter.NewNoopReporter())
	if err != nil {
		t.Fatal(err)
	}
	wraptest.Transport(t, func(base http.RoundTripper) http.RoundTripper {
		c, err := zipkinhttp.NewClient(tracer, zipkinhttp.WithClient(follow(base, 0)))
		if err != nil {
			panic(err)
		}
		return roundTripper(func(req *http.Request) (*http.Response, error) {
			return c.DoWithAppSpan(ofClient(req), "probe")
		})
	})
}

func TestHTTPCache(t *testing.T) {
	wraptest.Transport(t, func(base http.RoundTripper) http.RoundTripper {
		tr := httpcache.NewMemoryCacheTransport()
		tr.Transport = base
		return tr
	})
}

func TestClientTimeout(t *testing.T) {
	wraptest.Transport(t, func(base http.RoundTripper) http.RoundTripper {
		c := follow(base, time.Minute)
		return roundTripper(func(req *http.Request) (*http.Response, error) { return c.Do(ofClient(req)) })
	})
}

func follow(base http.RoundTripper, timeout time.Duration) *http.Client {
	return &http.Client{Transport: base, Timeout: timeout}
}

func ofClient(req *http.Request) *http.Request {
	req = req.Clone(req.Context())
	req.RequestURI = "" // a client's requests have none
	return req
}

// metered is how most wrappers of bodies look.
type metered struct{ io.ReadCloser }

func TestMeteredBody(t *testing.T) {
	wraptest.Body(t, func(body io.ReadCloser) io.ReadCloser { return metered{body} })
}

func TestMeteredResponse(t *testing.T) {
	wraptest.ModifyResponse(t, func(resp *http.Response) error { resp.Body = metered{resp.Body}; return nil })
}

// meteredConn is how those of connections look: moby's for docker attach,
// lantern-box's, ory/x's, and Caddy's for its access log.
type meteredConn struct{ net.Conn }

func TestMeteredConn(t *testing.T) {
	wraptest.Conn(t, func(c net.Conn) net.Conn { return meteredConn{c} })
}

// fakes has a CloseWrite so that a type assertion succeeds.
type fakes struct{ io.ReadWriteCloser }

func (fakes) CloseWrite() error { return nil }

func fake(body io.ReadCloser) io.ReadCloser {
	if rw, ok := body.(interface {
		io.ReadWriteCloser
		wrap.CloseWriter
	}); ok {
		return fakes{rw}
	}
	return body
}

func TestFakeCloseWriteOfBody(t *testing.T) {
	wraptest.Body(t, fake, wraptest.Options{Hides: []string{"WriteTo", "ReadFrom"}})
}

func TestFakeCloseWriteOfResponse(t *testing.T) {
	wraptest.ModifyResponse(t, func(resp *http.Response) error { resp.Body = fake(resp.Body); return nil }, quick)
}

// TestHTTPSnoop counts with a Write hook alone. ReadFrom goes round it.
func TestHTTPSnoop(t *testing.T) {
	var written atomic.Int64
	hooks := httpsnoop.Hooks{Write: func(next httpsnoop.WriteFunc) httpsnoop.WriteFunc {
		return func(p []byte) (int, error) {
			n, err := next(p)
			written.Add(int64(n))
			return n, err
		}
	}}
	wraptest.Body(t, func(body io.ReadCloser) io.ReadCloser {
		rw, ok := body.(interface {
			io.ReadWriteCloser
			io.ReaderFrom
		})
		if !ok {
			return body
		}
		w := httpsnoop.Wrap(response{rw, rw}, hooks)
		return struct {
			io.ReadCloser
			io.Writer
			io.ReaderFrom
		}{body, w, w.(io.ReaderFrom)}
	}, wraptest.Options{
		Skip:         []string{"methods"}, // it is about others
		BytesWritten: written.Load,
	})
}

// response is an [http.ResponseWriter], since httpsnoop wraps nothing else.
type response struct {
	io.Writer
	io.ReaderFrom
}

func (response) Header() http.Header { return http.Header{} }
func (response) WriteHeader(int)     {}

// TestKept is right: what it takes to repair the others.
func TestKept(t *testing.T) {
	newMeter := func(body io.ReadCloser) io.ReadCloser { return wrap.Keep(body, metered{body}) }
	wraptest.Body(t, newMeter, wraptest.Options{Hides: []string{"WriteTo"}})
	wraptest.Conn(t, func(c net.Conn) net.Conn { return wrap.Conn(c, wrap.Done(func(wrap.Summary) {})) })
	wraptest.ModifyResponse(t, func(resp *http.Response) error { resp.Body = newMeter(resp.Body); return nil })
	wraptest.Transport(t, func(base http.RoundTripper) http.RoundTripper {
		return wrap.Transport(base, func(*http.Response) []wrap.Hooks { return []wrap.Hooks{wrap.Done(func(wrap.Summary) {})} })
	})
}
