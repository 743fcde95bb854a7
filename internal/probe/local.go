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

// Under says what is put to the test. At most one of the functions is set; if
// none is, it is [net/http/httputil.ReverseProxy] as it comes.
type Under struct {
	ModifyResponse func(*http.Response) error
	Transport      func(http.RoundTripper) http.RoundTripper
	Proxy          func(backend *url.URL) http.Handler
	Secure         bool // TLS to the backend
}

// Start starts a proxy with a backend of ours. The caller closes it.
func (u Under) Start() (*Local, error) {
	var config *tls.Config
	target := &url.URL{Scheme: "http"}
	if u.Secure {
		config, target.Scheme = ServerTLS(), "https"
	}
	backend, err := Listen("127.0.0.1:0", config)
	if err != nil {
		return nil, err
	}
	target.Host = backend.Addr()
	l, err := u.To(target)
	if err != nil {
		backend.Close()
		return nil, err
	}
	l.Backend = backend
	return l, nil
}

// To starts a proxy that leads to target, which is somebody else's to close.
func (u Under) To(target *url.URL) (*Local, error) {
	l := &Local{Proxy: new(Proxy), transport: &http.Transport{TLSClientConfig: ClientTLS()}}
	front, err := Serve(u.handler(target, l), false, nil)
	if err != nil {
		return nil, err
	}
	l.front, l.URL = front, front.URL
	return l, nil
}

// handler returns the proxy that leads to target.
func (u Under) handler(target *url.URL, l *Local) http.Handler {
	if u.Proxy != nil {
		return u.Proxy(target)
	}
	rp := &httputil.ReverseProxy{
		Rewrite:        func(r *httputil.ProxyRequest) { r.SetURL(target) },
		ModifyResponse: u.ModifyResponse,
		Transport:      l.transport,
		ErrorLog:       log.New(io.Discard, "", 0),
	}
	seen := new(inspection)
	l.Explain = seen.explain
	switch {
	case u.ModifyResponse != nil:
		rp.ModifyResponse = seen.around(u.ModifyResponse)
	case u.Transport != nil:
		rp.Transport = seen.after(u.Transport(seen.before(l.transport)))
	default:
		rp.Transport = seen.after(seen.before(l.transport))
	}
	return rp
}

// Close ends everything, and reports whether every handler returned within limit.
func (l *Local) Close(limit time.Duration) bool {
	if l.Backend != nil {
		l.Backend.Close()
	}
	l.transport.CloseIdleConnections()
	return l.front.Close(limit)
}
