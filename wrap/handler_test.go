package wrap_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bodywrap/bodywrap/wrap"
	"github.com/google/go-cmp/cmp"
)

// upgradeWithBody asks for an upgrade and announces a body of so many bytes.
func upgradeWithBody(n int) string {
	return strings.Replace(upgradeRequest, "\r\n\r\n", fmt.Sprintf("\r\nContent-Length: %d\r\n\r\n", n), 1)
}

// The buffer beside a hijacked connection belongs to the request's body until
// that body has been read to its end. The bytes in it are a part of the body
// before, and early bytes of the upgraded stream after.
func TestHijackLeavesTheBodyItsBuffer(t *testing.T) {
	const body, early = "request body, ", "early bytes"
	tests := []struct {
		name   string
		before func(r *http.Request) error
		conn   bool // what the connection's reader gets; else the buffer's
		want   string
		why    string
	}{
		{"body read, connection", readWhole, true, early, "what is buffered after the body was sent early"},
		{"body read, buffer", readWhole, false, early, "the same"},
		{"body untouched, buffer", leave, false, body + early, "as net/http alone: all that was buffered"},
		{"body read in part, buffer", readFive, false, body[5:] + early, "as net/http alone: the rest of it"},
	}
	for _, kind := range frontendKinds {
		for _, hooks := range [][]wrap.Hooks{nil, {passAll}, {wrap.TeeRead(io.Discard), closeOnly}} {
			for _, tt := range tests {
				t.Run(fmt.Sprintf("%s/%s/%d hooks", kind.name, tt.name, len(hooks)), func(t *testing.T) {
					got := make(chan string, 1)
					h := func(w http.ResponseWriter, r *http.Request) {
						defer close(got)
						if err := tt.before(r); err != nil {
							t.Errorf("reading the body: %v", err)
							return
						}
						conn, brw, err := http.NewResponseController(w).Hijack()
						if err != nil {
							t.Errorf("Hijack = %v", err)
							return
						}
						defer conn.Close()
						from := io.Reader(brw)
						if tt.conn {
							from = conn
						}
						p := make([]byte, len(tt.want))
						if _, err := io.ReadFull(from, p); err != nil {
							t.Errorf("reading: %v", err)
						}
						got <- string(p)
					}
					client := kind.start(t, wrap.Handler(http.HandlerFunc(h), hooks...)).dial(t)
					done := make(chan error, 1)
					go send(client, []sending{{nil, []byte(upgradeWithBody(len(body)) + body + early)}}, false, done)
					if got := receive(t, got, "what the handler read"); got != tt.want {
						t.Errorf("the handler read %q, want %q (%s)", got, tt.want, tt.why)
					}
					if err := receive(t, done, "the client's sending"); err != nil {
						t.Errorf("sending: %v", err)
					}
				})
			}
		}
	}
}

func leave(*http.Request) error { return nil }

func readWhole(r *http.Request) error {
	_, err := io.Copy(io.Discard, r.Body)
	return err
}

func readFive(r *http.Request) error {
	_, err := io.ReadFull(r.Body, make([]byte, 5))
	return err
}

// Handler sees the EOF of the request's body, whether Read or WriteTo reads it.
func TestHandlerSeesTheBodyEndByWriteTo(t *testing.T) {
	rec := &connRecorder{recorder: newRecorder("late")}
	brw := bufio.NewReadWriter(bufio.NewReader(strings.NewReader("early ")), nil)
	if _, err := brw.Peek(1); err != nil {
		t.Fatal(err)
	}
	r := askingForUpgrade(httptest.NewRequest("POST", "/", io.NopCloser(strings.NewReader("body")))) // has WriteTo
	r.ContentLength = -1
	h := func(w http.ResponseWriter, r *http.Request) {
		if n, err := io.Copy(io.Discard, r.Body); n != 4 || err != nil {
			t.Errorf("io.Copy of the body = %d, %v, want 4, nil", n, err)
		}
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(conn); string(got) != "early late" || err != nil {
			t.Errorf("ReadAll of the connection = %q, %v, want %q, nil", got, err, "early late")
		}
	}
	wrap.Handler(http.HandlerFunc(h)).ServeHTTP(&writerRecorder{conn: rec, brw: brw}, r)
}

// Without EOF of the body, the connection works as with net/http alone: it does
// not return the buffered bytes. Only the body and the ReadWriter read the
// buffer.
func TestTheConnLeavesTheBufferOfABodyInFlight(t *testing.T) {
	for _, hooks := range [][]wrap.Hooks{nil, {passAll}} {
		rec := &connRecorder{recorder: newRecorder("late")}
		brw := bufio.NewReadWriter(bufio.NewReader(strings.NewReader("body")), bufio.NewWriter(rec))
		if _, err := brw.Peek(1); err != nil {
			t.Fatal(err)
		}
		r := askingForUpgrade(httptest.NewRequest("POST", "/", struct{ io.Reader }{brw}))
		h := func(w http.ResponseWriter, r *http.Request) {
			conn, _, err := w.(http.Hijacker).Hijack()
			if err != nil {
				t.Fatal(err)
			}
			if got, err := io.ReadAll(conn); string(got) != "late" || err != nil {
				t.Errorf("with %d hooks ReadAll of the connection = %q, %v, want %q, nil", len(hooks), got, err, "late")
			}
			if got, err := io.ReadAll(r.Body); string(got) != "body" || err != nil {
				t.Errorf("with %d hooks ReadAll of the body = %q, %v, want %q, nil", len(hooks), got, err, "body")
			}
		}
		wrap.Handler(http.HandlerFunc(h), hooks...).ServeHTTP(&writerRecorder{conn: rec, brw: brw}, r)
	}
}

// Several goroutines may read from a connection with early bytes. The race
// detector checks it.
func TestEarlyBytesAreReadByManyAtOnce(t *testing.T) {
	const size = 3000 // fits in the server's buffer
	sent := pattern(size)
	counts := make(chan [256]int, 1)
	h := func(w http.ResponseWriter, r *http.Request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Errorf("Hijack = %v", err)
			return
		}
		defer conn.Close()
		var left atomic.Int64
		var mu sync.Mutex
		var readers sync.WaitGroup
		var got [256]int
		left.Store(size)
		for range 8 {
			readers.Add(1)
			go func() {
				defer readers.Done()
				for p := make([]byte, 1); left.Add(-1) >= 0; {
					if _, err := io.ReadFull(conn, p); err != nil {
						t.Errorf("Read = %v", err)
						return
					}
					mu.Lock()
					got[p[0]]++
					mu.Unlock()
				}
			}()
		}
		readers.Wait()
		counts <- got
	}
	client := tcpFrontend(t, wrap.Handler(http.HandlerFunc(h))).dial(t)
	if _, err := client.Write(append([]byte(upgradeRequest), sent...)); err != nil {
		t.Fatal(err)
	}
	var want [256]int
	for _, b := range sent {
		want[b]++
	}
	if diff := cmp.Diff(want, receive(t, counts, "the readers")); diff != "" {
		t.Errorf("how often each byte was read (-want +got):\n%s", diff)
	}
}

// `echo hi | docker run -i`: the client half-closes before it has an answer.
func TestHalfCloseBeforeTheAnswer(t *testing.T) {
	for _, kind := range frontendKinds {
		if !kind.halfClose {
			continue
		}
		for _, hooks := range [][]wrap.Hooks{nil, {passAll}} {
			t.Run(fmt.Sprintf("%s/%d hooks", kind.name, len(hooks)), func(t *testing.T) {
				const input = "hi\n"
				cancelled := make(chan struct{}) // net/http has read the client's FIN
				backend := func(w http.ResponseWriter, r *http.Request) {
					<-cancelled
					upgrade(w, func(conn net.Conn, r io.Reader) {
						if got, err := io.ReadAll(r); err != nil || string(got) != input {
							t.Errorf("the backend read %q, %v, want %q", got, err, input)
						}
						_, _ = io.WriteString(conn, "answer") // the client sees what arrived
					})
				}
				proxy := wrap.Handler(proxyTo(t, backend), hooks...)
				client := kind.start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					defer context.AfterFunc(r.Context(), func() { close(cancelled) })()
					proxy.ServeHTTP(w, r)
				})).dial(t)
				done := make(chan error, 1)
				// The echo protocol's backends of this test
				// answer after EOF.
				go send(client, []sending{{nil, []byte(strings.ReplaceAll(upgradeRequest, "test", "echo") + input)}}, true, done)
				in := bufio.NewReader(client)
				resp, err := http.ReadResponse(in, nil)
				if err != nil || resp.StatusCode != http.StatusSwitchingProtocols {
					t.Fatalf("the proxy answered %v, %v, want 101", resp, err)
				}
				got, err := io.ReadAll(in)
				if halfCloses && (string(got) != "answer" || err != nil) { // Go 1.24 ends both ways at the first EOF
					t.Errorf("the client read %q, %v, want %q, nil", got, err, "answer")
				}
				if err := receive(t, done, "the client's half-close"); err != nil {
					t.Errorf("sending: %v", err)
				}
			})
		}
	}
}

func TestHandlerDetachesTheContextOfAnUpgrade(t *testing.T) {
	type key struct{}
	deadline := time.Now().Add(time.Hour)
	outer, cancel := context.WithDeadline(context.WithValue(context.Background(), key{}, "value"), deadline)
	var inner context.Context
	h := func(w http.ResponseWriter, r *http.Request) {
		inner = r.Context()
		cancel()
		if err := inner.Err(); err != nil {
			t.Errorf("after the outer cancel the context's error is %v, want none: EOF is no reason to give up", err)
		}
		if got, ok := inner.Deadline(); !ok || !got.Equal(deadline) {
			t.Errorf("Deadline = %v, %v, want %v: the outer one stays", got, ok, deadline)
		}
		if got := inner.Value(key{}); got != "value" {
			t.Errorf("Value = %v, want the outer one", got)
		}
		if inner.Done() == nil {
			t.Error("Done is nil; ReverseProxy would then ask the writer for CloseNotify")
		}
	}
	serve := func(r *http.Request) {
		wrap.Handler(http.HandlerFunc(h)).ServeHTTP(&writerRecorder{}, r.WithContext(outer))
	}
	serve(askingForUpgrade(httptest.NewRequest("GET", "/", nil)))
	if inner.Err() != context.Canceled {
		t.Errorf("after the handler the context's error is %v, want context.Canceled, as with net/http", inner.Err())
	}
	deadline = time.Now().Add(-time.Second)
	late, cancelLate := context.WithDeadline(context.Background(), deadline)
	defer cancelLate()
	wrap.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.Context().Err(); err != context.DeadlineExceeded {
			t.Errorf("past the outer deadline the context's error is %v, want context.DeadlineExceeded", err)
		}
	})).ServeHTTP(&writerRecorder{}, httptest.NewRequest("CONNECT", "example.com:443", nil).WithContext(late))
}

func TestAPanicInNewClosesTheHijackedConn(t *testing.T) {
	boom := errors.New("boom")
	hooks := wrap.Hooks{New: func(io.ReadCloser) wrap.Hooks { panic(boom) }}
	rec := &connRecorder{recorder: newRecorder("")}
	defer func() {
		if got := recover(); got != boom {
			t.Errorf("recovered %v, want %v", got, boom)
		}
		if diff := cmp.Diff([]string{"Close"}, rec.calls); diff != "" {
			t.Errorf("calls that reached the connection (-want +got):\n%s", diff)
		}
	}()
	hijack(t, rec, nil, false, hooks)
}

// golang/go#73754: net/http closes a connection whose request was too large,
// which it learns by an unexported method of its own writer.
func TestMaxBytesReaderClosesTheConnUnderHandler(t *testing.T) {
	h := func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 10)); err == nil {
			t.Error("the limit was not exceeded")
		}
		w.WriteHeader(http.StatusRequestEntityTooLarge)
	}
	server := httptest.NewServer(wrap.Handler(http.HandlerFunc(h)))
	defer server.Close()
	resp, err := http.Post(server.URL, "text/plain", bytes.NewReader(pattern(100)))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if !resp.Close {
		t.Error("the connection stays open after 413, want Connection: close as without Handler")
	}
}

func TestHandlerKeepsHooksOfItsOwn(t *testing.T) {
	hooks := []wrap.Hooks{closeOnly}
	h := wrap.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, _, err := w.(http.Hijacker).Hijack(); err != nil {
			t.Error(err)
		}
	}), hooks...)
	hooks[0] = wrap.Hooks{New: func(io.ReadCloser) wrap.Hooks {
		t.Error("the caller's slice is in use")
		return wrap.Hooks{}
	}}
	h.ServeHTTP(&writerRecorder{conn: &connRecorder{}}, httptest.NewRequest("GET", "/", nil))
}
