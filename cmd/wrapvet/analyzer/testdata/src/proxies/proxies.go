// Package proxies makes proxies for others.
package proxies

import (
	"net/http"
	"net/http/httputil"
	"net/url"
)

// New takes a hook by position.
func New(target *url.URL, after func(*http.Response) error) *httputil.ReverseProxy { // want New:`takesHooks`
	p := httputil.NewSingleHostReverseProxy(target)
	p.ModifyResponse = after
	return p
}

type Options struct{ check func(*http.Response) error }

// Checked keeps it for something else.
func (o *Options) Checked(check func(*http.Response) error) { o.check = check }
