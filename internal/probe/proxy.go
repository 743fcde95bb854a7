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

// A Proxy is a proxy to probe: how our client reaches it, and our backend, to
// which it must connect. Run may be called by several goroutines at once.
type Proxy struct {
	URL     *url.URL // http or https
	Backend *BackendServer

	// Token is the value of the Upgrade field: a protocol, or several with
	// commas between them, of which the backend takes the first. If empty,
	// websocket.
	Token string
	// Header is sent along with each request. Its Host and Sec-WebSocket-*
	// fields replace the probe's own. It must have no field for which Ours
	// returns true.
	Header http.Header
	TLS    *tls.Config // for an https URL. If nil, the system's roots

	// Limit is how long to wait for what must come. If zero, 10 seconds.
	Limit time.Duration
	// Hold is how long one end does nothing, or reads slowly, while the
	// probe watches the proxy. If zero, 100 milliseconds.
	Hold time.Duration

	// answerLimit is how long to wait for the answer to a request. If zero,
	// Limit. The tests of what never happens in a tunnel have a short
	// Limit, and the tunnel must still open.
	answerLimit time.Duration

	// Explain, if not nil, is called for each bad result. It says why, or
	// "" if it does not know; the finding ends with that.
	Explain func(Scenario, Result) string
}

var runs atomic.Int64

// Run plays s once.
func (p *Proxy) Run(ctx context.Context, s Scenario) Result {
	limit := cmp.Or(p.Limit, 10*time.Second)
	r := &run{
		proxy: p,
		ctx:   ctx,
		name:  "run-" + strconv.FormatInt(runs.Add(1), 10),
		limit: limit,
		reply: cmp.Or(p.answerLimit, limit),
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
		if why := p.Explain(s, r.res); why != "" {
			r.res.Finding += ": " + why
		}
	}
	r.res.Timeline = r.tl.events()
	return r.res
}

// A HandshakeError says why the TLS handshake failed with a proxy that accepted
// the connection.
type HandshakeError struct{ Err error }

func (e *HandshakeError) Error() string { return "TLS handshake: " + e.Err.Error() }

// Unwrap returns Err.
func (e *HandshakeError) Unwrap() error { return e.Err }

func (p *Proxy) dial(ctx context.Context, limit time.Duration) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if p.URL.Scheme == "https" {
		return p.dialTLS(ctx, p.TLS)
	}
	var d net.Dialer
	return d.DialContext(ctx, "tcp", p.addr())
}

func (p *Proxy) addr() string {
	if p.URL.Port() == "" {
		return net.JoinHostPort(p.URL.Hostname(), p.URL.Scheme)
	}
	return p.URL.Host
}

// dialTLS connects with config, or a default one if that is nil.
func (p *Proxy) dialTLS(ctx context.Context, config *tls.Config) (net.Conn, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", p.addr())
	if err != nil {
		return nil, err
	}
	if config == nil {
		config = new(tls.Config)
	}
	config = config.Clone()
	config.NextProtos = []string{"http/1.1"} // an upgrade is HTTP/1.1's
	config.ServerName = cmp.Or(config.ServerName, p.URL.Hostname())
	secure := tls.Client(conn, config)
	if err := secure.HandshakeContext(ctx); err != nil {
		_ = conn.Close() // already failing with err
		return nil, &HandshakeError{err}
	}
	return secure, nil
}

// SpeaksTLS reports whether the proxy speaks TLS at its address, whatever the
// scheme of its URL. It trusts every certificate.
func (p *Proxy) SpeaksTLS(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(p.Limit, 10*time.Second))
	defer cancel()
	conn, err := p.dialTLS(ctx, &tls.Config{InsecureSkipVerify: true})
	if err == nil {
		_ = conn.Close() // nothing was said
		return true
	}
	return refusesHandshake(err)
}
