package probe

import (
	"crypto/tls"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"time"
)

// A Local is a proxy of this process between a client and a backend of ours.
type Local struct {
	*Proxy
	front     *Front
	transport *http.Transport
}

// A LocalConfig says which proxy a [Local] is. At most one of its functions is
// set. If none is set, it is [net/http/httputil.ReverseProxy] as it comes.
type LocalConfig struct {
	ModifyResponse func(*http.Response) error
	Transport      func(http.RoundTripper) http.RoundTripper
	Proxy          func(backend *url.URL) http.Handler
	Secure         bool // TLS to the backend
}

// Start starts a proxy with a backend of ours. The caller closes it.
func (c LocalConfig) Start() (*Local, error) {
	var serverTLS *tls.Config
	target := &url.URL{Scheme: "http"}
	if c.Secure {
		serverTLS, target.Scheme = ServerTLS(), "https"
	}
	backend, err := Listen("127.0.0.1:0", serverTLS)
	if err != nil {
		return nil, err
	}
	target.Host = backend.Addr()
	l, err := c.To(target)
	if err != nil {
		backend.Close()
		return nil, err
	}
	l.Backend = backend
	return l, nil
}

// To starts a proxy that leads to target. The caller closes both.
func (c LocalConfig) To(target *url.URL) (*Local, error) {
	l := &Local{Proxy: new(Proxy), transport: &http.Transport{TLSClientConfig: ClientTLS()}}
	front, err := Serve(c.handler(target, l), false, nil)
	if err != nil {
		return nil, err
	}
	l.front, l.URL = front, front.URL
	return l, nil
}

// handler returns the proxy that leads to target.
func (c LocalConfig) handler(target *url.URL, l *Local) http.Handler {
	if c.Proxy != nil {
		return c.Proxy(target)
	}
	rp := &httputil.ReverseProxy{
		Rewrite:        func(r *httputil.ProxyRequest) { r.SetURL(target) },
		ModifyResponse: c.ModifyResponse,
		Transport:      l.transport,
		ErrorLog:       log.New(io.Discard, "", 0),
	}
	seen := new(inspection)
	l.Explain = seen.explain
	switch {
	case c.ModifyResponse != nil:
		rp.ModifyResponse = seen.around(c.ModifyResponse)
	case c.Transport != nil:
		rp.Transport = seen.after(c.Transport(seen.before(l.transport)))
	default:
		rp.Transport = seen.after(seen.before(l.transport))
	}
	return rp
}

// Close ends everything. It reports whether every handler returned within
// limit.
func (l *Local) Close(limit time.Duration) bool {
	if l.Backend != nil {
		l.Backend.Close()
	}
	l.transport.CloseIdleConnections()
	return l.front.Close(limit)
}
