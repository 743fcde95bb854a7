package facts

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"proxies"
	"treats"
	"wrappers"
)

func badOther(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		resp.Body = wrappers.Count(resp.Body) // want `loses-write: .*what Count returns has no Write`
		return nil
	}
}

func badDuplex(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		resp.Body = wrappers.Duplex(resp.Body) // want `loses-closewrite: .*what Duplex returns has none`
		return nil
	}
}

func badTwice(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		resp.Body = wrappers.Twice(resp.Body) // want `loses-write`
		return nil
	}
}

func badLimit(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if resp.StatusCode == http.StatusOK {
			resp.Body = wrappers.Limit(resp.Body, 1<<20) // want `loses-close`
		}
		return nil
	}
}

func badHook(u *url.URL) {
	proxies.New(u, func(resp *http.Response) error {
		resp.Body = wrappers.Count(resp.Body) // want `loses-write`
		return nil
	})
}

func goodWhole(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		resp.Body = wrappers.Whole(resp.Body)
		return nil
	}
}

func goodChosen(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		resp.Body = wrappers.Chosen(resp.Body, nil)
		return nil
	}
}

func goodCheck(o *proxies.Options) {
	o.Checked(func(resp *http.Response) error {
		resp.Body = wrappers.Count(resp.Body)
		return nil
	})
}

func badRecorded(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		return treats.Record(resp, func([]byte) {}) // want `blocks-on-101`
	}
}

func badNoted(p *httputil.ReverseProxy) {
	l := &treats.Log{}
	p.ModifyResponse = func(resp *http.Response) error {
		return l.Note("1", resp) // want `blocks-on-101`
	}
}

func badCounted(p *httputil.ReverseProxy, n *int64) {
	p.ModifyResponse = func(resp *http.Response) error {
		treats.Count(resp, n) // want `loses-write: .*what Count returns`
		return nil
	}
}

func goodGuarded(p *httputil.ReverseProxy, n *int64) {
	p.ModifyResponse = func(resp *http.Response) error {
		if resp.StatusCode == http.StatusSwitchingProtocols {
			return nil
		}
		treats.Count(resp, n)
		return treats.Record(resp, func([]byte) {})
	}
}

func goodCareful(p *httputil.ReverseProxy, n *int64) {
	p.ModifyResponse = func(resp *http.Response) error {
		if treats.Asks(resp, "X-Counted") {
			return nil
		}
		treats.Careful(resp, n)
		return nil
	}
}

func asked(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if treats.IsCompressed(resp.Header.Get("Content-Encoding")) {
			return nil
		}
		b, err := io.ReadAll(resp.Body) // want `blocks-on-101`
		resp.Body = io.NopCloser(bytes.NewReader(b))
		return err
	}
}

func askedForNothing(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if treats.IsEmpty(resp.Header.Get("Content-Type")) {
			return nil
		}
		b, err := io.ReadAll(resp.Body)
		resp.Body = io.NopCloser(bytes.NewReader(b))
		return err
	}
}

// What another package finds out about a response may be what keeps upgrades away.
func askedForReasons(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if reasons := treats.Reasons(resp); len(reasons) > 0 {
			return nil
		}
		b, err := io.ReadAll(resp.Body)
		resp.Body = io.NopCloser(bytes.NewReader(b))
		return err
	}
}
