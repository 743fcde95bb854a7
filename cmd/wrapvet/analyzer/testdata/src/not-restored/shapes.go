package notrestored

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
)

// Shapes are the ways to treat a body here; each sets up a proxy. What is reported begins with "bad".
var Shapes = map[string]func(*httputil.ReverseProxy){
	"badLog":          badLog,
	"badErrors":       badErrors,
	"badDecode":       badDecode,
	"badCopy":         badCopy,
	"badHelper":       badHelper,
	"badTransport":    badTransport,
	"badClosed":       badClosed,
	"badTee":          badTee,
	"goodRestored":    goodRestored,
	"goodError":       goodError,
	"goodDump":        goodDump,
	"goodRetry":       goodRetry,
	"goodReplacement": goodReplacement,
	"goodHelper":      goodHelper,
	"goodTwoSteps":    goodTwoSteps,
	"goodAborted":     goodAborted,
	"goodCached":      goodCached,
	"goodRetried":     goodRetried,
	"goodNamed":       goodNamed,
	"goodReturned":    goodReturned,
	"badMalformed":    badMalformed,
	"badUndecoded":    badUndecoded,
	"goodMalformed":   goodMalformed,
	"goodRevived":     goodRevived,
	"goodHandled":     goodHandled,
}

func ordinary(resp *http.Response) bool { return resp.StatusCode >= 200 }

func badLog(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if ordinary(resp) {
			b, _ := io.ReadAll(resp.Body) // want `not-restored: the body is read here and not put back: what is left is forwarded empty`
			log.Printf("%s", b)
		}
		return nil
	}
}

func badErrors(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if resp.StatusCode < 400 {
			return nil
		}
		b, err := io.ReadAll(resp.Body) // want `not-restored`
		if err != nil {
			return err
		}
		log.Printf("%d: %s", resp.StatusCode, b)
		return nil
	}
}

func badDecode(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if resp.Header.Get("Content-Type") != "application/json" {
			return nil
		}
		var v struct{ Token string }
		if err := json.NewDecoder(resp.Body).Decode(&v); err != nil { // want `not-restored`
			return err
		}
		resp.Header.Set("X-Token", v.Token)
		return nil
	}
}

func badCopy(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if ordinary(resp) {
			n, _ := io.Copy(io.Discard, resp.Body) // want `not-restored`
			resp.Header.Set("X-Size", fmt.Sprint(n))
		}
		return nil
	}
}

func read(resp *http.Response) ([]byte, error) {
	return io.ReadAll(resp.Body) // want `not-restored`
}

func badHelper(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if !ordinary(resp) {
			return nil
		}
		b, err := read(resp)
		log.Print(len(b))
		return err
	}
}

func base(p *httputil.ReverseProxy) http.RoundTripper {
	if p.Transport != nil {
		return p.Transport
	}
	return http.DefaultTransport
}

type logging struct{ next http.RoundTripper }

func (l logging) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := l.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode >= 500 {
		b, _ := io.ReadAll(resp.Body) // want `not-restored`
		log.Printf("%s: %s", req.URL, b)
	}
	return resp, nil
}

func badTransport(p *httputil.ReverseProxy) { p.Transport = logging{base(p)} }

func badClosed(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if resp.StatusCode != http.StatusNotFound {
			return nil
		}
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body) // want `not-restored`
		log.Printf("%s", b)
		return err
	}
}

func badTee(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if !ordinary(resp) {
			return nil
		}
		var seen bytes.Buffer
		_, err := io.Copy(io.Discard, io.TeeReader(resp.Body, &seen)) // want `not-restored`
		log.Print(seen.Len())
		return err
	}
}

func goodRestored(p *httputil.ReverseProxy) {
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

func goodError(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if resp.StatusCode >= 400 {
			b, _ := io.ReadAll(resp.Body)
			return fmt.Errorf("backend says %d: %s", resp.StatusCode, b)
		}
		return nil
	}
}

func goodDump(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if !ordinary(resp) {
			return nil
		}
		dump, err := httputil.DumpResponse(resp, true)
		log.Printf("%s", dump)
		return err
	}
}

type retrying struct{ next http.RoundTripper }

func (r *retrying) RoundTrip(req *http.Request) (*http.Response, error) {
	for try := 0; ; try++ {
		resp, err := r.next.RoundTrip(req)
		if err != nil || resp.StatusCode < 500 || try == 2 {
			return resp, err
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
	}
}

func goodRetry(p *httputil.ReverseProxy) { p.Transport = &retrying{base(p)} }

func goodReplacement(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if resp.StatusCode != http.StatusInternalServerError {
			return nil
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
		resp.Header.Set("Content-Length", "0")
		resp.Body = http.NoBody
		return nil
	}
}

func snapshot(resp *http.Response) ([]byte, error) {
	b, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	resp.Body = io.NopCloser(bytes.NewReader(b))
	return b, err
}

func goodHelper(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if !ordinary(resp) {
			return nil
		}
		b, err := snapshot(resp)
		log.Print(len(b))
		return err
	}
}

func goodTwoSteps(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		var seen []byte
		if ordinary(resp) {
			seen, _ = io.ReadAll(resp.Body)
		}
		if seen != nil {
			resp.Body = io.NopCloser(bytes.NewReader(seen))
		}
		return nil
	}
}

func goodAborted(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if resp.StatusCode == http.StatusNotFound {
			_, _ = io.Copy(io.Discard, resp.Body)
			return http.ErrAbortHandler
		}
		return nil
	}
}

type cached struct {
	next http.RoundTripper
	page []byte
}

func (c *cached) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := c.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode >= 500 && c.page != nil {
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
		return &http.Response{
			StatusCode: http.StatusOK, ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{},
			Body: io.NopCloser(bytes.NewReader(c.page)), ContentLength: int64(len(c.page)), Request: req,
		}, nil
	}
	return resp, nil
}

func goodCached(p *httputil.ReverseProxy) { p.Transport = &cached{base(p), []byte("stale")} }

// replaying reads on the way to an answer of its own, and otherwise leaves the response as it came.
type replaying struct {
	next http.RoundTripper
	off  bool
}

func (r *replaying) RoundTrip(req *http.Request) (*http.Response, error) { return r.answer(req) }

func (r *replaying) answer(req *http.Request) (*http.Response, error) {
	if r.off {
		return r.next.RoundTrip(req)
	}
	page, err := r.fetch(req)
	if err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(bytes.NewReader(page))}, nil
}

func (r *replaying) fetch(req *http.Request) ([]byte, error) {
	resp, err := r.next.RoundTrip(req)
	if err != nil || resp.StatusCode != http.StatusOK {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	return io.ReadAll(resp.Body)
}

func goodReplaying(p *httputil.ReverseProxy) { p.Transport = &replaying{base(p), false} }

type persistent struct {
	next http.RoundTripper
	max  int
}

func (t *persistent) RoundTrip(req *http.Request) (resp *http.Response, err error) {
	for attempt := 0; attempt < t.max; attempt++ {
		resp, err = t.next.RoundTrip(req)
		if err != nil {
			return nil, err
		}
		if resp.StatusCode < 500 || attempt == t.max-1 {
			break
		}
		drain(resp)
	}
	return resp, nil
}

func drain(resp *http.Response) {
	io.Copy(io.Discard, io.LimitReader(resp.Body, 4096))
	resp.Body.Close()
}

func goodRetried(p *httputil.ReverseProxy) { p.Transport = &persistent{http.DefaultTransport, 3} }

// goodNamed has an error that is a variable: behind the question whether it is nil, it is none of the errors that it might be.
func goodNamed(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) (err error) {
		defer func() {
			if err != nil {
				err = fmt.Errorf("rewriting: %w", err)
			}
		}()
		if !ordinary(resp) {
			return nil
		}
		var b []byte
		switch resp.Header.Get("Content-Encoding") {
		case "":
			b, err = io.ReadAll(resp.Body)
		default:
			err = errors.ErrUnsupported
		}
		if err != nil {
			return err
		}
		resp.Body = io.NopCloser(bytes.NewReader(b))
		return nil
	}
}

func content(resp *http.Response) (b []byte, err error) {
	switch resp.Header.Get("Content-Encoding") {
	case "":
		b, err = io.ReadAll(resp.Body)
	default:
		err = errors.ErrUnsupported
	}
	return b, err
}

func goodReturned(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if !ordinary(resp) {
			return nil
		}
		b, err := content(resp)
		if err != nil {
			return err
		}
		resp.Body = io.NopCloser(bytes.NewReader(b))
		return nil
	}
}

func masked(b []byte) ([]byte, error) {
	var v map[string]any
	if err := json.Unmarshal(b, &v); err != nil {
		return nil, err
	}
	delete(v, "password")
	return json.Marshal(v)
}

// badMalformed hands on an answer that is no JSON without its body.
func badMalformed(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if resp.Header.Get("Content-Type") != "application/json" {
			return nil
		}
		b, err := io.ReadAll(resp.Body) // want `not-restored`
		if err != nil {
			return err
		}
		if b, err = masked(b); err != nil {
			return nil // not for us
		}
		resp.Body = io.NopCloser(bytes.NewReader(b))
		resp.Header.Del("Content-Length")
		return nil
	}
}

func badUndecoded(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if resp.Header.Get("Content-Type") != "application/json" {
			return nil
		}
		var v map[string]any
		if err := json.NewDecoder(resp.Body).Decode(&v); err != nil { // want `not-restored`
			log.Print(err)
			return nil
		}
		b, err := json.Marshal(v)
		if err != nil {
			return err
		}
		resp.Body = io.NopCloser(bytes.NewReader(b))
		resp.Header.Del("Content-Length")
		return nil
	}
}

func goodMalformed(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if resp.Header.Get("Content-Type") != "application/json" {
			return nil
		}
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			return err
		}
		if m, err := masked(b); err == nil {
			b = m
		}
		resp.Body = io.NopCloser(bytes.NewReader(b))
		resp.Header.Del("Content-Length")
		return nil
	}
}

// reviving replaces an answer by that to another request, if there is one.
type reviving struct{ next http.RoundTripper }

func (t *reviving) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := t.send(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode == http.StatusNotFound {
		if again, err := t.again(req); again != nil || err != nil {
			io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
			return again, err
		}
	}
	return resp, nil
}

func (t *reviving) again(req *http.Request) (*http.Response, error) {
	if req.Header.Get("Session") == "" {
		return nil, nil
	}
	return t.send(req.Clone(req.Context()))
}

func (t *reviving) send(req *http.Request) (*http.Response, error) { return t.next.RoundTrip(req) }

func goodRevived(p *httputil.ReverseProxy) { p.Transport = &reviving{http.DefaultTransport} }

type hook struct {
	onError func(*http.Response, error) error
}

// mask leaves errors to somebody else.
func (h *hook) mask(resp *http.Response) error {
	if resp.Header.Get("Content-Type") != "application/json" {
		return nil
	}
	defer func() { resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if b, err = masked(b); err != nil {
		return h.onError(resp, err)
	}
	var buf bytes.Buffer
	if _, err = write(&buf, b); err != nil {
		return err
	}
	resp.Body = io.NopCloser(&buf)
	resp.Header.Del("Content-Length")
	return nil
}

func write(w io.Writer, b []byte) (int, error) { return w.Write(b) }

func goodHandled(p *httputil.ReverseProxy) { p.ModifyResponse = new(hook).mask }
