package loseswrite

import (
	"errors"
	"io"
	"net/http"
	"net/http/httputil"
	"sync"
)

func base(p *httputil.ReverseProxy) http.RoundTripper {
	if p.Transport != nil {
		return p.Transport
	}
	return http.DefaultTransport
}

type tracing struct{ next http.RoundTripper }

func (t *tracing) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := t.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	resp.Body = &spanBody{resp.Body, ended} // want `loses-write`
	return resp, nil
}

func badTransport(p *httputil.ReverseProxy) { p.Transport = &tracing{base(p)} }

type roundTripperFunc func(*http.Request) (*http.Response, error)

func (f roundTripperFunc) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

func badTransportFunc(p *httputil.ReverseProxy) {
	next := base(p)
	p.Transport = roundTripperFunc(func(req *http.Request) (*http.Response, error) {
		resp, err := next.RoundTrip(req)
		if err == nil && resp.Body != nil && resp.Body != http.NoBody {
			resp.Body = &countingBody{resp.Body, &total} // want `loses-write`
		}
		return resp, err
	})
}

type retrying struct {
	next http.RoundTripper
	max  int
}

func (t retrying) RoundTrip(req *http.Request) (resp *http.Response, err error) {
	for i := 0; i <= t.max; i++ {
		resp, err = t.next.RoundTrip(req)
		if err == nil && resp.StatusCode < 500 {
			break
		}
		if err == nil && i < t.max {
			resp.Body.Close()
		}
	}
	if err != nil {
		return nil, errors.Join(errors.New("retries exhausted"), err)
	}
	t.count(resp)
	return resp, nil
}

func (t retrying) count(resp *http.Response) {
	resp.Body = &countingBody{resp.Body, &total} // want `loses-write`
}

func badTransportRetry(p *httputil.ReverseProxy) { p.Transport = retrying{base(p), 2} }

type guarded struct{ next http.RoundTripper }

func (t *guarded) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := t.next.RoundTrip(req)
	if err != nil || resp.StatusCode == http.StatusSwitchingProtocols {
		return resp, err
	}
	resp.Body = &spanBody{resp.Body, ended}
	return resp, nil
}

func goodTransport(p *httputil.ReverseProxy) { p.Transport = &guarded{base(p)} }

type requestGuarded struct{ next http.RoundTripper }

func (t *requestGuarded) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Header.Get("Upgrade") != "" {
		return t.next.RoundTrip(req)
	}
	resp, err := t.next.RoundTrip(req.Clone(req.Context()))
	if err != nil {
		return nil, err
	}
	resp.Body = &spanBody{resp.Body, ended}
	return resp, nil
}

func goodTransportRequest(p *httputil.ReverseProxy) { p.Transport = &requestGuarded{base(p)} }

func goodTransportNoBody(p *httputil.ReverseProxy) {
	next := base(p)
	p.Transport = roundTripperFunc(func(req *http.Request) (*http.Response, error) {
		if req.URL.Path == "/healthz" {
			return &http.Response{
				StatusCode: http.StatusOK, ProtoMajor: 1, ProtoMinor: 1,
				Header: http.Header{}, Body: http.NoBody, Request: req,
			}, nil
		}
		resp, err := next.RoundTrip(req)
		if err == nil && resp.StatusCode == http.StatusTeapot {
			resp.Body = http.NoBody
		}
		return resp, err
	})
}

// cache keeps what its filter lets through: everything, unless somebody sets another.
type cache struct {
	next   http.RoundTripper
	mu     sync.Mutex
	filter func(*http.Response) bool
}

func (c *cache) setDefaults() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.filter == nil {
		c.filter = func(*http.Response) bool { return true }
	}
}

func (c *cache) RoundTrip(req *http.Request) (*http.Response, error) {
	c.setDefaults()
	resp, err := c.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	if c.filter(resp) {
		resp.Body = &spanBody{resp.Body, ended} // want `loses-write`
	}
	return resp, nil
}

func badDefaultFilter(p *httputil.ReverseProxy) { p.Transport = &cache{next: base(p)} }

// careful is a cache whose default leaves upgrades alone.
type careful struct {
	next   http.RoundTripper
	mu     sync.Mutex
	filter func(*http.Response) bool
}

func (c *careful) setDefaults() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.filter == nil {
		c.filter = func(resp *http.Response) bool { return resp.StatusCode == http.StatusOK }
	}
}

func (c *careful) RoundTrip(req *http.Request) (*http.Response, error) {
	c.setDefaults()
	resp, err := c.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	if c.filter(resp) {
		resp.Body = &spanBody{resp.Body, ended}
	}
	return resp, nil
}

func goodDefaultFilter(p *httputil.ReverseProxy) { p.Transport = &careful{next: base(p)} }

type answer struct {
	resp *http.Response
	err  error
}

// hedging waits for its backend in the caller's goroutine, and gives up with the caller.
type hedging struct{ next http.RoundTripper }

func (h *hedging) RoundTrip(req *http.Request) (*http.Response, error) {
	answers := make(chan answer, 1)
	go func() {
		resp, err := h.next.RoundTrip(req)
		answers <- answer{resp, err}
	}()
	select {
	case a := <-answers:
		if a.err != nil {
			return nil, a.err
		}
		a.resp.Body = &countingBody{a.resp.Body, &total} // want `loses-write`
		return a.resp, nil
	case <-req.Context().Done():
		return nil, req.Context().Err()
	}
}

func badHedged(p *httputil.ReverseProxy) { p.Transport = &hedging{base(p)} }

// sending has its goroutine send from a select, and takes what comes.
type sending struct{ next http.RoundTripper }

func (s *sending) RoundTrip(req *http.Request) (*http.Response, error) {
	resps := make(chan *http.Response)
	failed := make(chan error, 1)
	go s.send(req, resps, failed)
	resp, ok := <-resps
	if !ok {
		return nil, <-failed
	}
	return resp, nil
}

func (s *sending) send(req *http.Request, resps chan<- *http.Response, failed chan<- error) {
	defer close(resps)
	resp, err := s.next.RoundTrip(req)
	if err != nil {
		failed <- err
		return
	}
	resp.Body = &spanBody{resp.Body, ended} // want `loses-write`
	select {
	case resps <- resp:
	case <-req.Context().Done():
		resp.Body.Close()
		failed <- req.Context().Err()
	}
}

func badSent(p *httputil.ReverseProxy) { p.Transport = &sending{base(p)} }

// bounded refuses bodies that say that they are too long, and cuts off those that do not.
type bounded struct {
	next http.RoundTripper
	max  int64
}

func (t *bounded) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := t.next.RoundTrip(req)
	if err != nil || t.max <= 0 {
		return resp, err
	}
	if resp.ContentLength > t.max {
		resp.Body.Close()
		return nil, errors.New("the backend's answer is too long")
	}
	resp.Body = struct { // want `loses-write`
		io.Reader
		io.Closer
	}{io.LimitReader(resp.Body, t.max), resp.Body}
	return resp, nil
}

func badBounded(p *httputil.ReverseProxy) { p.Transport = &bounded{base(p), 1 << 20} }

// lengthy counts what is worth it.
type lengthy struct {
	next http.RoundTripper
	min  int64
}

func (t *lengthy) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := t.next.RoundTrip(req)
	if err == nil && resp.ContentLength >= t.min {
		resp.Body = &countingBody{resp.Body, &total}
	}
	return resp, err
}

func goodLengthy(p *httputil.ReverseProxy) { p.Transport = &lengthy{base(p), 1024} }
