package soak_test

import (
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"

	"github.com/bodywrap/bodywrap/wrap"
	"github.com/bodywrap/bodywrap/wrap/tunnel"
)

// A newProxyFunc makes a proxy that sends requests by transport, and shows
// each response to modify.
type newProxyFunc func(transport http.RoundTripper, modify func(*http.Response) error) http.Handler

func newReverseProxy(transport http.RoundTripper, modify func(*http.Response) error) http.Handler {
	return &httputil.ReverseProxy{
		Rewrite:        func(pr *httputil.ProxyRequest) { pr.SetURL(&url.URL{Scheme: "http", Host: "backend"}) },
		Transport:      transport,
		ErrorLog:       log.New(io.Discard, "", 0),
		ModifyResponse: modify,
	}
}

// newTunnelProxy returns a proxy by hand: a request, and tunnel.Upgrade.
func newTunnelProxy(transport http.RoundTripper, modify func(*http.Response) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		out := r.Clone(r.Context())
		out.URL = &url.URL{Scheme: "http", Host: "backend", Path: r.URL.Path}
		out.RequestURI = ""
		resp, err := transport.RoundTrip(out)
		if err == nil {
			err = modify(resp)
		}
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		_, _ = tunnel.Upgrade(w, r, resp, nil) // both ends tell how it went
	})
}

// routed has hooks on Read and Write, through which WriteTo and ReadFrom go.
var routed = wrap.Hooks{
	Read:  func(next io.Reader, p []byte) (int, error) { return next.Read(p) },
	Write: func(next io.Writer, p []byte) (int, error) { return next.Write(p) },
}
