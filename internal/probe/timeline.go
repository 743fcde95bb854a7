package probe

import (
	"sync"
	"time"
)

// A Lane is the end of the tunnel at which something happened.
type Lane string

const (
	Client  Lane = "client"
	Backend Lane = "backend"
)

// An Action is a kind of event, as the end at which it happened sees it.
type Action string

const (
	Asks     Action = "asks"      // the request went out
	Asked    Action = "asked"     // the request came in
	Answers  Action = "answers"   // the response went out
	Answered Action = "answered"  // the response came in
	Sends    Action = "sends"     // data went out
	Gets     Action = "gets"      // data came in
	SendsFIN Action = "sends FIN" // half-close, or the orderly end of a full close
	Closes   Action = "closes"    // both directions
	Resets   Action = "resets"    // RST went out
	GetsEOF  Action = "gets EOF"
	GetsRST  Action = "gets reset"
	Fails    Action = "fails"   // any other error
	Silence  Action = "silence" // what was waited for did not come
	Pauses   Action = "pauses"  // stops reading
	Slows    Action = "slows"   // reads slowly
	Resumes  Action = "resumes" // reads all that comes
)

// An Event is one thing that happened at one end.
type Event struct {
	At     time.Duration `json:"at_ns"`             // since the client began to dial
	Until  time.Duration `json:"until_ns,omitzero"` // for what took time: data, silence
	Lane   Lane          `json:"lane"`
	Action Action        `json:"what"`
	Bytes  int           `json:"bytes,omitzero"`
	Text   string        `json:"text,omitzero"`
}

// A timeline collects the events of both ends.
type timeline struct {
	start time.Time
	mu    sync.Mutex
	log   []Event
}

func (t *timeline) add(lane Lane, action Action, bytes int, text string) {
	t.span(time.Now(), lane, action, bytes, text)
}

// span adds an event that began at from and ends now. If the last event of lane
// is data in the same direction, span extends that event instead.
func (t *timeline) span(from time.Time, lane Lane, action Action, bytes int, text string) {
	now := time.Since(t.start)
	t.mu.Lock()
	defer t.mu.Unlock()
	if action == Gets || action == Sends {
		for i := len(t.log) - 1; i >= 0; i-- {
			e := &t.log[i]
			if e.Lane != lane {
				continue
			}
			if e.Action != action {
				break
			}
			e.Bytes += bytes
			e.Until = now
			return
		}
	}
	e := Event{At: from.Sub(t.start), Lane: lane, Action: action, Bytes: bytes, Text: text}
	if d := now - e.At; d > time.Microsecond {
		e.Until = now
	}
	t.log = append(t.log, e)
}

func (t *timeline) events() []Event {
	t.mu.Lock()
	defer t.mu.Unlock()
	return append([]Event(nil), t.log...)
}
