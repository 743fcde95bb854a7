package transform_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

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

// recorded returns the streams of testdata/events, with the events that
// Chromium 156 dispatched for each.
func recorded(t testing.TB) map[string][]dispatched {
	t.Helper()
	files, err := filepath.Glob("testdata/events/*.stream")
	if err != nil || len(files) != 16 {
		t.Fatalf("found %d streams, %v, want 16", len(files), err)
	}
	all := make(map[string][]dispatched)
	for _, file := range files {
		stream, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(strings.TrimSuffix(file, ".stream") + ".json")
		if err != nil {
			t.Fatal(err)
		}
		var events []dispatched
		if err := json.Unmarshal(text, &events); err != nil {
			t.Fatal(err)
		}
		all[string(stream)] = events
	}
	return all
}

// A page collects events as a browser does.
type page struct {
	events []dispatched
	id     string
}

func (p *page) see(e *transform.Event) (*transform.Event, error) {
	if e.Incomplete {
		return e, nil
	}
	if e.ID != nil {
		p.id = string(e.ID)
	}
	if e.Data != nil {
		kind := string(e.Type)
		if kind == "" {
			kind = "message"
		}
		p.events = append(p.events, dispatched{kind, string(e.Data), p.id})
	}
	return e, nil
}

func (p *page) hook(write bool) wrap.Hooks {
	*p = page{}
	return transform.Events(p.see, &transform.Options{Write: write})
}

// eventsOf returns the events in a stream, as a browser dispatches them.
func eventsOf(t *testing.T, stream string) []dispatched {
	t.Helper()
	p := new(page)
	if got, err := passed(p.hook(false), stream); got != stream || err != nil {
		t.Errorf("%q became %q, %v", stream, got, err)
	}
	return p.events
}

// Events are those that a browser sees, and stay as they are, however the
// stream is divided.
func TestEventsAreThoseOfABrowser(t *testing.T) {
	for stream, want := range recorded(t) {
		for _, division := range divisions(stream) {
			p := new(page)
			got, err := passed(p.hook(false), division...)
			if got != stream || err != nil {
				t.Errorf("%q became %q, %v", division, got, err)
			}
			if diff := cmp.Diff(want, p.events); diff != "" {
				t.Errorf("events of %q (-want +got):\n%s", division, diff)
			}
			got, err = written(p.hook(true), division...)
			if got != stream || err != nil {
				t.Errorf("%q was written as %q, %v", division, got, err)
			}
			if diff := cmp.Diff(want, p.events); diff != "" {
				t.Errorf("written events of %q (-want +got):\n%s", division, diff)
			}
		}
	}
}

// An event after an incomplete one would be a part of it.
func TestNoEventComesAfterAnIncompleteOne(t *testing.T) {
	hook := transform.Events(func(e *transform.Event) (*transform.Event, error) {
		e.After = []transform.Event{{Data: []byte("x")}}
		return e, nil
	}, nil)
	got, err := passed(hook, "data: a\n\ndata: b")
	if got != "data: a\n\ndata: x\n\n" || err == nil || !strings.Contains(err.Error(), "incomplete") {
		t.Errorf("%q, %v, want an error after the whole event", got, err)
	}
}

// A stream whose events are written anew has the same events for a browser.
func TestEventsWrittenAnew(t *testing.T) {
	again := map[string]func(*transform.Event) (*transform.Event, error){
		"whole": func(e *transform.Event) (*transform.Event, error) {
			return &transform.Event{Type: e.Type, Data: e.Data, ID: e.ID, Retry: e.Retry}, nil
		},
		"data": func(e *transform.Event) (*transform.Event, error) {
			if e.Data != nil {
				e.Data = append([]byte("+"), e.Data...)
			}
			return e, nil
		},
		"type": func(e *transform.Event) (*transform.Event, error) {
			e.Type = append([]byte("+"), e.Type...)
			return e, nil
		},
	}
	for stream, want := range recorded(t) {
		for name, f := range again {
			changed := make([]dispatched, len(want))
			for i, e := range want {
				switch name {
				case "data":
					e.Data = "+" + e.Data
				case "type":
					e.Event = "+" + strings.TrimSuffix(e.Event, "message")
				}
				changed[i] = e
			}
			if len(changed) == 0 {
				changed = nil
			}
			for _, division := range divisions(stream) {
				complete := func(e *transform.Event) (*transform.Event, error) {
					if e.Incomplete {
						return nil, nil
					}
					return f(e)
				}
				got, err := passed(transform.Events(complete, nil), division...)
				if err != nil {
					t.Errorf("%s of %q: %v", name, division, err)
				}
				if diff := cmp.Diff(changed, eventsOf(t, got)); diff != "" {
					t.Errorf("%s of %q became %q (-want +got):\n%s", name, division, got, diff)
				}
			}
		}
	}
}

func TestEventsAreChanged(t *testing.T) {
	set := func(change func(*transform.Event)) func(*transform.Event) (*transform.Event, error) {
		return func(e *transform.Event) (*transform.Event, error) {
			if bytes.Contains(e.Data, []byte("old")) {
				change(e)
			}
			return e, nil
		}
	}
	data := set(func(e *transform.Event) { e.Data = []byte("new\nlines") })
	for _, tt := range []struct {
		in, want string
		f        func(*transform.Event) (*transform.Event, error)
		why      string
	}{
		{"data: a\n\ndata: old\n\ndata: b\n\n", "data: a\n\ndata: new\ndata: lines\n\ndata: b\n\n", data, "the others keep their bytes"},
		{": hi\nid: 1\ndata: old\ndata:1\nx-own: y\n\n", ": hi\nid: 1\ndata: new\ndata: lines\nx-own: y\n\n", data, "the rest of the event stays"},
		{"data: old\r\rdata: b\r\r", "data: new\rdata: lines\r\rdata: b\r\r", data, "its line ends stay"},
		{"data: old\r\n\r\ndata: b\r\n\r\n", "data: new\r\ndata: lines\r\n\r\ndata: b\r\n\r\n", data, "its line ends stay"},
		{"\ufeffdata: old\n\n", "\ufeffdata: new\ndata: lines\n\n", data, "the mark stays"},
		{"data: old\n\n", "data: old\nevent: e\nid: 7\n\n", set(func(e *transform.Event) { e.Type, e.ID = []byte("e"), []byte("7") }), "new fields"},
		{"id: 7\ndata: old\nretry: 5\n\n", "data: old\n\n", set(func(e *transform.Event) { e.ID, e.Retry = nil, nil }), "no fields"},
		{"data: old\n\n", "data: \n\n", set(func(e *transform.Event) { e.Data = []byte{} }), "empty data is data"},
		{"data: old", "data: old\nid: 1\n", set(func(e *transform.Event) { e.ID = []byte("1") }), "it stays incomplete"},
		{"data: old\r\r", "event: first\rdata: x\r\rdata: old\r\rdata: y\r\r", set(func(e *transform.Event) {
			e.Before = append(e.Before, transform.Event{Type: []byte("first"), Data: []byte("x")})
			e.After = append(e.After, transform.Event{Data: []byte("y")})
		}), "events are added"},
		{"data: old\nid: 1\n", "data: old\n", func(e *transform.Event) (*transform.Event, error) {
			return &transform.Event{Data: e.Data, Incomplete: e.Incomplete}, nil
		}, "another one is incomplete, too"},
		{"data: a\n\n", "", func(*transform.Event) (*transform.Event, error) { return &transform.Event{}, nil }, "an event without fields is nothing"},
		{"data: a\n\ndata: old\n\ndata: b\n\n", "data: a\n\ndata: b\n\n", func(e *transform.Event) (*transform.Event, error) {
			if string(e.Data) == "old" {
				return nil, nil
			}
			return e, nil
		}, "an event is dropped"},
		{"data: a\r\rdata: b\r\r\n\ndata: c\n\n", "data: a\r\r\ndata: c\n\n", func(e *transform.Event) (*transform.Event, error) {
			if string(e.Data) == "b" {
				return nil, nil
			}
			return e, nil
		}, "the LF behind its CR is dropped with it"},
		{"data: a\n\ndata: old\n\ndata: b\n\n", "data: a\n\ndata: old\n\n", func(e *transform.Event) (*transform.Event, error) {
			if string(e.Data) == "old" {
				return e, io.EOF
			}
			return e, nil
		}, "the stream ends after an event"},
	} {
		t.Run(tt.why, func(t *testing.T) {
			for _, division := range divisions(tt.in) {
				if got, err := passed(transform.Events(tt.f, nil), division...); got != tt.want || err != nil {
					t.Errorf("%q became %q, %v, want %q", division, got, err, tt.want)
				}
			}
		})
	}
}

func TestEventsThatABrowserWouldReadOtherwise(t *testing.T) {
	for _, e := range []transform.Event{
		{Type: []byte("a\nb")}, {ID: []byte("a\rb")}, {ID: []byte("a\x00b")}, {Retry: []byte("1\ndata: x")}, {Retry: []byte("1 s")}, {Retry: []byte{}},
		{Before: []transform.Event{{Type: []byte("\n")}}}, {After: []transform.Event{{ID: []byte("\r")}}},
	} {
		hook := transform.Events(func(*transform.Event) (*transform.Event, error) { return &e, nil }, nil)
		if got, err := passed(hook, "data: a\n\n"); got != "" || err == nil || !strings.HasPrefix(err.Error(), "transform: the ") {
			t.Errorf("%+v: %q, %v, want an error", e, got, err)
		}
	}
}

func TestLongEventsPass(t *testing.T) {
	opt := &transform.Options{MaxSize: 12, PassLong: true}
	for _, eol := range []string{"\n", "\r", "\r\n"} {
		in := strings.ReplaceAll("data: a\n\ndata: bbbbbbb\ndata: c\n\ndata: d\n\n", "\n", eol)
		for _, division := range divisions(in) {
			var seen []string
			got, err := passed(transform.Events(func(e *transform.Event) (*transform.Event, error) {
				seen = append(seen, string(e.Data))
				return e, nil
			}, opt), division...)
			if got != in || err != nil {
				t.Errorf("%q became %q, %v", division, got, err)
			}
			if diff := cmp.Diff([]string{"a", "d"}, seen); diff != "" {
				t.Errorf("events of %q (-want +got):\n%s", division, diff)
			}
		}
		_, err := passed(transform.Events(func(e *transform.Event) (*transform.Event, error) { return e, nil }, &transform.Options{MaxSize: 12}), in)
		var tooLong *transform.TooLongError
		if !errors.As(err, &tooLong) {
			t.Errorf("without PassLong: %v, want a TooLongError", err)
		}
	}
}

// The hook does not write to a slice that the function has put into an event.
func TestEventsKeepTheSlicesOfTheFunction(t *testing.T) {
	beats := []transform.Event{{Data: []byte("beat")}}
	first := true
	hook := transform.Events(func(e *transform.Event) (*transform.Event, error) {
		if first {
			e.Before, first = beats, false
		} else {
			e.Before = append(e.Before, transform.Event{Data: []byte("new")})
		}
		return e, nil
	}, nil)
	const want = "data: beat\n\ndata: 1\n\ndata: new\n\ndata: 2\n\n"
	got, err := passed(hook, "data: 1\n\ndata: 2\n\n")
	if got != want || err != nil || string(beats[0].Data) != "beat" {
		t.Errorf("%q, %v, want %q; the slice of the function has %q", got, err, want, beats[0].Data)
	}
}

// The time for a stream grows with its length only, although the buffer is
// large after a long event, and no line ends in LF.
func TestManyShortEventsAfterALongOne(t *testing.T) {
	const size = 3 << 20
	stream := "data: " + strings.Repeat("x", size) + "\r\r" + strings.Repeat("a\r\r", size/3)
	events := 0
	hook := transform.Events(func(e *transform.Event) (*transform.Event, error) {
		events++
		return e, nil
	}, &transform.Options{MaxSize: 2 * size})
	start := time.Now()
	if got, err := passed(hook, stream); got != stream || err != nil || events != size/3+1 {
		t.Errorf("%d bytes became %d, with %d events, %v", len(stream), len(got), events, err)
	}
	if took := time.Since(start); took > 10*time.Second { // 0.1 s, or 100 s if each event looks at all others
		t.Errorf("%d bytes took %v", len(stream), took)
	}
}
