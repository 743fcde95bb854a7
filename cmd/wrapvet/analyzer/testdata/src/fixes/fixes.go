package fixes

import (
	"io"
	"net/http"
	"net/http/httputil"
)

type counting struct{ io.ReadCloser }

type duplex struct{ io.ReadWriteCloser }

func keep(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		resp.Body = &counting{resp.Body} // want `loses-write`
		return nil
	}
}

func keepDuplex(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if rwc, ok := resp.Body.(io.ReadWriteCloser); ok {
			resp.Body = struct{ io.ReadWriteCloser }{ // want `loses-closewrite`
				&duplex{rwc},
			}
		}
		return nil
	}
}

type Transport struct{ next http.RoundTripper }

func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	r, err := t.next.RoundTrip(req)
	if err == nil {
		r.Body = wrapped(r.Body) // want `loses-write`
	}
	return r, err
}

func wrapped(rc io.ReadCloser) io.ReadCloser { return &counting{rc} }

func guard(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		resp.Header.Set("X-Proxy", "1")
		if _, err := httputil.DumpResponse(resp, true); err != nil { // want `blocks-on-101`
			return err
		}
		return nil
	}
}

func guardInHook(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		switch {
		case resp.Header.Get("X-Skip") == "":
			_, err := dump(resp)
			return err
		}
		return nil
	}
}

func dump(resp *http.Response) ([]byte, error) {
	return httputil.DumpResponse(resp, true) // want `blocks-on-101`
}
