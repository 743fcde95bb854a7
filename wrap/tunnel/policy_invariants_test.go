package tunnel_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bodywrap/bodywrap/wrap/tunnel"
)

// next has the values that may follow each value of a phase or stage.
var next = map[string]map[string]string{
	"phase": {
		"running": "draining settling closing", "draining": "settling", "settling": "closing", "closing": "closed",
	},
	"own": {
		"open": "telling finished discarding broken", "telling": "finished", "discarding": "discarded",
	},
	"this": {
		"open": "settling closing", "settling": "settled", "settled": "closing", "closing": "closed",
	},
}

// A moved has methods for conditions on a Move.
type moved struct{ *tunnel.Move }

func (m moved) was(key string, values ...string) bool {
	return slices.Contains(values, m.Before.Get(key))
}

func (m moved) is(key string, values ...string) bool {
	return slices.Contains(values, m.After.Get(key))
}

func (m moved) does(action string) bool {
	return slices.Contains(strings.Split(m.Actions, ", "), action)
}

// Each invariant holds for every event in every state that can be reached.
func TestPolicyInvariants(t *testing.T) {
	t.Parallel()
	invariants := []struct {
		name  string
		holds func(m moved) bool
	}{
		{"the policy treats both sides alike", func(m moved) bool {
			return m.Symmetric
		}},
		{"phases and stages never go back", func(m moved) bool {
			for key, others := range map[string]string{"phase": "", "own": "reverse", "this": "that"} {
				for _, k := range []string{key, others} {
					if k == "" || m.Before.Get(k) == m.After.Get(k) {
						continue
					}
					if !slices.Contains(strings.Fields(next[key][m.Before.Get(k)]), m.After.Get(k)) {
						return false
					}
				}
			}
			return true
		}},
		{"an End does not change", func(m moved) bool {
			for _, key := range []string{"ownEnd", "reverseEnd"} {
				if was := m.Before.Get(key); was != "-" && was != m.After.Get(key) {
					return false
				}
			}
			return true
		}},
		{"a direction has an End once it is not open", func(m moved) bool {
			return m.is("own", "open") == m.is("ownEnd", "-") && m.is("reverse", "open") == m.is("reverseEnd", "-")
		}},
		{"once a tunnel ends, the reason does not change", func(m moved) bool {
			if m.was("phase", "running", "draining") {
				return true
			}
			for _, key := range []string{"fault", "faultAt", "faultEnd", "silent"} {
				if m.Before.Get(key) != m.After.Get(key) {
					return false
				}
			}
			return m.was("deliver", "yes") || m.is("deliver", "no")
		}},
		{"each side is closed once, both at the same time", func(m moved) bool {
			begins := !m.was("phase", "closing") && m.is("phase", "closing")
			unclosed := !m.is("phase", "closing", "closed") && !m.is("this", "closing", "closed") && !m.is("that", "closing", "closed")
			return m.does("close") == begins && (unclosed || m.is("this", "closing", "closed") && m.is("that", "closing", "closed"))
		}},
		{"a tunnel is closed when both sides are", func(m moved) bool {
			return m.is("phase", "closed") == (m.is("this", "closed") && m.is("that", "closed"))
		}},
		{"no action follows once the sides are being closed", func(m moved) bool {
			return !m.was("phase", "closing", "closed") || m.Actions == ""
		}},
		{"a side is reset only by the one Close", func(m moved) bool {
			return m.does("close") || !m.does("reset this") && !m.does("reset that")
		}},
		{"a side that was told of an end is not reset", func(m moved) bool {
			return !(m.does("reset that") && m.is("ownEnd", "EOF")) && !(m.does("reset this") && m.is("reverseEnd", "EOF"))
		}},
		{"a side is told of an end once", func(m moved) bool {
			return !m.does("CloseWrite this") && m.does("CloseWrite that") == (m.was("own", "open") && m.is("own", "telling"))
		}},
		{"one action at a time can block", func(m moved) bool {
			n := 0
			for _, what := range []string{"CloseWrite that", "discard this", "settle this", "inspect", "close"} {
				if m.does(what) || what == "settle this" && m.does("settle that") {
					n++
				}
			}
			return n <= 1
		}},
		{"a timer or a context never waits for a side to read or CloseWrite", func(m moved) bool {
			return m.Event == "EOF" || m.Event == "broke" || !m.does("CloseWrite that") && !m.does("discard this")
		}},
		{"a tunnel that does not end waits for a direction", func(m moved) bool {
			return !m.is("phase", "running", "draining") || m.is("own", "open", "telling", "discarding") || m.is("reverse", "open", "telling", "discarding")
		}},
		{"sides are inspected once, when they have settled", func(m moved) bool {
			waited := m.was("phase", "settling") && !m.was("this", "settling") && !m.was("that", "settling")
			waits := m.is("phase", "settling") && !m.is("this", "settling") && !m.is("that", "settling")
			return m.does("inspect") == (waits && !waited)
		}},
	}
	opt := tunnel.Options{Idle: time.Minute}
	everyMove(opt, tunnel.Cases(), func(m *tunnel.Move) {
		for _, invariant := range invariants {
			if !invariant.holds(moved{m}) {
				t.Fatalf("it does not hold that %s: %s in %s leads to %s and to the actions %q",
					invariant.name, m.Event, show(m.Before), show(m.After), m.Actions)
			}
		}
	})
}
