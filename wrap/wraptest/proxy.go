package wraptest

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/bodywrap/bodywrap/internal/probe"
)

// ModifyResponse tests a function for
// [net/http/httputil.ReverseProxy.ModifyResponse].
func ModifyResponse(t testing.TB, modify func(*http.Response) error, opts ...Options) {
	t.Helper()
	through(probe.LocalConfig{ModifyResponse: modify}, only(opts)).report(t)
}

// CheckModifyResponse is [ModifyResponse] without a testing.TB.
func CheckModifyResponse(modify func(*http.Response) error, opts ...Options) error {
	return through(probe.LocalConfig{ModifyResponse: modify}, only(opts)).joined()
}

// Transport tests a wrapper of a [net/http.RoundTripper], as the Transport of a
// [net/http/httputil.ReverseProxy].
func Transport(t testing.TB, wrap func(http.RoundTripper) http.RoundTripper, opts ...Options) {
	t.Helper()
	through(probe.LocalConfig{Transport: wrap}, only(opts)).report(t)
}

// CheckTransport is [Transport] without a testing.TB.
func CheckTransport(wrap func(http.RoundTripper) http.RoundTripper, opts ...Options) error {
	return through(probe.LocalConfig{Transport: wrap}, only(opts)).joined()
}

// Proxy tests a proxy: a handler that passes requests on to backend, over
// HTTP/1.1. It is tested with plain TCP to the backend only, since a proxy that
// does TLS would have to be told whom to trust.
//
// Some scenarios are played here and not by [ModifyResponse] and [Transport]:
// a wrapper has no part in them, or a test would take too long. In "backend
// refuses upload" the backend answers and closes during an upload, and in "slow
// upload" and "slow download" 12 MiB go to a reader that is slow at first. A
// timer of seconds is found by cmd/wrapprobe with its -hold flag.
func Proxy(t testing.TB, proxy func(backend *url.URL) http.Handler, opts ...Options) {
	t.Helper()
	through(probe.LocalConfig{Proxy: proxy}, only(opts)).report(t)
}

// CheckProxy is [Proxy] without a testing.TB.
func CheckProxy(proxy func(backend *url.URL) http.Handler, opts ...Options) error {
	return through(probe.LocalConfig{Proxy: proxy}, only(opts)).joined()
}

// through makes all checks that go through a proxy.
func through(config probe.LocalConfig, o Options) findings {
	secures := []bool{false, true}
	if config.Proxy != nil {
		secures = secures[:1]
	}
	var all findings
	for _, secure := range secures {
		config.Secure = secure
		all = append(all, tunnels(config, o)...)
		all = append(all, responses(config, o)...)
	}
	return all
}

// over names the connection to the backend.
func over(secure bool) string {
	if secure {
		return "TLS"
	}
	return "TCP"
}
