package transform_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"testing"

	"github.com/bodywrap/bodywrap/internal/testkit"
	"github.com/bodywrap/bodywrap/wrap"
)

const flowing = "data: event\n\n"

// A flow is a stream of events through a ReverseProxy. The backend sends an
// event for each value of next.
type flow struct {
	next   chan bool
	events io.Reader
}

func startFlow(t testing.TB, proto string, hooks ...wrap.Hooks) *flow {
	t.Helper()
	f := &flow{next: make(chan bool)}
	backend := testkit.StartBackend(t, proto, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		if r.Header.Get("X-Encoded") == "" {
			for range f.next {
				_, _ = io.WriteString(w, flowing)
				w.(http.Flusher).Flush()
			}
			return
		}
		w.Header().Set("Content-Encoding", "gzip")
		zw := gzip.NewWriter(w)
		for range f.next {
			_, _ = io.WriteString(zw, flowing)
			_ = zw.Flush()
			w.(http.Flusher).Flush()
		}
	})
	proxy := testkit.StartProxy(t, backend, nil, wrap.ModifyResponse(nil, func(*http.Response) []wrap.Hooks { return hooks }))
	t.Cleanup(func() { close(f.next) })
	req, err := http.NewRequestWithContext(t.Context(), "GET", proxy.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept-Encoding", "gzip")
	if len(hooks) > 1 {
		req.Header.Set("X-Encoded", "yes")
	}
	answered := make(chan *http.Response, 1)
	go func() {
		resp, err := proxy.Client().Do(req)
		if err != nil {
			t.Error(err)
		}
		answered <- resp
	}()
	f.next <- true // the header comes with the first event at the latest
	resp := <-answered
	if resp == nil {
		t.FailNow()
	}
	t.Cleanup(func() { resp.Body.Close() })
	f.events = resp.Body
	if resp.Header.Get("Content-Encoding") == "gzip" {
		if f.events, err = gzip.NewReader(resp.Body); err != nil {
			t.Fatal(err)
		}
	}
	f.receive(t)
	return f
}

// receive reads one event.
func (f *flow) receive(t testing.TB) {
	t.Helper()
	p := make([]byte, len(flowing))
	if _, err := io.ReadFull(f.events, p); err != nil || string(p) != flowing {
		t.Fatalf("received %q, %v", p, err)
	}
}

// The backend sends the next event only when the client has this one, plain and
// encoded.
func TestEventsFlow(t *testing.T) {
	for _, proto := range []string{"HTTP/1.1", "HTTP/2.0"} {
		for _, rw := range rewrites() {
			for encoded, hooks := range map[string][]wrap.Hooks{"plain": {rw.hook}, "encoded": {rw.hook, {}}} {
				t.Run(proto+"/"+rw.name+"/"+encoded, func(t *testing.T) {
					f := startFlow(t, proto, hooks...)
					for range 5 {
						f.next <- true
						f.receive(t)
					}
				})
			}
		}
	}
}

// BenchmarkFlow is the time from the event of a backend to that of the client.
func BenchmarkFlow(b *testing.B) {
	for _, rw := range append([]rewrite{{name: "bare"}}, rewrites()...) {
		b.Run(rw.name, func(b *testing.B) {
			f := startFlow(b, "HTTP/1.1", rw.hook)
			for b.Loop() {
				f.next <- true
				f.receive(b)
			}
		})
	}
}
