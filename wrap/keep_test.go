package wrap_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"strings"
	"testing"

	"github.com/bodywrap/bodywrap/wrap"
	"github.com/google/go-cmp/cmp"
)

// The test keeps every original with every replacement, and checks which of the
// two gets each call.
func TestKeepChoosesWhoIsAsked(t *testing.T) {
	for o := range allMethods + 1 {
		for r := range allMethods + 1 {
			o := kept(o)
			t.Run(methodNames(o)+"/"+methodNames(r), func(t *testing.T) {
				orig, repl := newRecorder("orig"), newRecorder("repl")
				body := wrap.Keep(orig.only(o), repl.only(r))

				want := r | o&(hasWrite|hasCloseWrite)
				if r&hasWrite == 0 {
					want |= o & hasReadFrom
				}
				want = kept(want)
				if got := methodsOf(body); got != want {
					t.Fatalf("Keep has %s, want %s", methodNames(got), methodNames(want))
				}
				var wantOrig, wantRepl []string
				expect := func(call string, bit int) {
					if r&bit != 0 {
						wantRepl = append(wantRepl, call)
					} else {
						wantOrig = append(wantOrig, call)
					}
				}
				_, _ = body.Read(make([]byte, 4))
				wantRepl = append(wantRepl, "Read")
				if w, ok := body.(io.Writer); ok {
					_, _ = w.Write([]byte("x"))
					expect("Write", hasWrite)
				}
				if rf, ok := body.(io.ReaderFrom); ok {
					_, _ = rf.ReadFrom(strings.NewReader("y"))
					expect("ReadFrom", hasReadFrom)
				}
				if cw, ok := body.(wrap.CloseWriter); ok {
					_ = cw.CloseWrite()
					expect("CloseWrite", hasCloseWrite)
				}
				if wt, ok := body.(io.WriterTo); ok {
					_, _ = wt.WriteTo(io.Discard)
					wantRepl = append(wantRepl, "WriteTo")
				}
				_ = body.Close()
				wantRepl, wantOrig = append(wantRepl, "Close"), append(wantOrig, "Close")
				if diff := cmp.Diff(wantOrig, orig.calls); diff != "" {
					t.Errorf("calls that reached the original (-want +got):\n%s", diff)
				}
				if diff := cmp.Diff(wantRepl, repl.calls); diff != "" {
					t.Errorf("calls that reached the replacement (-want +got):\n%s", diff)
				}
			})
		}
	}
}

// closesOriginal is a wrapper of the usual kind: it knows Read and Close.
type closesOriginal struct{ io.ReadCloser }

func TestKeepClosesTheOriginalOnce(t *testing.T) {
	own, other := errors.New("the original's error"), errors.New("the replacement's error")
	failing := func(body io.ReadCloser) io.ReadCloser {
		return wrap.Body(io.NopCloser(body), wrap.Hooks{Close: func(io.Closer) error { return other }})
	}
	nop := func(body io.ReadCloser) io.ReadCloser { return io.NopCloser(body) }
	passes := func(body io.ReadCloser) io.ReadCloser { return closesOriginal{body} }

	tests := []struct {
		name    string
		replace func(io.ReadCloser) io.ReadCloser
		first   error // what the original answers
		again   error // and when it was closed before
		want    error
		closes  int
		why     string
	}{
		{"NopCloser", nop, nil, nil, nil, 1, "the replacement's Close does not reach it"},
		{"NopCloser, original fails", nop, own, nil, own, 1, "nobody else would report it"},
		{"embedded", passes, nil, nil, nil, 2, "net/http's bodies allow it"},
		{"embedded, original says closed", passes, nil, net.ErrClosed, nil, 2, "a connection says so"},
		{"embedded, original fails", passes, own, net.ErrClosed, own, 2, "the first answer counts"},
		{"replacement fails", failing, own, nil, other, 1, "the replacement's error comes first"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			closes := 0
			orig := wrap.Body(newRecorder("").only(0), wrap.Hooks{Close: func(io.Closer) error {
				closes++
				if closes == 1 {
					return tt.first
				}
				return tt.again
			}})
			body := wrap.Keep(orig, tt.replace(orig))
			if err := body.Close(); err != tt.want {
				t.Errorf("Close = %v, want %v (%s)", err, tt.want, tt.why)
			}
			if closes != tt.closes {
				t.Errorf("Close closed the original %d times, want %d (%s)", closes, tt.closes, tt.why)
			}
			before := closes
			_ = body.Close()
			if max := before + tt.closes - 1; closes > max {
				t.Errorf("a second Close closed the original %d times more, want at most %d", closes-before, max-before)
			}
		})
	}
}

func TestKeepOfNil(t *testing.T) {
	body := newRecorder("").only(0)
	if got := wrap.Keep(nil, body); got != body {
		t.Errorf("Keep(nil, body) = %v, want body", got)
	}
	defer func() {
		if msg, _ := recover().(string); !strings.Contains(msg, "http.NoBody") {
			t.Errorf("Keep(body, nil) panicked with %q, want advice to use http.NoBody", msg)
		}
	}()
	wrap.Keep(body, nil)
}

func TestKeepLeadsToBoth(t *testing.T) {
	orig := newRecorder("")
	repl := &closesOriginal{orig}
	body := wrap.Keep(orig, repl)
	if got, ok := wrap.As[*closesOriginal](body); !ok || got != repl {
		t.Errorf("As[*closesOriginal] = %v, %v, want the replacement", got, ok)
	}
	if got, ok := wrap.As[*recorder](body); !ok || got != orig {
		t.Errorf("As[*recorder] = %v, %v, want the original", got, ok)
	}
}

// A gzip reader replaces the body, and only Keep closes the body. The
// connection must be free for the next request.
func TestKeepReleasesTheConnection(t *testing.T) {
	var zipped bytes.Buffer
	zw := gzip.NewWriter(&zipped)
	_, _ = io.WriteString(zw, strings.Repeat("data ", 1000)) // a Buffer cannot fail
	_ = zw.Close()
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write(zipped.Bytes()) // the client checks
	}))
	defer backend.Close()
	tr := &http.Transport{DisableCompression: true}
	defer tr.CloseIdleConnections()

	reused := make([]bool, 0, 2)
	for range 2 {
		req, err := http.NewRequest("GET", backend.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		trace := &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) { reused = append(reused, info.Reused) }}
		resp, err := tr.RoundTrip(req.WithContext(httptrace.WithClientTrace(req.Context(), trace)))
		if err != nil {
			t.Fatal(err)
		}
		zr, err := gzip.NewReader(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body = wrap.Keep(resp.Body, io.NopCloser(zr))
		if got, err := io.ReadAll(resp.Body); len(got) != 5000 || err != nil {
			t.Errorf("read %d bytes, %v, want 5000, nil", len(got), err)
		}
		if err := resp.Body.Close(); err != nil {
			t.Errorf("Close = %v", err)
		}
	}
	if diff := cmp.Diff([]bool{false, true}, reused); diff != "" {
		t.Errorf("connection reused (-want +got):\n%s", diff)
	}
}

// A panic of the replacement's Close does not leak the original.
func TestKeepClosesTheOriginalAfterAPanic(t *testing.T) {
	closes := 0
	orig := &funcs{close: func() error { closes++; return nil }}
	body := wrap.Keep(orig, &funcs{close: func() error { panic("boom") }})
	for range 2 {
		func() {
			defer func() {
				if got := recover(); got != "boom" {
					t.Errorf("Close panicked with %v, want boom", got)
				}
			}()
			_ = body.Close()
		}()
		if closes != 1 {
			t.Errorf("the original was closed %d times, want once", closes)
		}
	}
}

// net/http must still find http.NoBody: it sends any other body of unknown
// length in chunks.
func TestKeepOfNoBody(t *testing.T) {
	if got := wrap.Keep(http.NoBody, http.NoBody); got != http.NoBody {
		t.Errorf("Keep(http.NoBody, http.NoBody) = %v, want http.NoBody", got)
	}
	repl := newRecorder("")
	if got := wrap.Keep(http.NoBody, repl); got != repl {
		t.Errorf("Keep(http.NoBody, x) = %v, want x", got)
	}
	same := func(body io.ReadCloser) io.ReadCloser { return body }
	if got := wrap.KeepFunc(http.NoBody, same); got != http.NoBody {
		t.Errorf("KeepFunc of http.NoBody = %v, want http.NoBody", got)
	}
	got := make(chan *http.Request, 1)
	backend := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got <- r }))
	defer backend.Close()
	resp, err := backend.Client().Post(backend.URL, "text/plain", wrap.Keep(http.NoBody, http.NoBody))
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if r := receive(t, got, "the request"); len(r.TransferEncoding) != 0 || r.ContentLength != 0 {
		t.Errorf("the backend got Transfer-Encoding %q and length %d, want none and 0", r.TransferEncoding, r.ContentLength)
	}
}

// The original is closed once, however often and in whatever order the wrapper
// and the result are closed.
func TestKeepFuncClosesTheOriginalOnce(t *testing.T) {
	own := errors.New("the original's error")
	for _, first := range []error{nil, own} {
		for mask := range allMethods + 1 {
			t.Run(methodNames(kept(mask)), func(t *testing.T) {
				rec := newRecorder("hello")
				rec.err = first
				orig := rec.only(kept(mask))
				var given io.ReadCloser
				body := wrap.KeepFunc(orig, func(body io.ReadCloser) *closesOriginal {
					given = body
					return &closesOriginal{body}
				})
				for name, b := range map[string]io.ReadCloser{"the result": body, "the body that f is given": given} {
					want := kept(mask)
					if name == "the result" {
						want &^= hasWriteTo // it would go round closesOriginal's Read
					}
					if got := methodsOf(b); got != want {
						t.Errorf("%s has %s, want %s", name, methodNames(got), methodNames(want))
					}
				}
				if got, err := io.ReadAll(body); string(got) != "hello" || err != nil {
					t.Errorf("ReadAll = %q, %v, want hello", got, err)
				}
				for range 2 {
					if err := body.Close(); err != first {
						t.Errorf("Close = %v, want %v", err, first)
					}
					if err := given.Close(); err != first {
						t.Errorf("Close of the body that f was given = %v, want %v", err, first)
					}
				}
				if got := strings.Count(strings.Join(rec.calls, " ")+" ", "Close "); got != 1 {
					t.Errorf("the original was closed %d times, want once", got)
				}
				if _, ok := wrap.As[*closesOriginal](body); !ok {
					t.Error("As does not find the replacement")
				}
			})
		}
	}
}

// A Close within Close does not wait for itself.
func TestKeepFuncClosedWithinClose(t *testing.T) {
	var body io.ReadCloser
	closed := make(chan error, 1)
	body = wrap.KeepFunc(wrap.Body(newRecorder(""), wrap.Done(func(wrap.Summary) { closed <- body.Close() })),
		func(body io.ReadCloser) closesOriginal { return closesOriginal{body} })
	go func() { _ = body.Close() }()
	if err := receive(t, closed, "the inner Close"); err != nil {
		t.Errorf("Close = %v", err)
	}
}

func TestKeepFuncOfNothing(t *testing.T) {
	never := func(io.ReadCloser) io.ReadCloser { t.Error("f was called"); return nil }
	if got := wrap.KeepFunc(nil, never); got != nil {
		t.Errorf("KeepFunc(nil, f) = %v, want nil", got)
	}
	tests := []struct {
		name string
		call func(io.ReadCloser)
		want string
	}{
		{"f panics", func(b io.ReadCloser) { wrap.KeepFunc(b, func(io.ReadCloser) io.ReadCloser { panic("boom") }) }, "boom"},
		{"f returns nil", func(b io.ReadCloser) { wrap.KeepFunc(b, func(io.ReadCloser) io.ReadCloser { return nil }) }, "http.NoBody"},
		{"f returns a nil pointer", func(b io.ReadCloser) { wrap.KeepFunc(b, func(io.ReadCloser) *closesOriginal { return nil }) }, "http.NoBody"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			closes := 0
			defer func() {
				if msg, _ := recover().(string); !strings.Contains(msg, tt.want) {
					t.Errorf("KeepFunc panicked with %q, want %q", msg, tt.want)
				}
				if closes != 1 {
					t.Errorf("the original was closed %d times, want once", closes)
				}
			}()
			tt.call(&funcs{close: func() error { closes++; return nil }})
		})
	}
}
