package wrap_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/bodywrap/bodywrap/wrap"
	"github.com/google/go-cmp/cmp"
)

// upper changes bytes and says so.
var upper = changing(wrap.Hooks{Read: upperRead})

// changing returns h as hooks that change the content of every message.
func changing(h wrap.Hooks) wrap.Hooks {
	h.Content = func(wrap.Message) wrap.Hooks { return h }
	return h
}

// upgraded returns h for upgraded streams, too.
func upgraded(h wrap.Hooks) wrap.Hooks {
	h.Upgraded = true
	return h
}

// This header has every field that depends on the bytes, and one that does not.
func fullHeader() http.Header {
	return http.Header{
		"Content-Length":   {"5"},
		"Content-Md5":      {"m"},
		"Digest":           {"d"},
		"Content-Digest":   {"c"},
		"Repr-Digest":      {"r"},
		"Accept-Ranges":    {"bytes"},
		"Etag":             {`"strong"`},
		"Content-Encoding": {"gzip"},
		"Content-Type":     {"text/plain"},
	}
}

func TestResponseMakesTheHeaderTrue(t *testing.T) {
	changed := http.Header{
		"Etag":             {`W/"strong"`},
		"Content-Encoding": {"gzip"},
		"Content-Type":     {"text/plain"},
	}
	harmless := wrap.Done(func(wrap.Summary) {})
	tests := []struct {
		name    string
		status  int
		method  string
		hooks   []wrap.Hooks
		want    http.Header
		wantLen int64
		body    string
		why     string
	}{
		{"changed", 200, "GET", []wrap.Hooks{harmless, upper}, changed, -1, "HELLO", "nothing of the old bytes holds"},
		{"error page", 404, "GET", []wrap.Hooks{upper}, changed, -1, "HELLO", "the status does not matter"},
		{"unchanged", 200, "GET", []wrap.Hooks{harmless}, fullHeader(), 5, "hello", "every header is kept"},
		{"no hooks", 200, "GET", nil, fullHeader(), 5, "hello", "every header is kept"},
		{"HEAD", 200, "HEAD", []wrap.Hooks{upper}, changed, -1, "hello", "it speaks of what GET would bring"},
		{"HEAD unchanged", 200, "HEAD", []wrap.Hooks{harmless}, fullHeader(), 5, "hello", "every header is kept"},
		{"304", 304, "GET", []wrap.Hooks{upper}, changed, 5, "hello", "it renews the response that was changed"},
		{"204", 204, "GET", []wrap.Hooks{upper}, fullHeader(), 5, "hello", "there are no bytes"},
		{"205", 205, "GET", []wrap.Hooks{upper}, fullHeader(), 5, "hello", "there may be no bytes (RFC 9110, section 15.3.6)"},
		{"206", 206, "GET", []wrap.Hooks{upper}, fullHeader(), 5, "hello", "a part of the old bytes"},
		{"101", 101, "GET", []wrap.Hooks{upper}, fullHeader(), 5, "hello", "a stream is not content"},
		{"101, asked for", 101, "GET", []wrap.Hooks{upgraded(upper)}, fullHeader(), 5, "HELLO", "a stream has no length"},
		{"101, asked for of several", 101, "GET", []wrap.Hooks{upgraded(wrap.Join(harmless, upper))}, fullHeader(), 5, "HELLO", "as for each of them"},
		{"CONNECT", 200, "CONNECT", []wrap.Hooks{upper}, fullHeader(), 5, "hello", "a stream is not content"},
		{"CONNECT, 204", 204, "CONNECT", []wrap.Hooks{upgraded(upper)}, fullHeader(), 5, "HELLO", "any 2xx begins a stream (RFC 9110, section 9.3.6)"},
		{"CONNECT refused", 407, "CONNECT", []wrap.Hooks{upper}, changed, -1, "HELLO", "an error page is content"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			resp := &http.Response{
				StatusCode:    tt.status,
				Header:        fullHeader(),
				ContentLength: 5,
				Body:          io.NopCloser(strings.NewReader("hello")),
				Request:       &http.Request{Method: tt.method},
			}
			wrap.Response(resp, tt.hooks...)
			if diff := cmp.Diff(tt.want, resp.Header); diff != "" {
				t.Errorf("header (-want +got): %s\n%s", tt.why, diff)
			}
			if resp.ContentLength != tt.wantLen {
				t.Errorf("ContentLength = %d, want %d", resp.ContentLength, tt.wantLen)
			}
			if got, err := io.ReadAll(resp.Body); string(got) != tt.body || err != nil {
				t.Errorf("body = %q, %v, want %q: %s", got, err, tt.body, tt.why)
			}
		})
	}
}

func TestResponseKeepsAWeakETag(t *testing.T) {
	for _, tag := range []string{`W/"weak"`, ""} {
		resp := &http.Response{StatusCode: 200, Header: http.Header{}, Body: http.NoBody}
		if tag != "" {
			resp.Header.Set("ETag", tag)
		}
		wrap.Response(resp, upper)
		if got := resp.Header.Get("ETag"); got != tag {
			t.Errorf("ETag = %s, want %s", got, tag)
		}
	}
}

// The length in a 416 is that of the bytes as they were (RFC 9110, section
// 15.5.17).
func TestResponseTakesBackTheLengthOfA416(t *testing.T) {
	for _, tt := range []struct {
		status int
		method string
		hook   wrap.Hooks
		want   string
	}{
		{416, "GET", upper, ""},
		{416, "HEAD", upper, ""},
		{416, "GET", wrap.Done(func(wrap.Summary) {}), "bytes */5"},
		{206, "GET", upper, "bytes */5"},
	} {
		resp := &http.Response{StatusCode: tt.status, Header: fullHeader(), Body: http.NoBody, Request: &http.Request{Method: tt.method}}
		resp.Header.Set("Content-Range", "bytes */5")
		wrap.Response(resp, tt.hook)
		if got := resp.Header.Get("Content-Range"); got != tt.want {
			t.Errorf("%s %d: Content-Range = %q, want %q", tt.method, tt.status, got, tt.want)
		}
		if got := resp.Header.Get("Accept-Ranges"); (got == "") != (tt.want == "") {
			t.Errorf("%s %d: Accept-Ranges = %q beside Content-Range %q", tt.method, tt.status, got, tt.want)
		}
	}
}

// Digests in trailers arrive with EOF, announced or not.
func TestResponseTakesBackDigestsInTrailers(t *testing.T) {
	resp := &http.Response{StatusCode: 200, Header: http.Header{}}
	resp.Trailer = http.Header{"Content-Digest": nil, "X-Checked": nil}
	ended := false
	resp.Body = (&funcs{read: func(p []byte) (int, error) {
		resp.Trailer = http.Header{"Content-Digest": {"c"}, "Repr-Digest": {"r"}, "X-Checked": {"yes"}}
		ended = true
		return 0, io.EOF
	}}).readOnly()
	wrap.Response(resp, upper)
	if diff := cmp.Diff(http.Header{"X-Checked": nil}, resp.Trailer); diff != "" {
		t.Errorf("announced trailer (-want +got):\n%s", diff)
	}
	if _, err := io.ReadAll(resp.Body); err != nil || !ended {
		t.Fatalf("ReadAll = %v", err)
	}
	if diff := cmp.Diff(http.Header{"X-Checked": {"yes"}}, resp.Trailer); diff != "" {
		t.Errorf("trailer (-want +got):\n%s", diff)
	}
}

// Response reports a response without a body too, although Body does not wrap
// http.NoBody.
func TestResponseReportsNoBody(t *testing.T) {
	done, c := summaries()
	resp := &http.Response{StatusCode: 204, Header: http.Header{}, Body: http.NoBody}
	wrap.Response(resp, wrap.Done(done))
	if err := resp.Body.Close(); err != nil {
		t.Errorf("Close = %v", err)
	}
	if s := one(t, c); s.Read != 0 {
		t.Errorf("Read = %d, want 0", s.Read)
	}
}

func TestResponseOfNilBody(t *testing.T) {
	resp := &http.Response{StatusCode: 200, Header: http.Header{}}
	if wrap.Response(resp, upper); resp.Body != nil {
		t.Errorf("Body = %v, want nil", resp.Body)
	}
}

func TestRequestWrapsEachBody(t *testing.T) {
	done, c := summaries()
	req, err := http.NewRequest("POST", "http://backend/", strings.NewReader("hello"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header = fullHeader()
	req.Trailer = http.Header{"Digest": nil}
	wrap.Request(req, wrap.Done(done), upper)
	if req.ContentLength != -1 {
		t.Errorf("ContentLength = %d, want -1", req.ContentLength)
	}
	want := fullHeader()
	for _, field := range []string{"Content-Length", "Content-Md5", "Digest", "Content-Digest", "Repr-Digest"} {
		delete(want, field)
	}
	if diff := cmp.Diff(want, req.Header); diff != "" {
		t.Errorf("header (-want +got):\n%s", diff)
	}
	if len(req.Trailer) != 0 {
		t.Errorf("Trailer = %v, want none", req.Trailer)
	}
	again, err := req.GetBody()
	if err != nil {
		t.Fatal(err)
	}
	for _, body := range []io.ReadCloser{req.Body, again} {
		if got, err := io.ReadAll(body); string(got) != "HELLO" || err != nil {
			t.Errorf("body = %q, %v, want HELLO", got, err)
		}
		if s := one(t, c); s.Read != 5 {
			t.Errorf("Read = %d, want 5", s.Read)
		}
	}
}

func TestRequestKeepsWhatItDoesNotChange(t *testing.T) {
	for _, tt := range []struct {
		name string
		body io.ReadCloser
		hook wrap.Hooks
		len  int64
		why  string
	}{
		{"nil", nil, upper, 0, "net/http sends no body then"},
		{"NoBody", http.NoBody, upper, 0, "net/http compares it"},
		{"harmless hook", io.NopCloser(strings.NewReader("hello")), wrap.Done(func(wrap.Summary) {}), 5, "the bytes stay"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			broken := errors.New("no more bodies")
			req := &http.Request{Header: fullHeader(), Body: tt.body, ContentLength: tt.len}
			req.GetBody = func() (io.ReadCloser, error) { return nil, broken }
			wrap.Request(req, tt.hook)
			if req.ContentLength != tt.len || cmp.Diff(fullHeader(), req.Header) != "" {
				t.Errorf("ContentLength = %d, header %v, want both as they were: %s", req.ContentLength, req.Header, tt.why)
			}
			if tt.len == 0 && req.Body != tt.body {
				t.Errorf("Body = %v, want %v: %s", req.Body, tt.body, tt.why)
			}
			if body, err := req.GetBody(); body != nil || err != broken {
				t.Errorf("GetBody = %v, %v, want its own error", body, err)
			}
		})
	}
}

func TestTransportPassesOn(t *testing.T) {
	broken := errors.New("no connection")
	calls := 0
	hooks := func(resp *http.Response) []wrap.Hooks { calls++; return []wrap.Hooks{upper} }
	type idleCloser interface{ CloseIdleConnections() }

	failing := wrap.Transport(roundTripFunc(func(*http.Request) (*http.Response, error) { return nil, broken }), hooks)
	if resp, err := failing.RoundTrip(&http.Request{}); resp != nil || err != broken || calls != 0 {
		t.Errorf("RoundTrip = %v, %v with %d calls of the function, want base's error and none", resp, err, calls)
	}
	if _, ok := failing.(idleCloser); ok {
		t.Error("the transport has CloseIdleConnections, base has not")
	}
	base := &closesIdle{}
	closing := wrap.Transport(base, hooks)
	closing.(idleCloser).CloseIdleConnections()
	if !base.closed {
		t.Error("CloseIdleConnections did not reach base")
	}
	if _, ok := wrap.Transport(nil, hooks).(idleCloser); !ok {
		t.Error("with a nil base there is no CloseIdleConnections; http.DefaultTransport has it")
	}
}

func TestATransportCanBeCompared(t *testing.T) {
	hooks := func(*http.Response) []wrap.Hooks { return nil }
	for _, base := range []http.RoundTripper{nil, roundTripFunc(nil), &closesIdle{}} {
		a, b := wrap.Transport(base, hooks), wrap.Transport(base, hooks)
		if a != a || a == b {
			t.Errorf("of two transports over %T, a == a is %v and a == b is %v, want true and false", base, a == a, a == b)
		}
	}
}

func TestTransportOfNilUsesTheDefaultOfTheDay(t *testing.T) {
	tr := wrap.Transport(nil, func(*http.Response) []wrap.Hooks { return nil })
	before := http.DefaultTransport
	defer func() { http.DefaultTransport = before }()
	replaced := &closesIdle{RoundTripper: roundTripFunc(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: http.StatusTeapot}, nil
	})}
	http.DefaultTransport = replaced
	resp, err := tr.RoundTrip(&http.Request{})
	if err != nil || resp.StatusCode != http.StatusTeapot {
		t.Errorf("RoundTrip = %v, %v, want the answer of the present default", resp, err)
	}
	tr.(interface{ CloseIdleConnections() }).CloseIdleConnections()
	if !replaced.closed {
		t.Error("CloseIdleConnections did not reach the present default")
	}
}

func TestAPanicInHooksClosesTheBody(t *testing.T) {
	boom := errors.New("boom")
	inNew := []wrap.Hooks{{New: func(io.ReadCloser) wrap.Hooks { panic(boom) }}}
	respond := func(body io.ReadCloser) *http.Response { return &http.Response{StatusCode: 200, Body: body} }
	transport := func(hooks func(*http.Response) []wrap.Hooks) func(io.ReadCloser) {
		return func(body io.ReadCloser) {
			base := roundTripFunc(func(*http.Request) (*http.Response, error) { return respond(body), nil })
			_, _ = wrap.Transport(base, hooks).RoundTrip(&http.Request{}) // panics
		}
	}
	modify := func(hooks func(*http.Response) []wrap.Hooks) func(io.ReadCloser) {
		return func(body io.ReadCloser) { _ = wrap.ModifyResponse(nil, hooks)(respond(body)) } // panics
	}
	panics := func(*http.Response) []wrap.Hooks { panic(boom) }
	panicsLater := func(*http.Response) []wrap.Hooks { return inNew }
	tests := []struct {
		name string
		run  func(body io.ReadCloser)
		why  string
	}{
		{"Transport, the function", transport(panics), "RoundTrip returns no response to close"},
		{"Transport, New", transport(panicsLater), "the same"},
		{"ModifyResponse, the function", modify(panics), "ReverseProxy does not close it"},
		{"ModifyResponse, New", modify(panicsLater), "the same"},
		{"Request, New for a retry", func(body io.ReadCloser) {
			calls := 0
			req := &http.Request{Body: http.NoBody, GetBody: func() (io.ReadCloser, error) { return body, nil }}
			req.Body = io.NopCloser(nil)
			wrap.Request(req, wrap.Hooks{New: func(io.ReadCloser) wrap.Hooks {
				if calls++; calls > 1 {
					panic(boom)
				}
				return wrap.Hooks{}
			}})
			_, _ = req.GetBody() // panics
		}, "net/http has not got it yet"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rec := newRecorder("")
			func() {
				defer func() {
					if got := recover(); got != boom {
						t.Errorf("recovered %v, want %v", got, boom)
					}
				}()
				tt.run(rec)
			}()
			if diff := cmp.Diff([]string{"Close"}, rec.calls); diff != "" {
				t.Errorf("calls that reached the body (-want +got):\n%s\n%s", diff, tt.why)
			}
		})
	}
}

func TestRequestKeepsHooksOfItsOwn(t *testing.T) {
	req := &http.Request{
		Body:    io.NopCloser(strings.NewReader("first")),
		GetBody: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("again")), nil },
	}
	hooks := []wrap.Hooks{{Read: upper.Read}}
	wrap.Request(req, hooks...)
	hooks[0] = wrap.Hooks{}
	body, err := req.GetBody()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(body); string(got) != "AGAIN" || err != nil {
		t.Errorf("the second body is %q, %v, want %q, nil", got, err, "AGAIN")
	}
}

type roundTripFunc func(*http.Request) (*http.Response, error)

func (f roundTripFunc) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

type closesIdle struct {
	http.RoundTripper
	closed bool
}

func (c *closesIdle) CloseIdleConnections() { c.closed = true }
