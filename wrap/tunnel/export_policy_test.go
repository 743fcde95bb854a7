package tunnel

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// The policy is tested without sockets. These types show its states, events and
// actions as text. An event is about one side, which the text calls "this". The
// other side is "that". "own" is the direction from "this", and "reverse" is
// the direction from "that".

// A View is a state as text, with the names that Keys lists.
type View [27]string

// Keys are the names of the values of a View. "with" is the detail of the
// event.
var Keys = []string{
	"phase", "limit", "keepOpen", "with",
	"own", "ownEnd", "ownErr", "ownTold", "ownLost",
	"reverse", "reverseEnd", "reverseErr", "reverseTold", "reverseLost",
	"this", "thisReset", "thisShut", "asked",
	"that", "thatReset", "thatShut",
	"fault", "faultAt", "faultEnd", "deliver", "silent", "panicked",
}

// Get returns the value with that name.
func (v *View) Get(key string) string { return v[slices.Index(Keys, key)] }

// A Move is an event, the states before and after it, and the actions.
type Move struct {
	Event         string
	Before, After View
	Actions       string
	Symmetric     bool // the policy does the same with the sides exchanged
}

// Events are the names of all events.
func Events() (names []string) {
	for kind := range eventKinds {
		names = append(names, eventNames[kind])
	}
	return names
}

var eventNames = [eventKinds]string{
	"none", "begin", "EOF", "broke", "discarded", "told", "not connected", "unsupported", "tell failed",
	"reset", "looked", "stalled", "aborted", "panicked", "unsent", "inspected", "closed",
}

// A Case is an event with its details.
type Case struct {
	with string
	e    event
}

// Event returns the name of the event.
func (c Case) Event() string { return eventNames[c.e.kind] }

const longSilence = time.Hour // longer than all limits in the tests

// Cases returns all events with all details that matter to the policy. The
// first half is about the client, and the second half the same about the
// backend.
func Cases() (cases []Case) {
	failed := errors.New("failed")
	for _, w := range []which{clientSide, backendSide} {
		add := func(with string, e event) {
			e.on = w
			cases = append(cases, Case{with, e})
		}
		broke := func(with string, end End, at which, readable bool) {
			add(with, event{kind: eventBroke, err: failed, end: end, at: at, readable: readable})
		}
		add("", event{kind: eventNone})
		add("", event{kind: eventBegin})
		add("", event{kind: eventEOF})
		add("hung up", event{kind: eventEOF, hungUp: true})
		broke("read reset", Reset, w, false)
		broke("read failed", Failed, w, false)
		broke("hook failed", Failed, w, true)
		broke("write reset", Reset, w.other(), true)
		broke("write failed", Failed, w.other(), true)
		add("", event{kind: eventDiscarded})
		add("", event{kind: eventTold})
		add("", event{kind: eventNotConnected})
		add("", event{kind: eventUnsupported})
		add("reset", event{kind: eventTellFailed, err: failed, end: Reset})
		add("failed", event{kind: eventTellFailed, err: failed, end: Failed})
		add("midway", event{kind: eventReset})
		add("after EOF", event{kind: eventReset, afterEOF: true})
		add("alive", event{kind: eventLooked})
		add("silent", event{kind: eventLooked, now: longSilence})
		add("", event{kind: eventStalled})
		add("pending", event{kind: eventStalled, pending: true})
		add("", event{kind: eventAborted, err: failed})
		add("", event{kind: eventPanicked, err: failed})
		add("boom", event{kind: eventPanicked, err: failed, panicked: "boom"})
		add("unknown", event{kind: eventUnsent})
		add("nothing", event{kind: eventUnsent, known: true})
		add("some", event{kind: eventUnsent, known: true, unsent: 1})
		add("the same", event{kind: eventUnsent, known: true, unsent: 1, now: longSilence})
		add("", event{kind: eventClosed})
		add("bang", event{kind: eventClosed, panicked: "bang"})
		inspected := func(with string, of, other inspection) {
			e := event{kind: eventInspected, client: of, backend: other}
			if w == backendSide {
				e.client, e.backend = other, of
			}
			add(with, e)
		}
		clean := inspection{known: true}
		inspected("clean", clean, clean)
		inspected("unknown", inspection{}, clean)
		inspected("in hand", inspection{known: true, inHand: true}, clean)
		inspected("unread", inspection{known: true, unread: true}, clean)
		inspected("unsent", inspection{known: true, unsent: true}, clean)
		inspected("unread and unsent", inspection{known: true, unread: true, unsent: true}, clean)
	}
	return cases
}

// A Model is a policy and a state.
type Model struct {
	p policy
	s state
}

// NewModel returns the model of a tunnel that has not begun.
func NewModel(opt Options) *Model { return &Model{opt.policy(), state{}} }

// Reachable returns all states that events can lead to from m. States that no
// later step can tell apart count as one.
func (m *Model) Reachable() (all []*Model) {
	seen := map[state]bool{m.s: true}
	all = append(all, m)
	cases := Cases()
	for i := 0; i < len(all); i++ {
		for _, c := range cases {
			s := all[i].s
			m.p.step(&s, c.e)
			if s = s.forget(); !seen[s] {
				seen[s] = true
				all = append(all, &Model{m.p, s})
			}
		}
	}
	return all
}

// forget returns s without the values that the policy no longer reads.
func (s state) forget() state {
	for _, d := range []*flow{&s.toBackend, &s.toClient} {
		d.err, d.halfClosed, d.lost = nil, false, false
	}
	s.fault.err, s.panicked = nil, nil
	if s.phase >= phaseClosing {
		s.limit, s.since = 0, 0
		s.client, s.backend = sideState{stage: s.client.stage}, sideState{stage: s.backend.stage}
	}
	return s
}

// mirror returns s with the sides exchanged.
func (s state) mirror() state {
	s.toBackend, s.toClient = s.toClient, s.toBackend
	s.client, s.backend = s.backend, s.client
	if s.fault.at != neither {
		s.fault.at = s.fault.at.other()
	}
	return s
}

// ErrFault is the error of the fault, if there is one, in all states in which
// Try begins.
var ErrFault = errors.New("the fault")

// ErrReset is the error of a reset that no read has returned.
var ErrReset = errReset

// Try returns the Move for c in the state of m. other is the same case about
// the other side.
func (m *Model) Try(c, other Case) Move {
	before := &Model{m.p, m.s}
	if m.s.fault != (fault{}) {
		before.s.fault.err = ErrFault
	}
	after := &Model{m.p, before.s}
	do := m.p.step(&after.s, c.e)
	mirror := before.s.mirror()
	mirrorDo := m.p.step(&mirror, other.e)
	return Move{
		Event:     eventNames[c.e.kind],
		Before:    before.view(c),
		After:     after.view(c),
		Actions:   do.text(c.e.on),
		Symmetric: after.s.forget() == mirror.mirror().forget() && do.text(c.e.on) == mirrorDo.text(other.e.on),
	}
}

func (m *Model) view(c Case) View {
	s, w := &m.s, c.e.on
	own, reverse, this, that := s.from(w), s.from(w.other()), s.side(w), s.side(w.other())
	at := "neither"
	switch s.fault.at {
	case w:
		at = "this"
	case w.other():
		at = "that"
	}
	asked := "-"
	if this.stage == sideSettling && this.unsent >= 0 {
		asked = this.since.String()
	}
	panicked := "-"
	if s.panicked != nil {
		panicked = fmt.Sprint(s.panicked)
	}
	var v View
	all := append(v[:0], phases[s.phase], limits[s.limit], yes(m.p.keepOpen), c.with)
	all = append(all, own.view(w)...)
	all = append(all, reverse.view(w)...)
	all = append(all, stages[this.stage], resets[this.reset], yes(this.shut), asked)
	all = append(all, stages[that.stage], resets[that.reset], yes(that.shut))
	_ = append(all, relative(s.fault.err, w), at, endName(s.fault.end), yes(s.fault.deliver), yes(s.fault.silent), panicked)
	return v
}

func (f *flow) view(w which) []string {
	return []string{flows[f.stage], endName(f.end), relative(f.err, w), yes(f.halfClosed), yes(f.lost)}
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func endName(e End) string {
	if e == 0 {
		return "-"
	}
	return e.String()
}

// relative returns err's text with "this" for the side w, and "that" for the
// other side.
func relative(err error, w which) string {
	if err == nil {
		return "-"
	}
	text := strings.ReplaceAll(err.Error(), w.String(), "this")
	return strings.ReplaceAll(text, w.other().String(), "that")
}

var (
	phases = []string{"running", "draining", "settling", "closing", "closed"}
	flows  = []string{"open", "telling", "finished", "discarding", "discarded", "broken"}
	stages = []string{"open", "settling", "settled", "closing", "closed"}
	limits = []string{"none", "idle", "linger", "draining"}
	resets = []string{"no", "midway", "after EOF"}
)

// text returns the actions with "this" for the side w, and "that" for the other
// side.
func (do actions) text(w which) string {
	var all []string
	say := func(asked bool, what string) {
		if asked {
			all = append(all, what)
		}
	}
	say(do.look, "look")
	say(do.wake > 0, "wake")
	say(do.halfClose == w, "CloseWrite this")
	say(do.halfClose == w.other(), "CloseWrite that")
	say(do.discard == w, "discard this")
	say(do.discard == w.other(), "discard that")
	say(do.settle.has(w), "settle this")
	say(do.settle.has(w.other()), "settle that")
	say(do.again, "again")
	say(do.hurry, "hurry")
	say(do.inspect, "inspect")
	say(do.close, "close")
	say(do.reset.has(w), "reset this")
	say(do.reset.has(w.other()), "reset that")
	return strings.Join(all, ", ")
}

// Play returns the model after a step, and the actions with the names of the
// sides. A step is a side, an event, and the event's detail: "client EOF hung
// up". ok is false if there is no such event.
func (m *Model) Play(step string) (next *Model, actions string, ok bool) {
	for _, c := range Cases() {
		if strings.TrimSpace(c.e.on.String()+" "+c.Event()+" "+c.with) == step {
			s := m.s
			do := m.p.step(&s, c.e)
			text := strings.ReplaceAll(do.text(c.e.on), "this", c.e.on.String())
			return &Model{m.p, s}, strings.ReplaceAll(text, "that", c.e.on.other().String()), true
		}
	}
	return nil, "", false
}

// Outcome returns the results of Copy for the state of m, and the value that
// Copy panics with.
func (m *Model) Outcome() (result Result, panicked any, err error) {
	t := &tunnel{opt: Options{}, state: m.s}
	t.toBackend.t, t.toClient.t = t, t
	result, err = t.result()
	return result, m.s.panicked, err
}

// SidesInClose returns how many sides have a Close that has not returned.
func (m *Model) SidesInClose() int { return (&tunnel{state: m.s}).sidesInClose() }

// Look returns the model after a look at the time now. Bytes last moved at
// moved, and the kernel holds queued bytes. wake is how long after now the next
// look comes.
func (m *Model) Look(now, moved time.Duration, queued int) (next *Model, wake time.Duration) {
	s := m.s
	do := m.p.step(&s, event{kind: eventLooked, now: now, moved: moved, queued: queued})
	return &Model{m.p, s}, do.wake
}

// Unsent returns the model after the kernel said, at the time now, that it has
// unsent bytes for the backend. again says whether to ask again.
func (m *Model) Unsent(now time.Duration, unsent int) (next *Model, again bool) {
	s := m.s
	do := m.p.step(&s, event{kind: eventUnsent, on: backendSide, now: now, unsent: unsent, known: true})
	return &Model{m.p, s}, do.again
}
