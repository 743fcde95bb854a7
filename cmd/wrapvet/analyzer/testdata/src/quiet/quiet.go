// Package quiet has what is never reported.
package quiet

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
)

type counting struct{ io.ReadCloser }

// Canned makes responses of its own.
type Canned struct{}

func (Canned) RoundTrip(req *http.Request) (*http.Response, error) {
	resp := &http.Response{StatusCode: 200, Header: http.Header{}, Request: req}
	resp.Body = io.NopCloser(strings.NewReader("canned"))
	return resp, nil
}

// Recorded replays.
type Recorded struct{ raw []byte }

func (r *Recorded) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(r.raw)), req)
	if err != nil {
		return nil, err
	}
	resp.Body = &counting{resp.Body}
	return resp, nil
}

// Handler serves from a handler.
type Handler struct{ h http.Handler }

func (h *Handler) RoundTrip(req *http.Request) (*http.Response, error) {
	rec := httptest.NewRecorder()
	h.h.ServeHTTP(rec, req)
	resp := rec.Result()
	resp.Body = &counting{resp.Body}
	return resp, nil
}

// Fetch is a client's business.
func Fetch(url string) ([]byte, error) {
	resp, err := http.Get(url)
	if err != nil {
		return nil, err
	}
	resp.Body = &counting{resp.Body}
	defer resp.Body.Close()
	return io.ReadAll(resp.Body)
}

// CheckResponse has the signature of a hook, and is none.
func CheckResponse(resp *http.Response) error { // want CheckResponse:`treatsResponse`
	if resp.StatusCode >= 200 && resp.StatusCode < 300 {
		return nil
	}
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	resp.Body = io.NopCloser(bytes.NewReader(b))
	return fmt.Errorf("%s: %s", resp.Status, b)
}

// Copied replaces the body of a copy that stays here.
type Copied struct {
	next http.RoundTripper
	save func(*http.Response)
}

func (c *Copied) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := c.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	saved := *resp
	saved.Body = io.NopCloser(strings.NewReader(""))
	c.save(&saved)
	return resp, nil
}

// Uploads wraps what goes out.
type Uploads struct{ next http.RoundTripper }

func (u *Uploads) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(context.Background())
	req.Body = &counting{req.Body}
	if b, err := io.ReadAll(req.Body); err == nil {
		req.Body = io.NopCloser(bytes.NewReader(b))
	}
	return u.next.RoundTrip(req)
}

// Empty answers without a body.
type Empty struct{ next http.RoundTripper }

func (e *Empty) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := e.next.RoundTrip(req)
	if err == nil {
		resp.Body.Close()
		resp.Body = http.NoBody
	}
	return resp, err
}

// Answer turns every response into one of its own.
type Answer struct{ next http.RoundTripper }

func (a *Answer) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := a.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	_ = resp.Body.Close()
	resp.StatusCode = http.StatusTeapot
	resp.Header.Set("Content-Length", "3")
	resp.Body = io.NopCloser(strings.NewReader("tea"))
	return resp, nil
}

// Injecting refuses in a helper, which may fail: what it refuses is no upgrade any more.
type Injecting struct {
	next http.RoundTripper
	on   bool
	page string
	code int
}

func (i *Injecting) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := i.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	if i.on {
		return i.inject(resp)
	}
	return resp, nil
}

func (i *Injecting) inject(resp *http.Response) (*http.Response, error) {
	page, err := i.open()
	if err != nil {
		return nil, err
	}
	_ = resp.Body.Close()
	resp.Header.Del("Content-Length")
	resp.StatusCode = i.status()
	resp.Body = page
	return i.mark(resp), nil
}

func (i *Injecting) open() (io.ReadCloser, error) {
	if i.page == "" {
		return nil, fmt.Errorf("no page")
	}
	return io.NopCloser(strings.NewReader(i.page)), nil
}

func (i *Injecting) status() int {
	if i.code == 0 {
		return http.StatusForbidden
	}
	return i.code
}

func (i *Injecting) mark(resp *http.Response) *http.Response {
	resp.Header.Set("Retry-After", "3")
	return resp
}
