package transform_test

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/bodywrap/bodywrap/wrap"
	"github.com/bodywrap/bodywrap/wrap/transform"
	"github.com/google/go-cmp/cmp"
)

// sized reads at most as many bytes at a time as sizes say, in turn.
type sized struct {
	io.Reader
	sizes []byte
	n     int
}

func (s *sized) Read(p []byte) (int, error) {
	if len(s.sizes) > 0 && len(p) > 0 {
		p = p[:min(len(p), int(s.sizes[s.n%len(s.sizes)])%16+1)]
		s.n++
	}
	return s.Reader.Read(p)
}

// through returns what becomes of stream through a hook, if reads have these
// sizes.
func through(t *testing.T, hook wrap.Hooks, stream string, sizes []byte) string {
	t.Helper()
	body := wrap.Body(io.NopCloser(&sized{Reader: iotest.DataErrReader(strings.NewReader(stream)), sizes: sizes}), hook)
	got, err := io.ReadAll(&sized{Reader: body, sizes: sizes})
	if err != nil {
		t.Fatalf("%q: %v", stream, err)
	}
	return string(got)
}

// FuzzLines compares with a split of the whole.
func FuzzLines(f *testing.F) {
	f.Add("a\r\ndrop\nb", []byte{1, 2})
	f.Add("\n\n\r\n", []byte{})
	f.Add(strings.Repeat("x", 40)+"\ny", []byte{0})
	f.Fuzz(func(t *testing.T, stream string, sizes []byte) {
		onLine := func(line []byte) ([]byte, error) {
			switch {
			case bytes.HasPrefix(line, []byte("drop")):
				return nil, nil
			case bytes.HasPrefix(line, []byte("a")):
				return append([]byte("A"), line...), nil
			}
			return line, nil
		}
		var want strings.Builder
		for _, whole := range strings.SplitAfter(stream, "\n") {
			line := strings.TrimSuffix(whole, "\n")
			if line != whole {
				line = strings.TrimSuffix(line, "\r")
			}
			if len(whole) > 32 {
				want.WriteString(whole)
				continue
			}
			if out, _ := onLine([]byte(line)); out != nil || line == "" {
				want.Write(out)
				want.WriteString(whole[len(line):])
			}
		}
		got := through(t, transform.Lines(onLine, &transform.Options{MaxSize: 32, PassLong: true}), stream, sizes)
		if got != want.String() {
			t.Errorf("%q became %q, want %q", stream, got, want.String())
		}
	})
}

// FuzzReplace compares with strings.ReplaceAll.
func FuzzReplace(f *testing.F) {
	f.Add("a secret", "secret", "***", []byte{1})
	f.Add("aaaaab", "aab", "", []byte{})
	f.Fuzz(func(t *testing.T, stream, old, new string, sizes []byte) {
		if old == "" {
			return
		}
		got := through(t, transform.Replace(old, new, nil), stream, sizes)
		if want := strings.ReplaceAll(stream, old, new); got != want {
			t.Errorf("Replace(%q, %q) makes %q of %q, want %q", old, new, got, stream, want)
		}
	})
}

// FuzzEvents compares with a parser of the whole stream, and reads again what
// was written anew.
func FuzzEvents(f *testing.F) {
	for stream := range recorded(f) {
		f.Add(stream, []byte{})
		f.Add(stream, []byte{0})
	}
	f.Add("data\r0\n\n", []byte{}) // line ends of several kinds in one event
	f.Fuzz(func(t *testing.T, stream string, sizes []byte) {
		want := parsed(stream)
		p := new(page)
		if got := through(t, p.hook(false), stream, sizes); got != stream {
			t.Errorf("%q became %q", stream, got)
		}
		if diff := cmp.Diff(want, p.events); diff != "" {
			t.Errorf("events of %q (-want +got):\n%s", stream, diff)
		}
		anew := through(t, transform.Events(func(e *transform.Event) (*transform.Event, error) {
			if e.Incomplete {
				return nil, nil
			}
			if len(e.Data)%2 == 0 { // every other event keeps its bytes, or a part
				e.ID = slices.Clip(append(slices.Clone(e.ID), '+'))
				return e, nil
			}
			return &transform.Event{Type: e.Type, Data: e.Data, ID: e.ID}, nil
		}, nil), stream, sizes)
		next := 0
		for _, e := range parsed(anew) {
			if next == len(want) || e.Data != want[next].Data || e.Event != want[next].Event {
				t.Fatalf("%q became %q: event %d is %+v, want one of %+v", stream, anew, next, e, want)
			}
			next++
		}
		if next != len(want) {
			t.Errorf("%q became %q, with %d events, want %d", stream, anew, next, len(want))
		}
	})
}

// parsed returns the events in a whole stream. It follows the grammar of the
// standard and not the order of its algorithm.
func parsed(stream string) (events []dispatched) {
	stream = strings.TrimPrefix(stream, "\ufeff")
	stream = strings.ReplaceAll(strings.ReplaceAll(stream, "\r\n", "\n"), "\r", "\n")
	id := ""
	blocks := strings.SplitAfter(stream, "\n")
	var data []string
	kind := ""
	for _, line := range blocks {
		if !strings.HasSuffix(line, "\n") {
			break // the stream ends within a line
		}
		line = strings.TrimSuffix(line, "\n")
		if line == "" {
			if data != nil {
				if kind == "" {
					kind = "message"
				}
				events = append(events, dispatched{kind, strings.Join(data, "\n"), id})
			}
			data, kind = nil, ""
			continue
		}
		name, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch name {
		case "data":
			data = append(data, value)
		case "event":
			kind = value
		case "id":
			if !strings.Contains(value, "\x00") {
				id = value
			}
		}
	}
	return events
}
