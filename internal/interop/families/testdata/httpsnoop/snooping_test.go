package httpsnoop

import (
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/felixge/httpsnoop"
)

// Every member has the methods that httpsnoop gives a writer like its
// original, and no others.
func TestMembersHaveTheMethodsOfHttpsnoop(t *testing.T) {
	for set := range snoopingSet(1 << 9) {
		original := newTestWriter(new(snoopingTestFake)).snooping(set)
		if got, want := methods(Capture(original, new(Metrics))), methods(httpsnoop.Wrap(original, httpsnoop.Hooks{})); !reflect.DeepEqual(got, want) {
			t.Errorf("of a writer with %s: methods %s, httpsnoop has %s", snoopingTestName(set), got, want)
		}
	}
}

// methods returns the names of v's exported methods.
func methods(v any) string {
	var names []string
	for i, of := 0, reflect.TypeOf(v); i < of.NumMethod(); i++ {
		names = append(names, of.Method(i).Name)
	}
	return strings.Join(names, " ")
}

// The metrics are those of httpsnoop.CaptureMetrics, over a socket.
func TestMetricsOverASocket(t *testing.T) {
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusEarlyHints)
		w.WriteHeader(http.StatusTeapot)
		io.WriteString(w, "short")
		io.Copy(w, io.LimitReader(strings.NewReader(strings.Repeat("x", 1<<16)), 1<<16))
		w.Write([]byte("stout"))
		if err := http.NewResponseController(w).Flush(); err != nil {
			t.Error(err)
		}
	})
	got, want := make(chan Metrics, 1), make(chan httpsnoop.Metrics, 1)
	mux := http.NewServeMux()
	mux.HandleFunc("/ours", func(w http.ResponseWriter, r *http.Request) {
		var m Metrics
		handler.ServeHTTP(Capture(w, &m), r)
		got <- m
	})
	mux.HandleFunc("/theirs", func(w http.ResponseWriter, r *http.Request) {
		want <- httpsnoop.CaptureMetrics(handler, w, r)
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	for _, path := range []string{"/ours", "/theirs"} {
		resp, err := http.Get(server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
	}
	if g, w := <-got, <-want; g.Code != w.Code || g.Written != w.Written {
		t.Errorf("captured %d and %d bytes, httpsnoop has %d and %d", g.Code, g.Written, w.Code, w.Written)
	}
}
