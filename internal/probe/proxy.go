package probe

import (
	"cmp"
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"sync/atomic"
	"time"
)

// A Proxy is what is probed: how the client reaches it, and the backend that
// it must connect to.
type Proxy struct {
	URL     *url.URL // http or https
	Backend *BackendServer

	Token  string      // of the Upgrade. If empty, websocket
	Header http.Header // sent along with each request
	TLS    *tls.Config // for an https URL. If nil, the system's roots

	// Limit is how long to wait for what must come. If zero, 10 seconds.
	Limit time.Duration
	// Hold is how long to watch what the proxy does about an end that does
	// nothing. If zero, 100 milliseconds.
	Hold time.Duration

	// Explain, if not nil, says why, if it knows; the finding ends with it.
	Explain func(Result) string
}

var runs atomic.Int64

// Run plays s once.
func (p *Proxy) Run(ctx context.Context, s Scenario) Result {
	r := &run{
		proxy: p,
		ctx:   ctx,
		name:  "run-" + strconv.FormatInt(runs.Add(1), 10),
		limit: cmp.Or(p.Limit, 10*time.Second),
		hold:  cmp.Or(p.Hold, 100*time.Millisecond),
		token: cmp.Or(p.Token, "websocket"),
		tl:    &timeline{start: time.Now()},
		res:   Result{Scenario: s.Name, Verdict: OK},
	}
	s.play(r)
	r.end()
	if ctx.Err() != nil {
		r.res = Result{Scenario: s.Name, Verdict: Bad, Fault: Cut, Finding: "the probe was stopped before the end of this scenario"}
	}
	if r.res.Verdict == Bad && p.Explain != nil {
		if why := p.Explain(r.res); why != "" {
			r.res.Finding += ": " + why
		}
	}
	r.res.Timeline = r.tl.events()
	return r.res
}

func (p *Proxy) dial(ctx context.Context, limit time.Duration) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	addr := p.URL.Host
	if p.URL.Port() == "" {
		addr = net.JoinHostPort(p.URL.Hostname(), p.URL.Scheme)
	}
	if p.URL.Scheme != "https" {
		var d net.Dialer
		return d.DialContext(ctx, "tcp", addr)
	}
	config := &tls.Config{}
	if p.TLS != nil {
		config = p.TLS.Clone()
	}
	config.NextProtos = []string{"http/1.1"} // an upgrade is HTTP/1.1's
	return (&tls.Dialer{Config: config}).DialContext(ctx, "tcp", addr)
}
