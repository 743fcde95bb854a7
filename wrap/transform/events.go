package transform

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/bodywrap/bodywrap/wrap"
)

// An Event is one event of a stream of server-sent events, the content of type
// text/event-stream that browsers read with EventSource.
//
// A field is nil if the event does not have it. The bytes of the fields are
// valid until the function of [Events] returns. Assign other slices to change
// the event; do not change bytes in place.
type Event struct {
	// Type is the name of the event. Without it, the name is "message".
	Type []byte

	// Data is the data of the event. Its lines are separated by LF. A
	// browser ignores an event without Data, such as a comment that keeps
	// the connection open.
	Data []byte

	// ID is what a browser sends as Last-Event-ID when it connects again.
	ID []byte

	// Retry is how many milliseconds a browser waits before it connects
	// again, in decimal digits.
	Retry []byte

	// Before and After are events to add to the stream around this one.
	Before, After []Event

	// Incomplete says that the stream has ended without the empty line that
	// ends an event. A browser ignores such an event. It stays without that
	// line if it is changed, and so does another event that is Incomplete.
	// No event can come after it.
	Incomplete bool
}

// Events calls f for each event of a response with the content type
// text/event-stream, as the WHATWG HTML standard defines it, section 9.2. Other
// messages pass unchanged. A body or connection that is wrapped without its
// message counts as such a stream.
//
// f gets the event, which it may change, and returns the event to send: the
// same one, another one, or nil for none. An error ends the stream, as with
// [Records].
//
//   - An event that f has not changed keeps its bytes, with its comments and
//     the fields that the standard does not know.
//   - In an event that f has changed, the changed fields are written anew, at
//     their old place. All else in it keeps its bytes.
//   - Another event is written whole, and so are those of Before and After.
//
// An event goes out as soon as its empty line has come, which may end in a lone
// CR. An LF that follows the CR later goes out later. Empty lines between
// events and a byte order mark stay, and are no events. An event whose Type, ID
// or Retry contains a line end, or whose ID contains a zero byte, ends the
// stream with an error, because a browser would not read it as it is.
//
// Events adds no heartbeat to a silent stream. While the original is silent, a
// Read of the caller waits for a Read of the original. Only a separate
// goroutine for each body could return a comment to the caller at that time.
//
// Concurrency, limits, and content with a Content-Encoding are as with
// [Records]. A nil f panics.
func Events(f func(e *Event) (*Event, error), o *Options) wrap.Hooks {
	if f == nil {
		panic("transform: Events: the function is nil; leave the hook out")
	}
	return recordHooks(o, isEventStream, func() (finder, func([]byte) ([]byte, error)) {
		s := &events{f: f}
		return &s.finder, s.record
	})
}

// isEventStream reports whether m is a stream of events. A 304 need not have a
// type.
func isEventStream(m wrap.Message) bool {
	value := m.Header.Get("Content-Type")
	return mediaType(value) == "text/event-stream" || value == "" && m.StatusCode == http.StatusNotModified
}

// events calls f for the events of one stream.
type events struct {
	f      func(*Event) (*Event, error)
	finder eventFinder

	e      Event  // the event that f gets
	before Event  // e as it came
	data   []byte // the array of e.Data, if that has several lines
	out    []byte // the array of the result
}

// record returns what becomes of one event with the empty line at its end.
func (s *events) record(raw []byte) ([]byte, error) {
	s.parse(raw)
	s.before = s.e
	e, err := s.f(&s.e)
	if e == nil {
		return nil, err
	}
	if e == &s.e && s.before.equal(e) && len(e.Before)+len(e.After) == 0 {
		return raw, err
	}
	s.out = s.out[:0]
	invalid := e.check()
	if e.Incomplete && len(e.After) > 0 {
		invalid = cmp.Or(invalid, errAfterIncomplete)
	}
	for i := range e.Before {
		invalid = cmp.Or(invalid, e.Before[i].check())
		s.out = e.Before[i].append(s.out, eolOf(raw))
	}
	if e == &s.e {
		s.out = e.appendChanges(s.out, raw, &s.before)
	} else {
		s.out = e.append(s.out, eolOf(raw))
	}
	for i := range e.After {
		invalid = cmp.Or(invalid, e.After[i].check())
		s.out = e.After[i].append(s.out, eolOf(raw))
	}
	if invalid != nil {
		return nil, invalid
	}
	return s.out, err
}

var errAfterIncomplete = errors.New("transform: an event comes after one that is incomplete, and a browser would read both as one; put it into Before")

// The names of the fields.
var (
	fieldEvent = []byte("event")
	fieldData  = []byte("data")
	fieldID    = []byte("id")
	fieldRetry = []byte("retry")
)

// parse sets e to the event in raw, which finder has just found.
func (s *events) parse(raw []byte) {
	s.e = Event{Incomplete: s.finder.incomplete}
	several := false
	for _, l := range s.finder.spans {
		name, value := field(raw[l.start:l.end])
		switch string(name) {
		case "data":
			switch {
			case s.e.Data == nil:
				s.e.Data = value
			case !several:
				several = true
				s.data = append(append(append(s.data[:0], s.e.Data...), '\n'), value...)
			default:
				s.data = append(append(s.data, '\n'), value...)
			}
		case "event":
			s.e.Type = value
		case "id":
			if bytes.IndexByte(value, 0) < 0 {
				s.e.ID = value
			}
		case "retry":
			if isDigits(value) {
				s.e.Retry = value
			}
		}
	}
	if several {
		s.e.Data = s.data
	}
}

// field returns the name and the value in a line. The name of a comment is
// empty.
func field(line []byte) (name, value []byte) {
	i := bytes.IndexByte(line, ':')
	if i < 0 {
		return line, line[len(line):]
	}
	name, value = line[:i], line[i+1:]
	if len(value) > 0 && value[0] == ' ' {
		value = value[1:]
	}
	return name, value
}

func isDigits(value []byte) bool {
	for _, c := range value {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(value) > 0
}

// equal reports whether e and f have the same fields.
func (e *Event) equal(f *Event) bool {
	return sameField(e.Type, f.Type) && sameField(e.Data, f.Data) && sameField(e.ID, f.ID) && sameField(e.Retry, f.Retry)
}

// sameField reports whether a and b are the same value, or both missing.
func sameField(a, b []byte) bool { return (a == nil) == (b == nil) && bytes.Equal(a, b) }

// fields are the fields of an event in the order in which they are written.
var fields = [...]struct {
	name []byte
	of   func(*Event) *[]byte
}{
	{fieldEvent, func(e *Event) *[]byte { return &e.Type }},
	{fieldID, func(e *Event) *[]byte { return &e.ID }},
	{fieldRetry, func(e *Event) *[]byte { return &e.Retry }},
	{fieldData, func(e *Event) *[]byte { return &e.Data }},
}

// check returns an error if a browser would not read e as it is.
func (e *Event) check() error {
	for _, x := range fields[:3] {
		if value := *x.of(e); bytes.ContainsAny(value, "\r\n") {
			return fmt.Errorf("transform: the %s of an event contains a line end: %q", x.name, value)
		}
	}
	if bytes.IndexByte(e.ID, 0) >= 0 {
		return fmt.Errorf("transform: the id of an event contains a zero byte: %q", e.ID)
	}
	if e.Retry != nil && !isDigits(e.Retry) {
		return fmt.Errorf("transform: the retry of an event is not a number: %q", e.Retry)
	}
	return nil
}

// append appends e to b, with the empty line, or nothing if e has no field.
func (e *Event) append(b []byte, eol []byte) []byte {
	before := len(b)
	for _, x := range fields {
		b = appendField(b, x.name, *x.of(e), eol)
	}
	if len(b) == before || e.Incomplete {
		return b
	}
	return append(b, eol...)
}

// appendField appends the lines of one field, or nothing if value is nil.
func appendField(b, name, value, eol []byte) []byte {
	if value == nil {
		return b
	}
	rest := value
	for {
		i := bytes.IndexAny(rest, "\r\n")
		line := rest
		if i >= 0 {
			line = rest[:i]
		}
		b = append(append(b, name...), ": "...)
		b = append(append(b, line...), eol...)
		if i < 0 {
			return b
		}
		if bytes.HasPrefix(rest[i:], crlf) {
			i++
		}
		rest = rest[i+1:]
	}
}

var crlf, cr, lf = []byte("\r\n"), []byte("\r"), []byte("\n")

// appendChanges appends raw to b, with those fields of e that differ from
// before. A changed field stands in place of the first line of that name.
func (e *Event) appendChanges(b, raw []byte, before *Event) []byte {
	eol := eolOf(raw)
	var written [len(fields)]bool
	end := len(raw) // of the last line with a field
	for l := (lines{data: raw}); l.next(); {
		if l.start == l.end {
			end = l.start
			break
		}
		name, _ := field(l.line())
		i := slices.IndexFunc(fields[:], func(x struct {
			name []byte
			of   func(*Event) *[]byte
		}) bool {
			return bytes.Equal(x.name, name)
		})
		if i < 0 || sameField(*fields[i].of(e), *fields[i].of(before)) {
			b = append(b, raw[l.start:l.after]...)
			continue
		}
		if !written[i] {
			b = appendField(b, name, *fields[i].of(e), eol)
			written[i] = true
		}
	}
	for i, x := range fields {
		if !written[i] && !sameField(*x.of(e), *x.of(before)) {
			b = appendField(endLine(b, eol), x.name, *x.of(e), eol)
		}
	}
	if bytes.HasSuffix(b, cr) && bytes.HasPrefix(raw[end:], lf) {
		b = append(b, '\n') // the CR and the empty line must not become one line end
	}
	return append(b, raw[end:]...)
}

// endLine appends eol to b if the last line of b has no end.
func endLine(b, eol []byte) []byte {
	if i := len(b) - 1; i >= 0 && b[i] != '\n' && b[i] != '\r' {
		b = append(b, eol...)
	}
	return b
}

// eolOf returns the line end of the first line in raw.
func eolOf(raw []byte) []byte {
	if l := (lines{data: raw}); l.next() && l.after > l.end {
		return raw[l.end:l.after]
	}
	return lf
}
