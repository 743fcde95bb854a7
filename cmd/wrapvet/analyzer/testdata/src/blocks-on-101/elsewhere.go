package blockson101

import (
	"bytes"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
)

// A ResponseFilter is one step of a gateway's pipeline; which ones there are is configured.
type ResponseFilter interface {
	Filter(resp *http.Response) error
}

type upperCase struct{}

func (upperCase) Filter(resp *http.Response) error { // want Filter:`treatsResponse\(reads it\)`
	b, err := io.ReadAll(resp.Body) // want `blocks-on-101`
	if err != nil {
		return err
	}
	resp.Body = io.NopCloser(bytes.NewReader(bytes.ToUpper(b)))
	resp.Header.Del("Content-Length")
	return nil
}

type named struct{ name string }

func (n *named) Filter(resp *http.Response) error {
	resp.Header.Set("Server", n.name)
	return nil
}

type page struct{}

func (page) Filter(resp *http.Response) error {
	if resp.Header.Get("Content-Type") != "text/html" {
		return nil
	}
	return upperCase{}.Filter(resp)
}

type filtering struct {
	next    http.RoundTripper
	filters []ResponseFilter
}

func (t *filtering) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := t.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	for _, f := range t.filters {
		if err := f.Filter(resp); err != nil {
			return nil, err
		}
	}
	return resp, nil
}

func badImplementer(p *httputil.ReverseProxy) {
	p.Transport = &filtering{base(p), []ResponseFilter{&named{"gateway"}, page{}, upperCase{}}}
}

var rewriters = map[string]func(*http.Response) error{
	"none": nil,
	"html": buffer,
}

func buffer(resp *http.Response) error {
	b, err := io.ReadAll(resp.Body) // want `blocks-on-101`
	resp.Body = io.NopCloser(bytes.NewReader(b))
	return err
}

func badTable(p *httputil.ReverseProxy) { p.ModifyResponse = rewriters["html"] }

// mirroring sends a request to a second backend too, whose answer nobody is shown.
type mirroring struct{ next, second http.RoundTripper }

func (m *mirroring) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := m.next.RoundTrip(req)
	if again, err := m.second.RoundTrip(req.Clone(req.Context())); err == nil {
		b, _ := io.ReadAll(again.Body) // want `blocks-on-101`
		log.Printf("the second backend answers %d with %d bytes", again.StatusCode, len(b))
		discard(again)
	}
	return resp, err
}

func discard(resp *http.Response) { resp.Body.Close() }

func badMirrored(p *httputil.ReverseProxy) { p.Transport = &mirroring{base(p), base(p)} }
