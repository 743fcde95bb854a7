package stalelength

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httputil"
	"strconv"
	"strings"
	"sync"
)

// Shapes are the ways to treat a body here; each sets up a proxy. What is reported begins with "bad".
var Shapes = map[string]func(*httputil.ReverseProxy){
	"badReplace":         badReplace,
	"badField":           badField,
	"badGunzip":          badGunzip,
	"badPage":            badPage,
	"badAppend":          badAppend,
	"badUpper":           badUpper,
	"badTransport":       badTransport,
	"badRewriter":        badRewriter,
	"goodSet":            goodSet,
	"goodDeleted":        goodDeleted,
	"goodIndexed":        goodIndexed,
	"goodSame":           goodSame,
	"goodCopy":           goodCopy,
	"goodPool":           goodPool,
	"badZipped":          badZipped,
	"badStatus":          badStatus,
	"badEncoded":         badEncoded,
	"goodText":           goodText,
	"goodGunzip":         goodGunzip,
	"goodHelper":         goodHelper,
	"goodMapDelete":      goodMapDelete,
	"goodBefore":         goodBefore,
	"goodWrapped":        goodWrapped,
	"goodMulti":          goodMulti,
	"goodHeaderReplaced": goodHeaderReplaced,
	"goodLimited":        goodLimited,
	"badOneOfTwo":        badOneOfTwo,
	"badCached":          badCached,
}

func html(resp *http.Response) bool {
	return strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html")
}

func badReplace(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if !html(resp) {
			return nil
		}
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			return err
		}
		b = bytes.ReplaceAll(b, []byte("http://"), []byte("https://"))
		resp.Body = io.NopCloser(bytes.NewReader(b)) // want `stale-length: a body of another length goes out under the old Content-Length`
		return nil
	}
}

// The field is not what the client is sent.
func badField(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if !html(resp) {
			return nil
		}
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			return err
		}
		s := strings.Replace(string(b), "</body>", "<script></script></body>", 1)
		resp.Body = io.NopCloser(strings.NewReader(s)) // want `stale-length`
		resp.ContentLength = int64(len(s))
		return nil
	}
}

func badGunzip(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if resp.Header.Get("Content-Encoding") != "gzip" {
			return nil
		}
		zr, err := gzip.NewReader(resp.Body)
		if err != nil {
			return err
		}
		resp.Header.Del("Content-Encoding")
		resp.Body = struct { // want `stale-length`
			io.Reader
			io.Closer
		}{zr, resp.Body}
		return nil
	}
}

func badPage(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if resp.StatusCode == http.StatusInternalServerError {
			resp.Body.Close()
			resp.Body = io.NopCloser(strings.NewReader("please come back later")) // want `stale-length`
		}
		return nil
	}
}

func badAppend(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if !html(resp) {
			return nil
		}
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			return err
		}
		resp.Header.Set("X-Footer", "1")
		resp.Body = io.NopCloser(bytes.NewReader(append(b, "<!-- footer -->"...))) // want `stale-length`
		return nil
	}
}

func badUpper(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if !html(resp) {
			return nil
		}
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			return err
		}
		resp.Body = io.NopCloser(bytes.NewBufferString("<pre>" + string(b) + "</pre>")) // want `stale-length`
		return nil
	}
}

type injecting struct{ next http.RoundTripper }

func (t injecting) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := t.next.RoundTrip(req)
	if err != nil || !html(resp) {
		return resp, err
	}
	b, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	if err != nil {
		return nil, err
	}
	b = bytes.Replace(b, []byte("<head>"), []byte("<head><base>"), 1)
	resp.ContentLength = int64(len(b))
	resp.Body = io.NopCloser(bytes.NewReader(b)) // want `stale-length`
	return resp, nil
}

func badTransport(p *httputil.ReverseProxy) {
	next := p.Transport
	if next == nil {
		next = http.DefaultTransport
	}
	p.Transport = injecting{next}
}

type rewriter struct{ rewrite func([]byte) []byte }

func badRewriter(p *httputil.ReverseProxy) {
	r := &rewriter{bytes.TrimSpace}
	p.ModifyResponse = r.modify
}

func (r *rewriter) modify(resp *http.Response) error {
	if !html(resp) {
		return nil
	}
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	resp.Body = io.NopCloser(bytes.NewReader(r.rewrite(b))) // want `stale-length`
	return nil
}

func goodSet(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if !html(resp) {
			return nil
		}
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			return err
		}
		b = bytes.ReplaceAll(b, []byte("a"), []byte("bb"))
		resp.Body = io.NopCloser(bytes.NewReader(b))
		resp.ContentLength = int64(len(b))
		resp.Header.Set("Content-Length", strconv.Itoa(len(b)))
		return nil
	}
}

func goodDeleted(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if !html(resp) {
			return nil
		}
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			return err
		}
		resp.Header.Del("content-length")
		resp.Body = io.NopCloser(bytes.NewReader(bytes.ToUpper(b)))
		return nil
	}
}

func goodIndexed(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if !html(resp) {
			return nil
		}
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			return err
		}
		b = append(b, '\n')
		resp.Header["Content-Length"] = []string{strconv.Itoa(len(b))}
		resp.Body = io.NopCloser(bytes.NewReader(b))
		return nil
	}
}

func goodSame(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if !html(resp) {
			return nil
		}
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			return err
		}
		resp.Body = io.NopCloser(strings.NewReader(string(b)))
		return nil
	}
}

func goodCopy(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if !html(resp) {
			return nil
		}
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			return err
		}
		resp.Body = io.NopCloser(bytes.NewReader(append([]byte(nil), b...)))
		return nil
	}
}

func goodGunzip(p *httputil.ReverseProxy) {
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
		resp.ContentLength = -1
		resp.Uncompressed = true
		resp.Body = struct {
			io.Reader
			io.Closer
		}{zr, resp.Body}
		return nil
	}
}

func setBody(resp *http.Response, b []byte) {
	resp.Body = io.NopCloser(bytes.NewReader(b))
	resp.ContentLength = int64(len(b))
	setLength(resp.Header, len(b))
}

func setLength(h http.Header, n int) { h.Set("Content-Length", strconv.Itoa(n)) }

func goodHelper(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if !html(resp) {
			return nil
		}
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			return err
		}
		setBody(resp, bytes.TrimSpace(b))
		return nil
	}
}

func goodMapDelete(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if resp.StatusCode == http.StatusInternalServerError {
			resp.Body.Close()
			delete(resp.Header, "Content-Length")
			resp.Body = io.NopCloser(strings.NewReader("sorry"))
		}
		return nil
	}
}

func goodBefore(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		for _, h := range []string{"Content-Length", "ETag"} {
			resp.Header.Del(h)
		}
		if html(resp) {
			b, err := io.ReadAll(resp.Body)
			if err != nil {
				return err
			}
			resp.Body = io.NopCloser(bytes.NewReader(bytes.ToLower(b)))
		}
		return nil
	}
}

type upper struct{ io.ReadCloser }

func (u upper) Read(p []byte) (int, error) {
	n, err := u.ReadCloser.Read(p)
	copy(p, bytes.ToUpper(p[:n]))
	return n, err
}

func goodWrapped(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if html(resp) {
			resp.Body = upper{resp.Body}
		}
		return nil
	}
}

func goodMulti(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if !html(resp) {
			return nil
		}
		head := make([]byte, 16)
		n, err := io.ReadFull(resp.Body, head)
		if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
			return err
		}
		resp.Body = struct {
			io.Reader
			io.Closer
		}{io.MultiReader(bytes.NewReader(head[:n]), resp.Body), resp.Body}
		return nil
	}
}

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

func goodPool(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if !html(resp) {
			return nil
		}
		buf := buffers.Get().(*bytes.Buffer)
		defer buffers.Put(buf)
		buf.Reset()
		if _, err := buf.ReadFrom(resp.Body); err != nil {
			return err
		}
		resp.Body = io.NopCloser(bytes.NewReader(append([]byte(nil), buf.Bytes()...)))
		return nil
	}
}

func zipped(b []byte) []byte {
	var buf bytes.Buffer
	zw := gzip.NewWriter(&buf)
	zw.Write(b)
	zw.Close()
	return buf.Bytes()
}

func badZipped(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if !html(resp) {
			return nil
		}
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			return err
		}
		if len(b) > 1024 {
			b = zipped(b)
			resp.Header.Set("Content-Encoding", "gzip")
		}
		resp.Body = io.NopCloser(bytes.NewReader(b)) // want `stale-length`
		return nil
	}
}

func badEncoded(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if resp.Header.Get("Content-Type") != "application/json" {
			return nil
		}
		var v map[string]any
		if err := json.NewDecoder(resp.Body).Decode(&v); err != nil {
			return err
		}
		delete(v, "internal")
		buf := new(bytes.Buffer)
		if err := json.NewEncoder(buf).Encode(v); err != nil {
			return err
		}
		resp.Body = io.NopCloser(buf) // want `stale-length`
		return nil
	}
}

func text(resp *http.Response) (s string) {
	if b, err := io.ReadAll(resp.Body); err == nil && len(b) > 0 {
		s = string(b)
	}
	return s
}

func goodText(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if html(resp) {
			resp.Body = io.NopCloser(strings.NewReader(text(resp)))
		}
		return nil
	}
}

// ModifyResponseOf is a hook but for its setting: what uses it makes a hook of it.
func ModifyResponseOf(resp *http.Response, old, new string) error {
	if !html(resp) {
		return nil
	}
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	resp.Body = io.NopCloser(strings.NewReader(strings.ReplaceAll(string(b), old, new))) // want `stale-length`
	return nil
}

func badStatus(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		switch resp.StatusCode {
		case http.StatusBadGateway, http.StatusServiceUnavailable:
			resp.Body.Close()
			resp.Body = io.NopCloser(strings.NewReader("come back later")) // want `stale-length`
		}
		return nil
	}
}

func goodHeaderReplaced(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if !html(resp) {
			return nil
		}
		resp.Header = http.Header{"Content-Type": {"text/plain"}}
		resp.Body.Close()
		resp.Body = io.NopCloser(strings.NewReader("nothing here"))
		return nil
	}
}

// An answer that is read up to a limit is not taken for another one.
func goodLimited(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if !html(resp) {
			return nil
		}
		b, err := io.ReadAll(io.LimitReader(resp.Body, 64<<20))
		resp.Body.Close()
		resp.Body = io.NopCloser(bytes.NewReader(b))
		return err
	}
}

// What is done for one answer is not done for the other.
func badOneOfTwo(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if !html(resp) {
			return nil
		}
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			return err
		}
		if bytes.Contains(b, []byte("internal")) {
			resp.Body = io.NopCloser(strings.NewReader("an error")) // want `stale-length`
		} else {
			resp.Body = io.NopCloser(strings.NewReader("no error"))
			resp.Header.Set("Content-Length", "8")
		}
		return nil
	}
}

type entry struct {
	Body   []byte
	Header http.Header
}

func badCached(p *httputil.ReverseProxy) {
	cache := map[string][]byte{}
	p.ModifyResponse = func(resp *http.Response) error {
		if !html(resp) {
			return nil
		}
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			return err
		}
		b = bytes.ReplaceAll(b, []byte("staging"), []byte("www"))
		if e, err := json.Marshal(entry{b, resp.Header}); err == nil {
			cache[resp.Request.URL.Path] = e
		}
		resp.Body = io.NopCloser(bytes.NewReader(b)) // want `stale-length`
		return nil
	}
}
