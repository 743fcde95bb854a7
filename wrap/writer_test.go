package wrap_test

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/bodywrap/bodywrap/wrap"
	"github.com/google/go-cmp/cmp"
)

// through returns the ResponseWriter that a handler under wrap.Handler is
// given for original.
func through(original http.ResponseWriter, hooks ...wrap.Hooks) (given http.ResponseWriter) {
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { given = w })
	wrap.Handler(h, hooks...).ServeHTTP(original, askingForUpgrade(httptest.NewRequest("GET", "/", nil)))
	return given
}

// askingForUpgrade returns r with the fields that ask for an upgrade.
func askingForUpgrade(r *http.Request) *http.Request {
	r.Header.Set("Connection", "keep-alive, Upgrade")
	r.Header.Set("Upgrade", "echo")
	return r
}

func TestHandlerKeepsExactlyTheMethodsOfTheWriter(t *testing.T) {
	for mask := range allWriterMethods + 1 {
		if mask != keptByHandler(mask) {
			continue // the cases of TestHandlerLeavesOutWhatCannotGoAlone
		}
		rec := &writerRecorder{}
		original := wrap.WriterOnly(rec, mask)
		if got := writerMethodsOf(original); got != mask {
			t.Fatalf("the test's own writer has %s, want %s", writerMethodNames(got), writerMethodNames(mask))
		}
		given := through(original)
		if given == original {
			t.Fatalf("a writer with %s was passed on untouched, but one below it can hijack", writerMethodNames(mask))
		}
		if got := writerMethodsOf(given); got != mask {
			t.Errorf("Handler keeps %s, want %s", writerMethodNames(got), writerMethodNames(mask))
		}
		if got := writerMethodsOf(through(given)); got != mask {
			t.Errorf("Handler in Handler keeps %s, want %s", writerMethodNames(got), writerMethodNames(mask))
		}
	}
}

// Each member of the family passes every call on to its original.
func TestEachWriterCallReachesTheOriginalOnce(t *testing.T) {
	at := time.Date(2000, 1, 1, 12, 0, 0, 0, time.UTC)
	for mask := range allWriterMethods + 1 {
		if mask != keptByHandler(mask) {
			continue
		}
		t.Run(writerMethodNames(mask), func(t *testing.T) {
			rec := &writerRecorder{header: http.Header{"A": {"b"}}, closed: make(chan bool), err: errors.New("the writer's own error")}
			w := wrap.WriterOnly(rec, mask)
			var want []string
			expect := func(call string, err error) {
				t.Helper()
				want = append(want, call)
				if err != rec.err {
					t.Errorf("%s = %v, want %v", call, err, rec.err)
				}
			}
			if got := w.Header().Get("A"); got != "b" {
				t.Errorf("Header has %q, want %q", got, "b")
			}
			w.WriteHeader(http.StatusTeapot)
			want = append(want, "Header", "WriteHeader I'm a teapot")
			n, err := w.Write([]byte("body"))
			expect("Write body", err)
			if n != 4 {
				t.Errorf("Write = %d, want 4", n)
			}
			if w, ok := w.(http.Hijacker); ok {
				_, _, err := w.Hijack()
				expect("Hijack", err)
			}
			if w, ok := w.(http.Flusher); ok {
				w.Flush()
				want = append(want, "Flush")
			}
			if w, ok := w.(flushErrorer); ok {
				expect("FlushError", w.FlushError())
			}
			if w, ok := w.(io.ReaderFrom); ok {
				n, err := w.ReadFrom(strings.NewReader("more"))
				expect("ReadFrom", err)
				if n != 4 {
					t.Errorf("ReadFrom = %d, want 4", n)
				}
			}
			if w, ok := w.(io.StringWriter); ok {
				n, err := w.WriteString("text")
				expect("WriteString text", err)
				if n != 4 {
					t.Errorf("WriteString = %d, want 4", n)
				}
			}
			if w, ok := w.(deadliner); ok {
				expect("SetReadDeadline 12:00PM", w.SetReadDeadline(at))
				expect("SetWriteDeadline 1:00PM", w.SetWriteDeadline(at.Add(time.Hour)))
			}
			if w, ok := w.(fullDuplexer); ok {
				expect("EnableFullDuplex", w.EnableFullDuplex())
			}
			if w, ok := w.(closeNotifier); ok {
				if got := w.CloseNotify(); got != (<-chan bool)(rec.closed) {
					t.Errorf("CloseNotify = %v, want %v", got, rec.closed)
				}
				want = append(want, "CloseNotify")
			}
			if w, ok := w.(http.Pusher); ok {
				expect("Push /style.css HEAD", w.Push("/style.css", &http.PushOptions{Method: "HEAD"}))
			}
			if diff := cmp.Diff(want, rec.calls); diff != "" {
				t.Errorf("calls that reached the original (-want +got):\n%s", diff)
			}
			if got := w.(interface{ Unwrap() http.ResponseWriter }).Unwrap(); got != rec {
				t.Errorf("Unwrap = %v, want the original", got)
			}
		})
	}
}

// writers that have one method and not the one that usually goes with it
type (
	flushErrorAlone struct {
		http.ResponseWriter
		http.Hijacker
		flushErrorer
	}
	fullDuplexAlone struct {
		http.ResponseWriter
		http.Hijacker
		fullDuplexer
	}
	readDeadlineAlone struct {
		http.ResponseWriter
		http.Hijacker
		readDeadliner
	}
)

func TestHandlerLeavesOutWhatCannotGoAlone(t *testing.T) {
	at := time.Date(2000, 1, 1, 12, 0, 0, 0, time.UTC)
	rec := &writerRecorder{}
	tests := []struct {
		name string
		w    http.ResponseWriter
		use  func(*http.ResponseController) error
		call string
	}{
		{"FlushError", flushErrorAlone{rec, rec, rec}, (*http.ResponseController).Flush, "FlushError"},
		{"EnableFullDuplex", fullDuplexAlone{rec, rec, rec}, (*http.ResponseController).EnableFullDuplex, "EnableFullDuplex"},
		{"SetReadDeadline", readDeadlineAlone{rec, rec, rec}, func(c *http.ResponseController) error {
			return c.SetReadDeadline(at)
		}, "SetReadDeadline 12:00PM"},
	}
	for _, tt := range tests {
		given := through(tt.w)
		if got := writerMethodsOf(given); got != writerHijack {
			t.Errorf("with %s alone, Handler keeps %s, want Hijack only", tt.name, writerMethodNames(got))
		}
		rec.calls = nil
		if err := tt.use(http.NewResponseController(given)); err != nil {
			t.Errorf("a ResponseController's use of %s = %v, want nil", tt.name, err)
		}
		if diff := cmp.Diff([]string{tt.call}, rec.calls); diff != "" {
			t.Errorf("calls that reached the original (-want +got):\n%s", diff)
		}
	}
}

// plain is a typical wrapper of a writer: it hides all optional methods, and
// has Unwrap.
type plain struct{ http.ResponseWriter }

func (p plain) Unwrap() http.ResponseWriter { return p.ResponseWriter }

// The writer cannot hijack, and a writer below it can. The connection that a
// ResponseController hijacks has hooks.
func TestHandlerBelowAWriterThatHidesHijack(t *testing.T) {
	for depth := 1; depth <= 3; depth++ {
		conn := &connRecorder{recorder: newRecorder("early")}
		rec := &writerRecorder{conn: conn}
		var original http.ResponseWriter = rec
		for range depth {
			original = plain{original}
		}
		read := 0
		given := through(original, wrap.Hooks{Read: func(next io.Reader, p []byte) (int, error) {
			n, err := next.Read(p)
			read += n
			return n, err
		}})
		if got := writerMethodsOf(given); got != 0 {
			t.Errorf("Handler adds %s to a writer that has nothing", writerMethodNames(got))
		}
		control := http.NewResponseController(given)
		if err := control.Flush(); err != nil {
			t.Errorf("Flush = %v, want nil", err)
		}
		got, _, err := control.Hijack()
		if err != nil {
			t.Fatalf("Hijack = %v, want nil", err)
		}
		if b, err := io.ReadAll(got); string(b) != "early" || err != nil || read != 5 {
			t.Errorf("ReadAll of the hijacked connection = %q, %v, and its hook saw %d bytes, want %q, nil, 5", b, err, read, "early")
		}
		if diff := cmp.Diff([]string{"FlushError", "Hijack"}, rec.calls); diff != "" {
			t.Errorf("calls that reached the original (-want +got):\n%s", diff)
		}
		found := false
		for w := given; w != nil; {
			found = found || w == original
			u, ok := w.(interface{ Unwrap() http.ResponseWriter })
			if !ok {
				break
			}
			w = u.Unwrap()
		}
		if !found {
			t.Error("Unwrap does not lead to the original")
		}
	}
}

func TestHandlerPassesUntouched(t *testing.T) {
	h2 := httptest.NewRequest("GET", "/", nil)
	h2.ProtoMajor, h2.ProtoMinor, h2.Proto = 2, 0, "HTTP/2.0"
	h1 := httptest.NewRequest("GET", "/", nil)
	recorder := httptest.NewRecorder()
	loop := new(writerLoop)
	upgrade := askingForUpgrade(httptest.NewRequest("GET", "/", nil))
	halfAsked := httptest.NewRequest("GET", "/", nil)
	halfAsked.Header.Set("Upgrade", "echo")
	hooks := []wrap.Hooks{passAll}
	tests := []struct {
		name  string
		w     http.ResponseWriter
		r     *http.Request
		hooks []wrap.Hooks
		why   string
	}{
		{"HTTP/2", &writerRecorder{}, h2, hooks, "one stream cannot take the connection"},
		{"no hijacker", recorder, h1, hooks, "there will be no connection"},
		{"no hijacker, and an upgrade", recorder, upgrade, hooks, "there will be no connection"},
		{"no hijacker below", plain{recorder}, h1, hooks, "there will be no connection"},
		{"a loop", loop, h1, hooks, "the search ends"},
		{"no hooks and no upgrade", &writerRecorder{}, h1, nil, "net/http asks the writer for unexported methods"},
		{"no hooks, and Upgrade without Connection", &writerRecorder{}, halfAsked, nil, "the field is for the next hop only if Connection names it"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := func(w http.ResponseWriter, r *http.Request) {
				if w != tt.w || r != tt.r {
					t.Errorf("next was called with %v, %v, want what Handler was called with: %s", w, r, tt.why)
				}
			}
			wrap.Handler(http.HandlerFunc(h), tt.hooks...).ServeHTTP(tt.w, tt.r)
		})
	}
}

type writerLoop struct{ http.ResponseWriter }

func (w *writerLoop) Unwrap() http.ResponseWriter { return w }

func TestHandlerOfRealWriters(t *testing.T) {
	tests := []struct {
		name  string
		http2 bool
		want  int
	}{
		{"HTTP/1", false, allWriterMethods &^ writerPush},
		{"HTTP/2", true, writerFlush | writerFlushError | writerWriteString | writerDeadlines | writerEnableFullDuplex | writerCloseNotify | writerPush},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var original http.ResponseWriter
			inner := func(w http.ResponseWriter, r *http.Request) {
				if got := writerMethodsOf(original); got != tt.want {
					t.Errorf("the server's writer has %s, want %s", writerMethodNames(got), writerMethodNames(tt.want))
				}
				if got := writerMethodsOf(w); got != tt.want {
					t.Errorf("Handler keeps %s, want %s", writerMethodNames(got), writerMethodNames(tt.want))
				}
				if untouched := w == original; untouched != tt.http2 {
					t.Errorf("the writer is untouched: %v, want %v", untouched, tt.http2)
				}
				control := http.NewResponseController(w)
				err := errors.Join(control.EnableFullDuplex(), control.SetReadDeadline(time.Time{}), control.SetWriteDeadline(time.Time{}))
				if err != nil {
					t.Errorf("ResponseController: %v", err)
				}
				w.Header().Set("X-From", "inner")
				_, _ = io.Copy(w, struct{ io.Reader }{strings.NewReader("copied ")}) // the client sees what arrives
				_, _ = io.WriteString(w, "and written")
				if err := control.Flush(); err != nil {
					t.Errorf("Flush = %v, want nil", err)
				}
			}
			wrapped := wrap.Handler(http.HandlerFunc(inner), passAll)
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				original = w
				wrapped.ServeHTTP(w, r)
			}))
			server.EnableHTTP2 = tt.http2
			server.StartTLS()
			defer server.Close()
			resp, err := server.Client().Get(server.URL)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			if got := resp.ProtoMajor == 2; got != tt.http2 {
				t.Fatalf("the server speaks %s", resp.Proto)
			}
			body, err := io.ReadAll(resp.Body)
			if string(body) != "copied and written" || err != nil || resp.Header.Get("X-From") != "inner" {
				t.Errorf("the response is %q, %v, with X-From %q", body, err, resp.Header.Get("X-From"))
			}
		})
	}
}

func TestHijackThatFails(t *testing.T) {
	conn := &connRecorder{}
	rec := &writerRecorder{conn: conn, brw: new(bufio.ReadWriter), err: http.ErrHijacked}
	gotConn, gotBrw, err := through(rec, passAll).(http.Hijacker).Hijack()
	if gotConn != conn || gotBrw != rec.brw || err != http.ErrHijacked {
		t.Errorf("Hijack = %v, %v, %v, want the original's %v, %v, %v", gotConn, gotBrw, err, net.Conn(conn), rec.brw, rec.err)
	}
}

func TestHandlerOfNil(t *testing.T) {
	defer func() {
		if msg, _ := recover().(string); !strings.Contains(msg, "http.DefaultServeMux") {
			t.Errorf("Handler(nil) panicked with %q, want advice to use http.DefaultServeMux", msg)
		}
	}()
	wrap.Handler(nil)
}
