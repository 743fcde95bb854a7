package interop

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bodywrap/bodywrap/internal/probe"
	"github.com/bodywrap/bodywrap/wrap"
	"github.com/gregjones/httpcache"
	"github.com/klauspost/compress/gzhttp"
	"github.com/opentracing-contrib/go-stdlib/nethttp"
	"github.com/opentracing/opentracing-go/mocktracer"
	"github.com/openzipkin/zipkin-go"
	zipkinhttp "github.com/openzipkin/zipkin-go/middleware/http"
	"github.com/openzipkin/zipkin-go/reporter"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.elastic.co/apm/module/apmhttp/v2"
	"go.elastic.co/apm/v2"
	"go.elastic.co/apm/v2/transport/transporttest"
	"go.opencensus.io/plugin/ochttp"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
)

type roundTripper func(*http.Request) (*http.Response, error)

func (rt roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return rt(req) }

// transports are libraries whose RoundTrippers wrap another RoundTripper.
var transports = []struct {
	name   string
	module string
	wrap   func(t *testing.T, base http.RoundTripper) http.RoundTripper
}{
	{"(none)", "", func(_ *testing.T, base http.RoundTripper) http.RoundTripper { return base }},
	{"otelhttp.NewTransport", "go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp", func(_ *testing.T, base http.RoundTripper) http.RoundTripper {
		return otelhttp.NewTransport(base)
	}},
	{"opentracing nethttp.Transport", "github.com/opentracing-contrib/go-stdlib", func(_ *testing.T, base http.RoundTripper) http.RoundTripper {
		tracer, tr := mocktracer.New(), &nethttp.Transport{RoundTripper: base}
		return roundTripper(func(req *http.Request) (*http.Response, error) {
			req, ht := nethttp.TraceRequest(tracer, req)
			defer ht.Finish()
			return tr.RoundTrip(req)
		})
	}},
	{"opencensus ochttp.Transport", "go.opencensus.io", func(_ *testing.T, base http.RoundTripper) http.RoundTripper {
		return &ochttp.Transport{Base: base}
	}},
	{"apmhttp.WrapRoundTripper", "go.elastic.co/apm/module/apmhttp/v2", func(t *testing.T, base http.RoundTripper) http.RoundTripper {
		tracer, _ := transporttest.NewRecorderTracer()
		t.Cleanup(tracer.Close)
		tr := apmhttp.WrapRoundTripper(base)
		return roundTripper(func(req *http.Request) (*http.Response, error) {
			tx := tracer.StartTransaction("probe", "request") // without a transaction, apmhttp does nothing
			defer tx.End()
			return tr.RoundTrip(req.WithContext(apm.ContextWithTransaction(req.Context(), tx)))
		})
	}},
	{"zipkin NewTransport", "github.com/openzipkin/zipkin-go", func(t *testing.T, base http.RoundTripper) http.RoundTripper {
		tr, err := zipkinhttp.NewTransport(zipkinTracer(t), zipkinhttp.RoundTripper(base))
		if err != nil {
			t.Fatal(err)
		}
		return tr
	}},
	{"zipkin DoWithAppSpan", "github.com/openzipkin/zipkin-go", func(t *testing.T, base http.RoundTripper) http.RoundTripper {
		c, err := zipkinhttp.NewClient(zipkinTracer(t), zipkinhttp.WithClient(&http.Client{Transport: base}))
		if err != nil {
			t.Fatal(err)
		}
		return roundTripper(func(req *http.Request) (*http.Response, error) {
			req = req.Clone(req.Context())
			req.RequestURI = "" // http.Client refuses a request with a RequestURI
			return c.DoWithAppSpan(req, "probe")
		})
	}},
	{"promhttp.InstrumentRoundTripper...", "github.com/prometheus/client_golang", func(_ *testing.T, base http.RoundTripper) http.RoundTripper {
		inFlight := prometheus.NewGauge(prometheus.GaugeOpts{Name: "in_flight"})
		count := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "count"}, []string{"code"})
		took := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "took"}, []string{"code"})
		return promhttp.InstrumentRoundTripperInFlight(inFlight,
			promhttp.InstrumentRoundTripperCounter(count,
				promhttp.InstrumentRoundTripperDuration(took, base)))
	}},
	{"gzhttp.Transport", "github.com/klauspost/compress", func(_ *testing.T, base http.RoundTripper) http.RoundTripper {
		return gzhttp.Transport(base)
	}},
	{"httpcache.Transport", "github.com/gregjones/httpcache", func(_ *testing.T, base http.RoundTripper) http.RoundTripper {
		tr := httpcache.NewMemoryCacheTransport()
		tr.Transport = base
		return tr
	}},
}

func zipkinTracer(t *testing.T) *zipkin.Tracer {
	tracer, err := zipkin.NewTracer(reporter.NewNoopReporter())
	if err != nil {
		t.Fatal(err)
	}
	return tracer
}

// TestTransports runs the scenarios through a ReverseProxy with each transport,
// bare and repaired. With a repaired transport, the verdicts must be those of a
// ReverseProxy without it. The repair does not remove data races.
func TestTransports(t *testing.T) {
	if playedElsewhere(t) {
		return
	}
	untouched, _ := probeTransport(t, func(base http.RoundTripper) http.RoundTripper { return base })
	rows := make([][]string, len(transports))
	t.Run("each", func(t *testing.T) {
		for i, tr := range transports {
			t.Run(tr.name, func(t *testing.T) {
				t.Parallel()
				library := func(base http.RoundTripper) http.RoundTripper { return tr.wrap(t, base) }
				bare, lost := probeTransport(t, library)
				kept, still := probeTransport(t, func(base http.RoundTripper) http.RoundTripper {
					return keepBody(base, library)
				})
				after := changes(untouched, kept)
				if still != "none" || after != "none" {
					t.Errorf("repaired with wrap.Keep, it loses %s, and what changes is %s; want none", still, after)
				}
				rows[i] = []string{tr.name, version(t, tr.module), lost, changes(untouched, bare), after, racesOf(t, tr.name)}
			})
		}
	})
	if !t.Failed() {
		record{
			versions: runtime.Version(),
			head:     []string{"transport", "version", "methods lost", "what goes wrong", "with `wrap.Keep`", "data races"},
			rows:     rows,
		}.compare(t, "transports.md")
	}
}

// keepBody returns library's transport in front of base, repaired: an upgraded
// body from library gets the methods back that base's body has.
func keepBody(base http.RoundTripper, library func(http.RoundTripper) http.RoundTripper) http.RoundTripper {
	type key struct{}
	repaired := library(roundTripper(func(req *http.Request) (*http.Response, error) {
		resp, err := base.RoundTrip(req)
		if err == nil && resp.StatusCode == http.StatusSwitchingProtocols {
			*req.Context().Value(key{}).(*io.ReadCloser) = resp.Body
		}
		return resp, err
	}))
	return roundTripper(func(req *http.Request) (*http.Response, error) {
		var original io.ReadCloser
		resp, err := repaired.RoundTrip(req.WithContext(context.WithValue(req.Context(), key{}, &original)))
		if err == nil && original != nil {
			resp.Body = wrap.Keep(original, resp.Body)
		}
		return resp, err
	})
}

// probeTransport returns the results of all scenarios with the transport that
// library makes, and the methods that its upgraded bodies have lost.
func probeTransport(t *testing.T, library func(http.RoundTripper) http.RoundTripper) ([]probe.Result, string) {
	var seen methodLoss
	local, err := probe.LocalConfig{Transport: func(base http.RoundTripper) http.RoundTripper {
		return seen.outside(library(seen.inside(base)))
	}}.Start()
	if err != nil {
		t.Fatal(err)
	}
	local.Limit, local.Hold = 5*time.Second, 200*time.Millisecond
	results := runAll(t, local.Proxy, settled())
	if !local.Close(patience) {
		t.Error("the proxy still serves tunnels whose two ends are gone")
	}
	return results, seen.String()
}

// A methodLoss compares the upgraded body that a transport gets with the one
// that it returns.
type methodLoss struct {
	mu   sync.Mutex
	has  map[string]bool // methods of the last body inside; guarded by mu
	lost map[string]bool // of them, those that the body outside lacks; guarded by mu
}

func (m *methodLoss) inside(base http.RoundTripper) http.RoundTripper {
	return roundTripper(func(req *http.Request) (*http.Response, error) {
		resp, err := base.RoundTrip(req)
		if err == nil && resp.StatusCode == http.StatusSwitchingProtocols {
			m.mu.Lock()
			defer m.mu.Unlock()
			m.has = optional(resp.Body)
		}
		return resp, err
	})
}

func (m *methodLoss) outside(library http.RoundTripper) http.RoundTripper {
	return roundTripper(func(req *http.Request) (*http.Response, error) {
		resp, err := library.RoundTrip(req)
		if err == nil && resp.StatusCode == http.StatusSwitchingProtocols {
			m.mu.Lock()
			defer m.mu.Unlock()
			m.lost = make(map[string]bool)
			for name := range m.has {
				if !optional(resp.Body)[name] {
					m.lost[name] = true
				}
			}
		}
		return resp, err
	})
}

func (m *methodLoss) String() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.lost == nil {
		return "no upgrade seen"
	}
	return orNone(slices.Sorted(maps.Keys(m.lost)))
}

// optional returns the optional methods that body has.
func optional(body io.ReadCloser) map[string]bool {
	has := make(map[string]bool)
	if _, ok := body.(io.Writer); ok {
		has["Write"] = true
	}
	if _, ok := body.(wrap.CloseWriter); ok {
		has["CloseWrite"] = true
	}
	if _, ok := body.(io.WriterTo); ok {
		has["WriteTo"] = true
	}
	if _, ok := body.(io.ReaderFrom); ok {
		has["ReadFrom"] = true
	}
	return has
}

// changes returns the verdicts in is that differ from those in was.
func changes(was, is []probe.Result) string {
	var changed []string
	for i := range was {
		if was[i].Verdict == is[i].Verdict && was[i].Fault == is[i].Fault {
			continue
		}
		if is[i].Fault == probe.Refused && is[i].Scenario == "echo" {
			return fmt.Sprintf("no upgrade comes through (%d)", is[i].Status)
		}
		changed = append(changed, fmt.Sprintf("%s (%s)", is[i].Scenario, verdict(is[i])))
	}
	return orNone(changed)
}

func orNone(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// version returns the version of a module that this test is built with.
func version(t *testing.T, module string) string {
	if module == "" {
		return ""
	}
	out, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-f", "{{.Version}}", module).Output()
	if err != nil {
		t.Fatalf("go list -m %s: %v", module, err)
	}
	return strings.TrimPrefix(strings.TrimSpace(string(out)), "v")
}
