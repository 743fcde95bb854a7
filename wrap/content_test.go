package wrap_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/bodywrap/bodywrap/wrap"
	"github.com/google/go-cmp/cmp"
)

// tagged returns hooks that add name to the field X-Seen and to each Read, if
// the field does not have "no" in it.
func tagged(name string) wrap.Hooks {
	h := wrap.Hooks{New: func(io.ReadCloser) wrap.Hooks {
		first := true
		return wrap.Hooks{Read: func(next io.Reader, p []byte) (int, error) {
			if first {
				first = false
				return copy(p, name), nil
			}
			return next.Read(p)
		}}
	}}
	h.Content = func(m wrap.Message) wrap.Hooks {
		if slices.Contains(m.Header["X-Seen"], "no") {
			return wrap.Hooks{}
		}
		m.Header.Add("X-Seen", name)
		return h
	}
	return h
}

// The hooks next to the body see the message first, and each of the others sees
// the header that those before it have left, also in Join and Apply.
func TestContentIsAskedFromTheBodyOutwards(t *testing.T) {
	applied := wrap.Hooks{Content: func(m wrap.Message) wrap.Hooks { return m.Apply(tagged("a"), tagged("b")) }}
	for _, tt := range []struct {
		name   string
		hooks  []wrap.Hooks
		seen   []string
		body   string
		length int64 // that a hook in front sees
	}{
		{"several", []wrap.Hooks{tagged("a"), tagged("b")}, []string{"b", "a"}, "abhello", -1},
		{"joined", []wrap.Hooks{wrap.Join(tagged("a"), tagged("b"))}, []string{"b", "a"}, "abhello", -1},
		{"joined twice", []wrap.Hooks{wrap.Join(tagged("a"), wrap.Join(tagged("b"), tagged("c")))}, []string{"c", "b", "a"}, "abchello", -1},
		{"applied", []wrap.Hooks{applied}, []string{"b", "a"}, "abhello", -1},
		{"one refuses", []wrap.Hooks{tagged("a"), tagged("no"), tagged("c")}, []string{"c", "no"}, "nochello", -1},
		{"none", []wrap.Hooks{wrap.Join(), {}}, nil, "hello", 5},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var length int64
			look := wrap.Hooks{Content: func(m wrap.Message) wrap.Hooks { length = m.Length; return wrap.Hooks{} }}
			resp := &http.Response{StatusCode: 200, ContentLength: 5, Body: io.NopCloser(strings.NewReader("hello"))}
			changed := wrap.Response(resp, append([]wrap.Hooks{look}, tt.hooks...)...)
			if diff := cmp.Diff(tt.seen, resp.Header["X-Seen"]); diff != "" {
				t.Errorf("X-Seen (-want +got):\n%s", diff)
			}
			if got, err := io.ReadAll(resp.Body); string(got) != tt.body || err != nil {
				t.Errorf("body = %q, %v, want %q", got, err, tt.body)
			}
			if changed != (tt.seen != nil) || length != tt.length {
				t.Errorf("Response = %t, and the length in front is %d, want %d", changed, length, tt.length)
			}
		})
	}
}

// What Content knows of a message.
func TestMessage(t *testing.T) {
	var got wrap.Message
	look := wrap.Hooks{Content: func(m wrap.Message) wrap.Hooks { got = m; return wrap.Hooks{} }}
	req := &http.Request{Method: "POST"}
	tests := []struct {
		name string
		call func()
		want wrap.Message
	}{
		{"response", func() { wrap.Response(&http.Response{StatusCode: 404, ContentLength: 7, Request: req}, look) },
			wrap.Message{Header: http.Header{}, Length: 7, StatusCode: 404, Request: req}},
		{"response without its length", func() { wrap.Response(&http.Response{StatusCode: 200, Body: newRecorder("")}, look) },
			wrap.Message{Header: http.Header{}, Length: -1, StatusCode: 200}},
		{"empty response", func() { wrap.Response(&http.Response{StatusCode: 200, Body: http.NoBody}, look) },
			wrap.Message{Header: http.Header{}, Length: 0, StatusCode: 200}},
		{"304", func() {
			wrap.Response(&http.Response{StatusCode: 304, ContentLength: 0, Header: http.Header{"Etag": {`"x"`}}}, look)
		}, wrap.Message{Header: http.Header{"Etag": {`"x"`}}, Length: -1, StatusCode: 304}},
	}
	for _, length := range []int64{7, 0, -1} {
		req := &http.Request{Method: "POST", ContentLength: length, Body: io.NopCloser(strings.NewReader("")), Header: http.Header{}}
		want := wrap.Message{Header: req.Header, Length: length, Request: req}
		if length == 0 {
			want.Length = -1 // net/http reads the body to learn its length
		}
		tests = append(tests, struct {
			name string
			call func()
			want wrap.Message
		}{"request", func() { wrap.Request(req, look) }, want})
	}
	for _, tt := range tests {
		got = wrap.Message{}
		tt.call()
		if got.Request != tt.want.Request || got.Length != tt.want.Length || got.StatusCode != tt.want.StatusCode {
			t.Errorf("%s: Content got %+v, want %+v", tt.name, got, tt.want)
		}
		if diff := cmp.Diff(tt.want.Header, got.Header); diff != "" {
			t.Errorf("%s: header (-want +got):\n%s", tt.name, diff)
		}
	}
}

// A CONNECT's body is a stream. The other hooks see it.
func TestRequestOfATunnelIsNoContent(t *testing.T) {
	for _, tt := range []struct {
		hook wrap.Hooks
		want string
	}{{upper, "hello"}, {upgraded(upper), "HELLO"}, {upgraded(wrap.Hooks{Content: upper.Content}), "hello"}, {wrap.Hooks{Read: upperRead}, "HELLO"}} {
		req := &http.Request{Method: "CONNECT", ContentLength: -1, Body: io.NopCloser(strings.NewReader("hello")), Header: fullHeader()}
		wrap.Request(req, tt.hook)
		if got, err := io.ReadAll(req.Body); string(got) != tt.want || err != nil {
			t.Errorf("body = %q, %v, want %q", got, err, tt.want)
		}
		if diff := cmp.Diff(fullHeader(), req.Header); diff != "" {
			t.Errorf("header (-want +got):\n%s", diff)
		}
	}
}

// A 304 takes from the hooks what is the same in the 200, and loses what they
// delete.
func TestA304RenewsTheResponseThatWasChanged(t *testing.T) {
	h := wrap.Hooks{Content: func(m wrap.Message) wrap.Hooks {
		m.Header.Set("Vary", "Accept-Encoding")
		m.Header.Set("Content-Encoding", "br")
		m.Header.Set("X-New", "yes")
		m.Header.Set("X-Kept", "no")
		m.Header.Del("X-Gone")
		return wrap.Hooks{Read: upperRead}
	}}
	resp := &http.Response{StatusCode: 304, Header: http.Header{"Etag": {`"x"`}, "X-Gone": {"yes"}, "X-Kept": {"yes"}}, Body: http.NoBody}
	if !wrap.Response(resp, h) {
		t.Error("Response = false")
	}
	want := http.Header{"Etag": {`W/"x"`}, "X-Kept": {"yes"}, "Vary": {"Accept-Encoding"}}
	if diff := cmp.Diff(want, resp.Header); diff != "" {
		t.Errorf("header (-want +got):\n%s", diff)
	}
}

func TestJoinIsItsHooks(t *testing.T) {
	if !wrap.Join().IsZero() || !wrap.Join(wrap.Hooks{}, wrap.Hooks{}).IsZero() {
		t.Error("Join of nothing is not zero")
	}
	joined := wrap.Join(tagged("b"), wrap.Hooks{}, wrap.Join(tagged("c"), tagged("d")))
	joined.Read = tagged("a").New(nil).Read // a copy is changed, as the docs of Hooks say
	rec := newRecorder("hello")
	for name, body := range map[string]io.Reader{
		"Body": wrap.Body(rec.only(0), joined),
		"Conn": wrap.Conn(idleConn{}, wrap.Join(tagged("a"), tagged("b"), tagged("c"), tagged("d"))),
	} {
		got := make([]byte, 4)
		if _, err := io.ReadFull(body, got); string(got) != "abcd" || err != nil {
			t.Errorf("%s: read %q, %v, want abcd", name, got, err)
		}
	}
}

// A hook that needs a message panics where there is none.
func TestContentAloneNeedsAMessage(t *testing.T) {
	h := wrap.Hooks{Content: func(wrap.Message) wrap.Hooks { return wrap.Hooks{} }}
	for name, call := range map[string]func(){
		"Body":   func() { wrap.Body(newRecorder(""), h) },
		"Conn":   func() { wrap.Conn(idleConn{}, h) },
		"joined": func() { wrap.Body(newRecorder(""), wrap.Join(h, upper)) },
	} {
		func() {
			defer func() {
				if msg, _ := recover().(string); !strings.Contains(msg, "give it to Response") {
					t.Errorf("%s panicked with %q, want advice", name, msg)
				}
			}()
			call()
		}()
	}
}

// ModifyResponse calls the function that it stands behind first, and stops at
// its error.
func TestModifyResponseStandsBehindAnother(t *testing.T) {
	refused := errors.New("refused")
	for _, want := range []error{nil, refused} {
		var calls []string
		f := wrap.ModifyResponse(
			func(*http.Response) error { calls = append(calls, "before"); return want },
			func(*http.Response) []wrap.Hooks { calls = append(calls, "hooks"); return []wrap.Hooks{passAll} })
		resp := &http.Response{StatusCode: 200, Body: newRecorder("")}
		body := resp.Body
		if got := f(resp); got != want {
			t.Errorf("the function returned %v, want %v", got, want)
		}
		wantCalls := []string{"before", "hooks"}
		if want != nil {
			wantCalls = wantCalls[:1]
		}
		if diff := cmp.Diff(wantCalls, calls); diff != "" || (resp.Body == body) != (want != nil) {
			t.Errorf("calls (-want +got), and the body is %T:\n%s", resp.Body, diff)
		}
	}
}

type traceKey struct{}

// traceHandler adds what the context has, as the handlers of tracing libraries
// do.
type traceHandler struct{ slog.Handler }

func (h traceHandler) Handle(ctx context.Context, r slog.Record) error {
	id, _ := ctx.Value(traceKey{}).(string)
	r.AddAttrs(slog.String("trace", id))
	return h.Handler.Handle(ctx, r)
}

func (h traceHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return traceHandler{h.Handler.WithAttrs(attrs)}
}

// Each record of Log has what the context of its body has, even after the
// context has ended.
func TestLogHasTheContext(t *testing.T) {
	var out strings.Builder
	logger := slog.New(traceHandler{slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug})})
	ctx, cancel := context.WithCancel(context.WithValue(context.Background(), traceKey{}, "t-17"))
	cancel()
	body := wrap.Body(newRecorder("hello"), wrap.Log(ctx, logger, slog.LevelInfo, slog.String("path", "/x")))
	_, _ = io.Copy(io.Discard, body)
	body.Close()
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	for _, line := range lines {
		if !strings.Contains(line, "trace=t-17") {
			t.Errorf("a record without the trace: %s", line)
		}
	}
	if len(lines) < 3 {
		t.Errorf("%d records, want one for each call and two for the ends", len(lines))
	}
}
