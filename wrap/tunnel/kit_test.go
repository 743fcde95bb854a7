//go:build go1.25

package tunnel_test

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"testing"

	"github.com/bodywrap/bodywrap/wrap"
	"github.com/bodywrap/bodywrap/wrap/tunnel"
	"github.com/bodywrap/bodywrap/wrap/wraptest"
)

// The proxy of the README passes every scenario of the kit: the answer to a
// refused upload arrives, and slow peers are not cut off. This test needs Go
// 1.25: in Go 1.24 the body of a 101 has no CloseWrite.
func TestUpgradeGoesThroughTheKit(t *testing.T) {
	t.Parallel()
	tr := &http.Transport{}
	t.Cleanup(tr.CloseIdleConnections)
	wraptest.Proxy(t, func(backend *url.URL) http.Handler {
		return wrap.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ctx := r.Context()
			if r.Header.Get("Upgrade") != "" {
				ctx = context.WithoutCancel(ctx)
			}
			out := r.Clone(ctx)
			out.URL.Scheme, out.URL.Host, out.RequestURI = backend.Scheme, backend.Host, ""
			resp, err := tr.RoundTrip(out)
			if err != nil {
				http.Error(w, err.Error(), http.StatusBadGateway)
				return
			}
			if resp.StatusCode == http.StatusSwitchingProtocols {
				_, _ = tunnel.Upgrade(w, r, resp, nil) // the kit checks what arrives
				return
			}
			defer resp.Body.Close()
			for name, values := range resp.Header {
				w.Header()[name] = values
			}
			w.WriteHeader(resp.StatusCode)
			_, _ = io.Copy(w, resp.Body) // the kit checks what arrives
		}))
	}, wraptest.Options{Skip: []string{"trailers"}}) // neither this proxy nor the README's passes them on
}

// ReverseProxy behind Group.Handler passes every scenario that it passes behind
// wrap.Handler.
func TestHandlerGoesThroughTheKit(t *testing.T) {
	t.Parallel()
	wraptest.Proxy(t, func(backend *url.URL) http.Handler {
		return new(tunnel.Group).Handler(reverseProxy(t, backend.Host))
	}, wraptest.Options{Skip: []string{ // ReverseProxy itself fails these
		"backend refuses upload", "wrong token", "unasked 101",
	}})
}
