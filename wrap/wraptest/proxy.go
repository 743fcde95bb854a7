package wraptest

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/bodywrap/bodywrap/internal/probe"
)

// ModifyResponse tests a function for the field of that name in
// [net/http/httputil.ReverseProxy].
func ModifyResponse(t testing.TB, modify func(*http.Response) error, opts ...Options) {
	t.Helper()
	through(probe.LocalConfig{ModifyResponse: modify}, single(opts)).report(t)
}

// CheckModifyResponse is [ModifyResponse] without a testing.TB.
func CheckModifyResponse(modify func(*http.Response) error, opts ...Options) error {
	return through(probe.LocalConfig{ModifyResponse: modify}, single(opts)).joined()
}

// Transport tests a wrapper of a [net/http.RoundTripper], as the Transport of a
// [net/http/httputil.ReverseProxy].
func Transport(t testing.TB, wrap func(http.RoundTripper) http.RoundTripper, opts ...Options) {
	t.Helper()
	through(probe.LocalConfig{Transport: wrap}, single(opts)).report(t)
}

// CheckTransport is [Transport] without a testing.TB.
func CheckTransport(wrap func(http.RoundTripper) http.RoundTripper, opts ...Options) error {
	return through(probe.LocalConfig{Transport: wrap}, single(opts)).joined()
}

// Proxy tests a proxy: a handler that passes requests on to backend, over
// HTTP/1.1. Proxy uses plain TCP to the backend only, because a proxy with TLS
// would need to know which certificates to trust.
//
// Proxy plays some scenarios that [ModifyResponse] and [Transport] leave out,
// because a wrapper cannot affect them or because they take long. In "backend
// refuses upload" the backend answers and closes during an upload. In "slow
// upload" and "slow download" 12 MiB go to a reader that is slow at first. To
// find timers that last seconds, use cmd/wrapprobe with its -hold flag.
func Proxy(t testing.TB, proxy func(backend *url.URL) http.Handler, opts ...Options) {
	t.Helper()
	through(probe.LocalConfig{Proxy: proxy}, single(opts)).report(t)
}

// CheckProxy is [Proxy] without a testing.TB.
func CheckProxy(proxy func(backend *url.URL) http.Handler, opts ...Options) error {
	return through(probe.LocalConfig{Proxy: proxy}, single(opts)).joined()
}

// through runs all checks that go through a proxy.
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

// over returns the name of the connection to the backend: TCP or TLS.
func over(secure bool) string {
	if secure {
		return "TLS"
	}
	return "TCP"
}
