package interop

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bodywrap/bodywrap/internal/testkit"
	"github.com/bodywrap/bodywrap/wrap"
	"github.com/bodywrap/bodywrap/wrap/transform"
	"github.com/google/go-cmp/cmp"
)

// A dispatched is an event as the EventSource of a browser gives it to a page.
type dispatched struct {
	Event string `json:"event"`
	Data  string `json:"data"`
	ID    string `json:"id"`
}

// An eventChange is what a proxy does to each event of a stream, and to what a
// page sees of it.
type eventChange struct {
	hooks func() []wrap.Hooks
	sees  func([]dispatched) []dispatched
}

var eventChanges = map[string]eventChange{
	"unchanged": changeEvents(func(e *transform.Event) (*transform.Event, error) { return e, nil }, nil),
	"whole":     changeEvents(anew, nil),
	"zipped": {func() []wrap.Hooks {
		return []wrap.Hooks{transform.Compress(nil), transform.Events(anew, nil)}
	}, changeEvents(anew, nil).sees},
	"data": changeEvents(func(e *transform.Event) (*transform.Event, error) {
		if e.Data != nil {
			e.Data = append([]byte("new\n"), e.Data...)
		}
		return e, nil
	}, func(d dispatched) []dispatched {
		d.Data = "new\n" + d.Data
		return []dispatched{d}
	}),
	"type": changeEvents(func(e *transform.Event) (*transform.Event, error) {
		e.Type = []byte("other")
		return e, nil
	}, func(d dispatched) []dispatched {
		d.Event = "other"
		return []dispatched{d}
	}),
	"more": changeEvents(func(e *transform.Event) (*transform.Event, error) {
		if e.Data != nil && !e.Incomplete {
			e.Before = append(e.Before, transform.Event{Type: []byte("before"), Data: []byte("1\n2"), ID: e.ID})
			e.After = append(e.After, transform.Event{Data: []byte{}})
		}
		return e, nil
	}, func(d dispatched) []dispatched {
		return []dispatched{{"before", "1\n2", d.ID}, d, {"message", "", d.ID}}
	}),
	"fewer": changeEvents(func(e *transform.Event) (*transform.Event, error) {
		if bytes.Contains(e.Data, []byte("a")) {
			e.Data = nil // the identifier stays
		}
		return e, nil
	}, func(d dispatched) []dispatched {
		if strings.Contains(d.Data, "a") {
			return nil
		}
		return []dispatched{d}
	}),
}

// changeEvents returns what f does, and what a page sees of one event. A nil
// sees is for the same event.
func changeEvents(f func(*transform.Event) (*transform.Event, error), sees func(dispatched) []dispatched) eventChange {
	return eventChange{
		func() []wrap.Hooks { return []wrap.Hooks{transform.Events(f, nil)} },
		func(events []dispatched) []dispatched {
			if sees == nil {
				return events
			}
			all := []dispatched{}
			for _, e := range events {
				all = append(all, sees(e)...)
			}
			return all
		},
	}
}

// anew writes an event anew. One that is cut off would become whole by that.
func anew(e *transform.Event) (*transform.Event, error) {
	if e.Incomplete {
		return e, nil
	}
	return &transform.Event{Type: e.Type, Data: e.Data, ID: e.ID, Retry: e.Retry}, nil
}

// TestEventSource has a page in headless Chromium read the streams of
// wrap/transform through a proxy that changes their events. The page must see
// the events that Chromium saw in the streams themselves, with the changes.
func TestEventSource(t *testing.T) {
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("chromium is not installed (Debian: apt-get install chromium)")
	}
	recorded := filepath.Join("..", "..", "wrap", "transform", "testdata", "events")
	files, err := filepath.Glob(filepath.Join(recorded, "*.stream"))
	if err != nil || len(files) != 16 {
		t.Fatalf("found %d streams, %v, want 16", len(files), err)
	}
	want := make(map[string][]dispatched)
	types := []string{"other", "before"}
	for _, file := range files {
		text, err := os.ReadFile(strings.TrimSuffix(file, ".stream") + ".json")
		if err != nil {
			t.Fatal(err)
		}
		var events []dispatched
		if err := json.Unmarshal(text, &events); err != nil {
			t.Fatal(err)
		}
		for _, e := range events {
			if !slices.Contains(types, e.Event) {
				types = append(types, e.Event)
			}
		}
		for name, change := range eventChanges {
			want["/events/"+name+"/"+filepath.Base(file)] = change.sees(events)
		}
	}
	var streams []string
	for stream := range want {
		streams = append(streams, stream)
	}
	list, err := json.Marshal(map[string][]string{"streams": streams, "types": types})
	if err != nil {
		t.Fatal(err)
	}

	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		http.ServeFile(w, r, filepath.Join("testdata", "events.html"))
	})
	mux.HandleFunc("GET /list", func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write(list) // the page would say so
	})
	mux.HandleFunc("GET /events/{change}/{stream}", func(w http.ResponseWriter, r *http.Request) {
		stream, err := os.ReadFile(filepath.Join(recorded, filepath.Base(r.PathValue("stream"))))
		if err != nil {
			t.Error(err)
		}
		w.Header().Set("Content-Type", "text/event-stream")
		for i := range stream {
			_, _ = w.Write(stream[i : i+1]) // the page would say so
			_ = http.NewResponseController(w).Flush()
		}
	})
	backend := testkit.StartBackend(t, "HTTP/1.1", mux.ServeHTTP)
	proxy := testkit.StartProxy(t, backend, nil, wrap.ModifyResponse(nil, func(resp *http.Response) []wrap.Hooks {
		if change, ok := eventChanges[pathElement(resp.Request.URL, 2)]; ok {
			return change.hooks()
		}
		return nil
	}))

	title, err := url.PathUnescape(browse(t, chromium, proxy.URL+"/"))
	if err != nil {
		t.Fatal(err)
	}
	var got map[string][]dispatched
	if err := json.Unmarshal([]byte(title), &got); err != nil {
		t.Fatalf("the page says %.200q: %v", title, err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

// pathElement returns the i-th element of a path, the first being empty.
func pathElement(u *url.URL, i int) string {
	elements := strings.Split(u.Path, "/")
	if i >= len(elements) {
		return ""
	}
	return elements[i]
}

// TestBrowserThroughTransforms has a page open a WebSocket through a proxy that
// compresses and rewrites. It does so to the page, and leaves the WebSocket
// alone, although the handshake of a browser accepts gzip.
func TestBrowserThroughTransforms(t *testing.T) {
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("chromium is not installed (Debian: apt-get install chromium)")
	}
	sessions := make(chan error, 1)
	codings := make(chan string, 1)
	backend := testkit.StartBackend(t, "HTTP/1.1", backendOfPage(sessions).ServeHTTP)
	hooks := []wrap.Hooks{
		transform.Compress(nil),
		transform.Plain(nil,
			transform.Replace("the page is done", "the proxy was here", nil), // only the page has it
			transform.Replace("xxxx", "yyyy", nil)),                          // only the WebSocket has it
	}
	proxy := testkit.StartProxy(t, backend, nil, func(resp *http.Response) error {
		accepts := resp.Request.Header.Get("Accept-Encoding")
		if !strings.Contains(accepts, "gzip") {
			t.Errorf("%s: Chromium accepts %q, and no gzip", resp.Request.URL.Path, accepts)
		}
		wrap.Response(resp, hooks...)
		if resp.Request.URL.Path == "/" {
			codings <- resp.Header.Get("Content-Encoding")
		}
		return nil
	})

	title := browse(t, chromium, proxy.URL+"/")
	if want := "4 echoed, closed 4321 clean true"; title != want {
		t.Errorf("the page says %q, want %q", title, want)
	}
	if coding := <-codings; coding != "gzip" {
		t.Errorf("the page has the coding %q, want gzip", coding)
	}
	want := closed{4321, "the proxy was here"}
	select {
	case err := <-sessions:
		if got := (*closed)(nil); !errors.As(err, &got) || *got != want {
			t.Errorf("the backend says %v, want %v", err, &want)
		}
	case <-time.After(patience):
		t.Fatal("the backend does not know that the page closed")
	}
}
