package proxies

import (
	"io"
	"net/http"
)

// A Limiter makes transports slower.
type Limiter interface {
	Transport(http.RoundTripper) http.RoundTripper
}

// NewLimiter returns the only one there is.
func NewLimiter() Limiter { return limiter{} }

type limiter struct{}

type limited struct {
	io.Reader
	io.Closer
}

type limiterFunc func(*http.Request) (*http.Response, error)

func (f limiterFunc) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

func (l limiter) Transport(next http.RoundTripper) http.RoundTripper {
	return limiterFunc(func(req *http.Request) (*http.Response, error) {
		resp, err := next.RoundTrip(req)
		if err == nil {
			resp.Body = limited{resp.Body, resp.Body} // want `loses-write`
		}
		return resp, err
	})
}

// A Retrier calls until there is no error.
type Retrier interface {
	Get(func() (*http.Response, error)) (*http.Response, error)
}

// Retrying sends as often as its Retrier wants.
type Retrying struct {
	next http.RoundTripper
	r    Retrier
}

func (t *Retrying) RoundTrip(req *http.Request) (*http.Response, error) {
	return t.r.Get(func() (*http.Response, error) {
		resp, err := t.next.RoundTrip(req)
		if err != nil {
			return nil, err
		}
		resp.Body = limited{resp.Body, resp.Body} // want `loses-write`
		return resp, nil
	})
}

// A Group runs functions, each in a goroutine.
type Group interface{ Go(func() error) }

// Draining reads what nobody waits for.
type Draining struct {
	next http.RoundTripper
	g    Group
}

func (t *Draining) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := t.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	t.g.Go(func() error {
		_, err := io.Copy(io.Discard, resp.Body)
		return err
	})
	return resp, nil
}
