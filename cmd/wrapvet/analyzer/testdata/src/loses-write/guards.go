package loseswrite

import (
	"io"
	"mime"
	"net/http"
	"net/http/httputil"
	"strings"
)

func goodGuard(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if resp.StatusCode == http.StatusSwitchingProtocols {
			return nil
		}
		resp.Body = &countingBody{resp.Body, &total}
		return nil
	}
}

func goodNegatedGuard(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if !(resp.StatusCode == 101) {
			resp.Body = &countingBody{resp.Body, &total}
		}
		return nil
	}
}

func goodSwitch(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		switch code := resp.StatusCode; code {
		case http.StatusOK, http.StatusNotFound:
			resp.Body = &countingBody{resp.Body, &total}
		case http.StatusSwitchingProtocols, http.StatusNoContent:
		default:
			resp.Body = &spanBody{resp.Body, ended}
		}
		return nil
	}
}

func goodRange(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if resp.StatusCode/100 != 2 && (resp.StatusCode < 400 || resp.StatusCode > 599) {
			return nil
		}
		resp.Body = &countingBody{resp.Body, &total}
		return nil
	}
}

func goodBool(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		ordinary := true
		if resp.StatusCode < 200 {
			ordinary = false
		}
		if ordinary && resp.Body != nil {
			resp.Body = &countingBody{resp.Body, &total}
		}
		return nil
	}
}

func hasBody(resp *http.Response) bool {
	switch {
	case resp.Request.Method == http.MethodHead:
		return false
	case resp.StatusCode >= 100 && resp.StatusCode <= 199:
		return false
	}
	return resp.StatusCode != http.StatusNoContent
}

func goodPredicate(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if hasBody(resp) {
			resp.Body = &countingBody{resp.Body, &total}
		}
		return nil
	}
}

func goodUpgradeHeader(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if strings.EqualFold(resp.Header.Get("Upgrade"), "websocket") {
			return nil
		}
		resp.Body = &spanBody{resp.Body, ended}
		return nil
	}
}

func isUpgrade(h http.Header) bool {
	for _, v := range strings.Split(h.Get("Connection"), ",") {
		if strings.ToLower(strings.TrimSpace(v)) == "upgrade" {
			return h.Get("Upgrade") != ""
		}
	}
	return false
}

func goodRequestGuard(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if resp.Request.Header.Get("Upgrade") != "" || isUpgrade(resp.Header) {
			return nil
		}
		resp.Body = &countingBody{resp.Body, &total}
		return nil
	}
}

func goodContentType(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if !strings.Contains(resp.Header.Get("Content-Type"), "text/html") {
			return nil
		}
		resp.Body = &countingBody{resp.Body, &total}
		return nil
	}
}

func goodEncoding(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		switch resp.Header.Get("Content-Encoding") {
		case "gzip", "deflate":
			resp.Body = &countingBody{resp.Body, &total}
		}
		return nil
	}
}

func goodLength(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if resp.ContentLength > 0 || resp.ContentLength == -1 {
			resp.Body = &countingBody{resp.Body, &total}
		}
		return nil
	}
}

func goodWriterTest(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if _, ok := resp.Body.(io.Writer); !ok {
			resp.Body = &countingBody{resp.Body, &total}
		}
		return nil
	}
}

func goodReadWriteCloser(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		switch body := resp.Body.(type) {
		case upgraded:
			resp.Body = &fullBody{body, &total}
		default:
			resp.Body = &countingBody{body, &total}
		}
		return nil
	}
}

func goodConstructor(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		resp.Body = wrap(resp.Body, &total)
		return nil
	}
}

func goodCallerGuard(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if resp.StatusCode < 200 || resp.StatusCode >= 300 {
			return nil
		}
		return replaceBody(resp)
	}
}

func replaceBody(resp *http.Response) error {
	resp.Body = &countingBody{resp.Body, &total}
	return nil
}

func goodPutBack(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		saved := resp.Body
		resp.Body = http.NoBody
		_, err := httputil.DumpResponse(resp, false)
		resp.Body = saved
		return err
	}
}

func goodMediaType(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		t, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
		if err != nil || t != "application/json" {
			return nil
		}
		resp.Body = &countingBody{resp.Body, &total}
		return nil
	}
}

// abilities counts what a body can do, as generated wrappers do to pick a type.
func abilities(b io.ReadCloser) (n int) {
	for _, probe := range []func(io.ReadCloser) bool{
		func(b io.ReadCloser) bool { _, ok := b.(upgraded); return ok },
	} {
		if probe(b) {
			n++
		}
	}
	return n
}

func picked(b io.ReadCloser, n int) io.ReadCloser {
	switch n {
	case 0:
		return &countingBody{b, &total}
	default:
		return &fullBody{b.(upgraded), &total}
	}
}

func goodTable(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		resp.Body = picked(resp.Body, abilities(resp.Body))
		return nil
	}
}

// Split of nothing is one empty part, unlike Fields of nothing.
func goodSplitType(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		mediaType := strings.TrimSpace(strings.SplitN(resp.Header.Get("Content-Type"), ";", 2)[0])
		if mediaType != "text/html" {
			return nil
		}
		resp.Body = &countingBody{resp.Body, &total}
		return nil
	}
}
