package losesclose

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httputil"
	"strings"
)

// Shapes are the ways to treat a body here; each sets up a proxy. What is reported begins with "bad".
var Shapes = map[string]func(*httputil.ReverseProxy){
	"badNopCloser":  badNopCloser,
	"badGzip":       badGzip,
	"badGzipItself": badGzipItself,
	"badOwnClose":   badOwnClose,
	"badReplaced":   badReplaced,
	"badTransport":  badTransport,
	"badHalf":       badHalf,
	"badMocked":     badMocked,
	"goodBoth":      goodBoth,
	"goodDelegates": goodDelegates,
	"goodStruct":    goodStruct,
	"goodReplaced":  goodReplaced,
	"goodDeferred":  goodDeferred,
	"goodReadWhole": goodReadWhole,
	"goodGoroutine": goodGoroutine,
	"goodMaxBytes":  goodMaxBytes,
	"goodCloseFunc": goodCloseFunc,
	"goodError":     goodError,
	"badTracked":    badTracked,
	"badSampled":    badSampled,
	"goodSampled":   goodSampled,
}

func ordinary(resp *http.Response) bool { return resp.StatusCode == http.StatusOK }

func badNopCloser(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if ordinary(resp) {
			resp.Body = io.NopCloser(io.TeeReader(resp.Body, io.Discard)) // want `loses-close: the original is not closed by the new Body nor before: .*io.NopCloser`
		}
		return nil
	}
}

func badGzip(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if resp.Header.Get("Content-Encoding") != "gzip" {
			return nil
		}
		zr, err := gzip.NewReader(resp.Body)
		if err != nil {
			return err
		}
		resp.Header.Del("Content-Encoding")
		resp.Header.Del("Content-Length")
		resp.Body = io.NopCloser(zr) // want `loses-close`
		return nil
	}
}

// gzip.Reader has a Close, which closes nothing but itself.
func badGzipItself(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if resp.Header.Get("Content-Encoding") != "gzip" {
			return nil
		}
		resp.Header.Del("Content-Encoding")
		resp.Header.Del("Content-Length")
		zr, err := gzip.NewReader(resp.Body)
		resp.Body = zr // want `loses-close: .*\*gzip.Reader does not close it`
		return err
	}
}

type counted struct {
	r    io.Reader
	n    int
	done func(int)
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += n
	return n, err
}

func (c *counted) Close() error {
	c.n = -1
	return nil
}

func badOwnClose(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if ordinary(resp) {
			resp.Body = &counted{r: resp.Body} // want `loses-close: .*\*counted does not close it`
		}
		return nil
	}
}

func badReplaced(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if resp.StatusCode == http.StatusNotFound {
			const page = "<h1>nothing here</h1>"
			resp.Header.Set("Content-Length", "21")
			resp.Body = io.NopCloser(strings.NewReader(page)) // want `loses-close`
		}
		return nil
	}
}

type unzipping struct{ next http.RoundTripper }

func (u *unzipping) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := u.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	if resp.Header.Get("Content-Encoding") == "gzip" {
		zr, err := gzip.NewReader(resp.Body)
		if err != nil {
			return nil, err
		}
		resp.Header.Del("Content-Length")
		resp.Body = io.NopCloser(zr) // want `loses-close`
	}
	return resp, nil
}

func badTransport(p *httputil.ReverseProxy) {
	next := p.Transport
	if next == nil {
		next = http.DefaultTransport
	}
	p.Transport = &unzipping{next}
}

// half closes what it reads from, not what that reads from.
type half struct{ zr *gzip.Reader }

func (h half) Read(p []byte) (int, error) { return h.zr.Read(p) }
func (h half) Close() error               { return h.zr.Close() }

func badHalf(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if resp.Header.Get("Content-Encoding") != "gzip" {
			return nil
		}
		zr, err := gzip.NewReader(resp.Body)
		if err != nil {
			return err
		}
		resp.Header.Del("Content-Length")
		resp.Body = half{zr} // want `loses-close`
		return nil
	}
}

type both struct {
	zr   *gzip.Reader
	body io.ReadCloser
}

func (b *both) Read(p []byte) (int, error) { return b.zr.Read(p) }

func (b *both) Close() error {
	err := b.zr.Close()
	if cerr := b.body.Close(); err == nil {
		err = cerr
	}
	return err
}

func goodBoth(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if resp.Header.Get("Content-Encoding") != "gzip" {
			return nil
		}
		zr, err := gzip.NewReader(resp.Body)
		if err != nil {
			return err
		}
		resp.Header.Del("Content-Encoding")
		resp.Header.Del("Content-Length")
		resp.Body = &both{zr, resp.Body}
		return nil
	}
}

type delegating struct{ io.ReadCloser }

func (d *delegating) Close() error { return finish(d) }

func finish(d *delegating) error { return d.ReadCloser.Close() }

func goodDelegates(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if ordinary(resp) {
			resp.Body = &delegating{resp.Body}
		}
		return nil
	}
}

func goodStruct(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if ordinary(resp) {
			resp.Body = struct {
				io.Reader
				io.Closer
			}{io.TeeReader(resp.Body, io.Discard), resp.Body}
		}
		return nil
	}
}

func goodReplaced(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if resp.StatusCode == http.StatusNotFound {
			_ = resp.Body.Close()
			resp.Header.Set("Content-Length", "1")
			resp.Body = io.NopCloser(strings.NewReader("-"))
		}
		return nil
	}
}

func goodDeferred(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if resp.StatusCode == http.StatusNotFound {
			defer resp.Body.Close()
			resp.Header.Del("Content-Length")
			resp.Body = io.NopCloser(strings.NewReader("-"))
		}
		return nil
	}
}

// A body that was read to its end has given its connection back.
func goodReadWhole(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if !ordinary(resp) {
			return nil
		}
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			return err
		}
		resp.Body = io.NopCloser(bytes.NewReader(b))
		return nil
	}
}

func goodGoroutine(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if !ordinary(resp) {
			return nil
		}
		pr, pw := io.Pipe()
		go copyAndClose(pw, resp.Body)
		resp.Body = pr
		return nil
	}
}

func copyAndClose(w *io.PipeWriter, body io.ReadCloser) {
	_, err := io.Copy(w, body)
	_ = body.Close()
	_ = w.CloseWithError(err)
}

func goodMaxBytes(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if ordinary(resp) {
			resp.Body = http.MaxBytesReader(nil, resp.Body, 1<<20)
		}
		return nil
	}
}

type closeFunc struct {
	io.Reader
	close func() error
}

func (c *closeFunc) Close() error { return c.close() }

func goodCloseFunc(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if ordinary(resp) {
			resp.Body = &closeFunc{io.TeeReader(resp.Body, io.Discard), resp.Body.Close}
		}
		return nil
	}
}

// ReverseProxy closes the body itself when a hook fails.
func goodError(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if resp.StatusCode == http.StatusNotFound {
			resp.Body = io.NopCloser(strings.NewReader("gone"))
			return http.ErrAbortHandler
		}
		return nil
	}
}

// mocked answers in the place of a backend if everybody agrees.
type mocked struct {
	next    http.RoundTripper
	agree   []func(*http.Response) bool
	instead []byte
}

func (m *mocked) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := m.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	return m.answer(resp)
}

func (m *mocked) answer(resp *http.Response) (*http.Response, error) {
	for _, agrees := range m.agree {
		if !agrees(resp) {
			return resp, nil
		}
	}
	if len(m.instead) > 0 {
		resp.StatusCode = http.StatusTeapot
		resp.Body = io.NopCloser(bytes.NewReader(m.instead)) // want `loses-close` `stale-length: .*\(what io.NopCloser returns\)`
	}
	return resp, nil
}

func badMocked(p *httputil.ReverseProxy) {
	p.Transport = &mocked{next: p.Transport, instead: []byte("instead")}
}

// tracked keeps the headers of the last answer, which says nothing of its body.
type tracked struct{ headers http.Header }

func badTracked(p *httputil.ReverseProxy) {
	last := track()
	p.ModifyResponse = func(resp *http.Response) error {
		last.headers = resp.Header
		if ordinary(resp) {
			resp.Body = io.NopCloser(io.TeeReader(resp.Body, io.Discard)) // want `loses-close`
		}
		return nil
	}
}

func track() *tracked { return new(tracked) }

// badSampled has read what it logs, and hands on the rest without its Close.
func badSampled(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if resp.StatusCode != http.StatusMultiStatus {
			return nil
		}
		head, err := io.ReadAll(io.LimitReader(resp.Body, 1024))
		if err != nil {
			return err
		}
		resp.Body = io.NopCloser(io.MultiReader(bytes.NewReader(head), resp.Body)) // want `loses-close`
		return nil
	}
}

func goodSampled(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if !ordinary(resp) {
			return nil
		}
		head, err := io.ReadAll(io.LimitReader(resp.Body, 1024))
		if err != nil {
			return err
		}
		resp.Body = struct {
			io.Reader
			io.Closer
		}{io.MultiReader(bytes.NewReader(head), resp.Body), resp.Body}
		return nil
	}
}
