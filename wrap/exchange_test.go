package wrap_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/bodywrap/bodywrap/internal/testkit"
	"github.com/bodywrap/bodywrap/wrap"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// exchanges returns h with a channel of its summaries.
func exchanges(h http.HandlerFunc) (http.HandlerFunc, chan wrap.Exchange) {
	c := make(chan wrap.Exchange, 10)
	return wrap.Exchanges(h, func(_ *http.Request, x wrap.Exchange) { c <- x }).ServeHTTP, c
}

var ignoreTimes = cmpopts.IgnoreFields(wrap.Exchange{}, "Start", "Header", "FirstByte", "Duration")

func TestExchanges(t *testing.T) {
	const question = "the client's question"
	for _, tt := range []struct {
		name    string
		handler http.HandlerFunc
		want    wrap.Exchange
		broken  bool // the client gets no whole answer
	}{
		{"answer", func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			w.WriteHeader(404)
			_, _ = io.WriteString(w, "not here")
		}, wrap.Exchange{Status: 404, Read: int64(len(question)), Written: 8}, false},
		{"early hints", func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(103)
			_, _ = w.Write([]byte("x"))
		}, wrap.Exchange{Status: 200, Written: 1}, false},
		{"nothing", func(http.ResponseWriter, *http.Request) {}, wrap.Exchange{Status: 200}, false},
		{"no content", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) }, wrap.Exchange{Status: 204}, false},
		{"copied", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.Copy(w, onlyReader{strings.NewReader("copied")})
		},
			wrap.Exchange{Status: 200, Written: 6}, false},
		{"panic", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, wrap.Exchange{Panicked: true}, true},
		{"panic in the middle", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte("some"))
			panic(http.ErrAbortHandler)
		}, wrap.Exchange{Status: 200, Written: 4, Panicked: true}, true},
		{"content that is not allowed", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(304)
			_, _ = w.Write([]byte("x"))
		}, wrap.Exchange{Status: 304, Err: http.ErrBodyNotAllowed}, false},
	} {
		for _, proto := range []string{"HTTP/1.1", "HTTP/2.0"} {
			t.Run(tt.name+"/"+proto, func(t *testing.T) {
				handler, c := exchanges(tt.handler)
				server := testkit.StartBackend(t, proto, handler)
				resp, err := server.Client().Post(server.URL, "text/plain", strings.NewReader(question))
				if err == nil {
					_, err = io.Copy(io.Discard, resp.Body)
					resp.Body.Close()
				}
				if (err != nil) != tt.broken {
					t.Errorf("the client got %v; the panic must reach net/http: %v", err, tt.broken)
				}
				got := receive(t, c, "the summary")
				if diff := cmp.Diff(tt.want, got, ignoreTimes, cmpopts.EquateErrors()); diff != "" {
					t.Errorf("summary (-want +got):\n%s", diff)
				}
				if got.Start.IsZero() || got.Duration <= 0 || (got.Header > 0) != (got.Status > 0) || (got.FirstByte > 0) != (got.Written > 0 || tt.want.Err != nil) {
					t.Errorf("times of %+v", got)
				}
				server.Close()
				if len(c) != 0 {
					t.Error("it was reported again")
				}
			})
		}
	}
}

// A proxy's own answers are seen, and upgrades end with their connection.
func TestExchangesOfAProxy(t *testing.T) {
	backend := testkit.StartBackend(t, "HTTP/1.1", upgradeAndEcho)
	target, err := url.Parse(backend.URL)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(target)
	handler, c := exchanges(proxy.ServeHTTP)
	over, overDone := exchanges(wrap.Handler(proxy).ServeHTTP)
	for _, tt := range []struct {
		name    string
		handler http.Handler
		done    chan wrap.Exchange
	}{{"bare", handler, c}, {"under Handler", wrap.Handler(handler), c}, {"over Handler", over, overDone}} {
		if got, want := talk(tt.handler, "ping"), "101 Switching Protocols: ping"; got != want {
			t.Errorf("%s: talking = %q, want %q", tt.name, got, want)
		}
		got := receive(t, tt.done, "the summary")
		if got.Status != 101 || !got.Upgraded || got.Panicked || got.Read != 4 || got.Written < 4 || got.Header <= 0 {
			t.Errorf("%s: summary of an upgrade: %+v", tt.name, got)
		}
	}
	backend.Close()
	proxy.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) }
	handler, c = exchanges(proxy.ServeHTTP)
	w := httptest.NewRecorder()
	handler(w, httptest.NewRequest("GET", "/", nil))
	if got := receive(t, c, "the summary"); got.Status != 502 || w.Code != 502 {
		t.Errorf("summary of a failure: %+v, and the client got %d", got, w.Code)
	}
}

// The summary of a hijacked connection comes when the handler has returned and
// the connection is closed, in whichever order, and once.
func TestExchangesOfHijackedConnections(t *testing.T) {
	const head = "HTTP/1.1 101 Switching Protocols\r\n\r\n"
	for _, tt := range []struct {
		name   string
		writes []string
		want   wrap.Exchange
	}{
		{"a head", []string{head, "x"}, wrap.Exchange{Status: 101, Upgraded: true}},
		{"a head in pieces", strings.Split(head, ""), wrap.Exchange{Status: 101, Upgraded: true}},
		{"no head", nil, wrap.Exchange{Upgraded: true}},
		{"no HTTP", []string{"\x05\x00 not a head"}, wrap.Exchange{Upgraded: true}},
	} {
		for _, order := range []string{"close and return", "return and close", "close and panic", "panic and close"} {
			t.Run(tt.name+"/"+order, func(t *testing.T) {
				hijacked := make(chan net.Conn, 1)
				released := make(chan bool)
				handler, c := exchanges(func(w http.ResponseWriter, r *http.Request) {
					conn, _, err := http.NewResponseController(w).Hijack()
					if err != nil {
						t.Error(err)
						return
					}
					for _, s := range tt.writes {
						_, _ = io.WriteString(conn, s)
					}
					hijacked <- conn
					<-released
					if strings.Contains(order, "panic") {
						panic(http.ErrAbortHandler)
					}
				})
				returned := make(chan bool)
				server := testkit.StartBackend(t, "HTTP/1.1", func(w http.ResponseWriter, r *http.Request) {
					defer close(returned)
					handler(w, r)
				})
				client, err := net.Dial("tcp", server.Listener.Addr().String())
				if err != nil {
					t.Fatal(err)
				}
				defer client.Close()
				fmt.Fprint(client, testkit.UpgradeRequest("echo"))
				conn := receive(t, hijacked, "the connection")
				if strings.HasPrefix(order, "close") {
					conn.Close()
					conn.Close()
					close(released)
				} else {
					close(released)
					<-returned
					if len(c) != 0 {
						t.Error("it was reported before the connection was closed")
					}
					conn.Close()
				}
				want := tt.want
				want.Panicked = strings.Contains(order, "panic")
				want.Written = int64(len(strings.Join(tt.writes, "")))
				if diff := cmp.Diff(want, receive(t, c, "the summary"), ignoreTimes); diff != "" {
					t.Errorf("summary (-want +got):\n%s", diff)
				}
				<-returned
				if len(c) != 0 {
					t.Error("it was reported again")
				}
			})
		}
	}
}

// In any order of a handler's return, panic, Hijack and Close, and of Close
// twice and at the same time, there is one summary.
func TestExchangesInAnyOrder(t *testing.T) {
	for seed := range uint64(500) {
		rng := rand.New(rand.NewPCG(seed, 1))
		near, far := net.Pipe()
		rec := &writerRecorder{header: http.Header{}, conn: near}
		handler, c := exchanges(func(w http.ResponseWriter, r *http.Request) {
			var wg sync.WaitGroup
			defer wg.Wait()
			for range rng.IntN(4) {
				switch rng.IntN(5) {
				case 0:
					w.WriteHeader(201)
				case 1:
					_, _ = w.Write([]byte("x"))
				case 2:
					conn, _, err := w.(http.Hijacker).Hijack()
					if err != nil {
						continue
					}
					for range 1 + rng.IntN(2) {
						wg.Add(1)
						go func() { defer wg.Done(); conn.Close() }()
					}
				case 3:
					panic("any")
				}
			}
		})
		func() {
			defer func() { _ = recover() }() // the handler's own
			handler(rec, httptest.NewRequest("GET", "/", nil))
		}()
		if len(c) != 1 {
			t.Errorf("seed %d: %d summaries", seed, len(c))
		}
		near.Close()
		far.Close()
	}
}

// The error of a client that goes away, and of a body that is too long.
func TestExchangesSeeErrors(t *testing.T) {
	read := make(chan error, 1)
	handler, c := exchanges(func(w http.ResponseWriter, r *http.Request) {
		_, err := io.Copy(io.Discard, http.MaxBytesReader(w, r.Body, 1))
		_, err2 := io.ReadAll(r.Body)
		read <- errors.Join(err, err2)
	})
	server := testkit.StartBackend(t, "HTTP/1.1", handler)
	client, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprint(client, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n123")
	_ = client.(*net.TCPConn).CloseWrite()
	got := receive(t, c, "the summary")
	client.Close()
	if err := <-read; !errors.Is(err, io.ErrUnexpectedEOF) || got.Err != io.ErrUnexpectedEOF || got.Read != 3 {
		t.Errorf("the handler got %v, and the summary is %+v", err, got)
	}
}

// The request of the summary is the one that a ServeMux has matched.
func TestExchangesGiveThePattern(t *testing.T) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /item/{id}", func(http.ResponseWriter, *http.Request) {})
	var got string
	wrap.Exchanges(mux, func(r *http.Request, _ wrap.Exchange) { got = r.Pattern + " " + r.PathValue("id") }).
		ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/item/7", nil))
	if got != "GET /item/{id} 7" {
		t.Errorf("the summary's request has %q", got)
	}
}

func TestLogExchanges(t *testing.T) {
	var out bytes.Buffer
	logger := slog.New(traceHandler{slog.NewTextHandler(&out, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		switch a.Key {
		case "time", "duration", "header", "first_byte":
			return slog.Attr{}
		}
		return a
	}})})
	h := wrap.LogExchanges(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(404)
		_, _ = io.WriteString(w, "gone")
	}), logger, slog.LevelInfo)
	r := httptest.NewRequest("GET", "/x", nil)
	h.ServeHTTP(httptest.NewRecorder(), r.WithContext(context.WithValue(r.Context(), traceKey{}, "t-9")))
	const want = "level=INFO msg=\"request done\" method=GET path=/x proto=HTTP/1.1 remote=192.0.2.1:1234 status=404 read=0 written=4 trace=t-9\n"
	if out.String() != want {
		t.Errorf("record %q, want %q", out.String(), want)
	}
	out.Reset()
	wrap.LogExchanges(http.NotFoundHandler(), logger, slog.LevelDebug).ServeHTTP(httptest.NewRecorder(), r)
	if out.Len() > 0 {
		t.Errorf("a record below the threshold: %s", &out)
	}
}
