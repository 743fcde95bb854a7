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

// A What is a kind of event, from the view of the end at which it happened.
type What string

const (
	Asks     What = "asks"      // the request went out
	Asked    What = "asked"     // the request came in
	Answers  What = "answers"   // the response went out
	Answered What = "answered"  // the response came in
	Sends    What = "sends"     // data went out
	Gets     What = "gets"      // data came in
	SendsFIN What = "sends FIN" // half-close, or the orderly end of a full close
	Closes   What = "closes"    // both directions
	Resets   What = "resets"    // RST went out
	GetsEOF  What = "gets EOF"
	GetsRST  What = "gets reset"
	Fails    What = "fails"   // any other error
	Silence  What = "silence" // what was waited for did not come
	Pauses   What = "pauses"  // stops reading
	Slows    What = "slows"   // reads slowly
	Resumes  What = "resumes" // reads all that comes
)

// An Event is one thing that happened at one end.
type Event struct {
	At    time.Duration `json:"at_ns"`             // since the client began to dial
	Until time.Duration `json:"until_ns,omitzero"` // for what took time: data, silence
	Lane  Lane          `json:"lane"`
	What  What          `json:"what"`
	Bytes int           `json:"bytes,omitzero"`
	Text  string        `json:"text,omitzero"`
}

// A timeline collects the events of both ends.
type timeline struct {
	start time.Time
	mu    sync.Mutex
	log   []Event
}

func (t *timeline) add(lane Lane, what What, bytes int, text string) {
	t.span(time.Now(), lane, what, bytes, text)
}

// span adds an event that began at from and ends now. Data that follows data
// of the same lane and direction extends that event.
func (t *timeline) span(from time.Time, lane Lane, what What, bytes int, text string) {
	now := time.Since(t.start)
	t.mu.Lock()
	defer t.mu.Unlock()
	if what == Gets || what == Sends {
		for i := len(t.log) - 1; i >= 0; i-- {
			e := &t.log[i]
			if e.Lane != lane {
				continue
			}
			if e.What != what {
				break
			}
			e.Bytes += bytes
			e.Until = now
			return
		}
	}
	e := Event{At: from.Sub(t.start), Lane: lane, What: what, Bytes: bytes, Text: text}
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
