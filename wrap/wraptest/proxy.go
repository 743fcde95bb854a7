package wraptest

import (
	"net/http"
	"net/url"
	"slices"
	"sync"
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
// [net/http/httputil.ReverseProxy]. It calls wrap once for each proxy that it
// starts, one call after the other. What wrap returns is called by several
// goroutines at the same time, as every RoundTripper is.
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

// through runs all checks that go through a proxy. The checks over TCP and
// those over TLS run at the same time, because a check of a wrong proxy waits
// for most of its time. The proxies are made one after the other: the caller's
// function need not be safe for concurrent use, but what it returns must be.
func through(config probe.LocalConfig, o settings) findings {
	secures := []bool{false, true}
	if config.Proxy != nil {
		secures = secures[:1]
	}
	var plays []func() findings
	for _, secure := range secures {
		config.Secure = secure
		upgrades, ordinary := tunnels(config, o), responses(config, o)
		plays = append(plays, func() findings { return append(upgrades(), ordinary()...) })
	}
	return slices.Concat(together(plays)...)
}

// together calls every function of fs at the same time, and returns the results
// in the order of fs.
func together[T any](fs []func() T) []T {
	results := make([]T, len(fs))
	var calls sync.WaitGroup
	for i, f := range fs {
		calls.Add(1)
		go func() {
			defer calls.Done()
			results[i] = f()
		}()
	}
	calls.Wait()
	return results
}

// cannotStart returns a function that reports err as a finding.
func cannotStart(err error) func() findings {
	return func() findings { return findings{{"start", []*Finding{{"start", err.Error()}}}} }
}

// over returns the name of the connection to the backend: TCP or TLS.
func over(secure bool) string {
	if secure {
		return "TLS"
	}
	return "TCP"
}
