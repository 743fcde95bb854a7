package wraptest

import (
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/bodywrap/bodywrap/internal/probe"
)

// Settings are Options of which the checks that are known to wait in vain have
// a timeout of their own.
type Settings = settings

// WaitsInVain returns o with limit in place of Timeout for checks.
func WaitsInVain(o Options, limit time.Duration, checks ...string) Settings {
	s := single([]Options{o})
	s.timeouts = make(map[string]time.Duration)
	for _, name := range checks {
		s.timeouts[name] = limit
	}
	return s
}

// The methods are the functions of that name.

func (s settings) CheckBody(wrap func(io.ReadCloser) io.ReadCloser) error {
	return checkBody(wrap, s).joined()
}

func (s settings) CheckConn(wrap func(net.Conn) net.Conn) error {
	return checkConn(wrap, s).joined()
}

func (s settings) CheckModifyResponse(modify func(*http.Response) error) error {
	return through(probe.LocalConfig{ModifyResponse: modify}, s).joined()
}

func (s settings) CheckTransport(wrap func(http.RoundTripper) http.RoundTripper) error {
	return through(probe.LocalConfig{Transport: wrap}, s).joined()
}

func (s settings) CheckProxy(proxy func(backend *url.URL) http.Handler) error {
	return through(probe.LocalConfig{Proxy: proxy}, s).joined()
}
