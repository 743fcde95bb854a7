package blockson101

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httputil"
	"regexp"
	"slices"
)

// What is asked about a header field that an upgrade does not have says no.

var (
	gzipped  = regexp.MustCompile(`(^|,) *(x-)?gzip$`)
	pictures = map[string]bool{"image/png": true, "image/jpeg": true}
	texts    = []string{"text/html", "text/plain"}
)

func badPattern(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		var from io.Reader = resp.Body
		if gzipped.MatchString(resp.Header.Get("Content-Encoding")) {
			zr, err := gzip.NewReader(resp.Body)
			if err != nil {
				return err
			}
			from = zr
			resp.Header.Del("Content-Encoding")
		}
		b, err := io.ReadAll(from) // want `blocks-on-101`
		if err != nil {
			return err
		}
		resp.Body = io.NopCloser(bytes.NewReader(b))
		resp.Header.Del("Content-Length")
		return nil
	}
}

func badPictures(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if pictures[resp.Header.Get("Content-Type")] {
			return nil
		}
		b, err := io.ReadAll(resp.Body) // want `blocks-on-101`
		resp.Body = io.NopCloser(bytes.NewReader(b))
		return err
	}
}

func goodTexts(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if !slices.Contains(texts, resp.Header.Get("Content-Type")) {
			return nil
		}
		b, err := io.ReadAll(resp.Body)
		resp.Body = io.NopCloser(bytes.NewReader(b))
		return err
	}
}
