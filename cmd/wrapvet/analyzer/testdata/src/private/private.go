package private

import (
	"io"
	"net/http"
)

type counting struct{ io.ReadCloser }

type private struct{ next http.RoundTripper }

func (p *private) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := p.next.RoundTrip(req)
	if err == nil {
		resp.Body = &counting{resp.Body}
	}
	return resp, err
}

type transportFunc func(*http.Request) (*http.Response, error)

func (f transportFunc) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

type api struct{ http *http.Client }

func newAPI() *api {
	return &api{&http.Client{Transport: transportFunc(func(req *http.Request) (*http.Response, error) {
		resp, err := (&private{http.DefaultTransport}).RoundTrip(req)
		if err == nil {
			resp.Body = &counting{resp.Body}
		}
		return resp, err
	})}}
}
