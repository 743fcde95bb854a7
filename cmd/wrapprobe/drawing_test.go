package main

import (
	"strings"
	"testing"

	"github.com/bodywrap/bodywrap/internal/probe"
)

func TestOnlyWhatDidNotArriveIsCrossedOut(t *testing.T) {
	event := func(lane probe.Lane, what probe.Action, bytes int) probe.Event {
		return probe.Event{Lane: lane, Action: what, Bytes: bytes}
	}
	tests := []struct {
		why     string
		events  []probe.Event
		crosses int
	}{
		{"it arrived", []probe.Event{event(probe.Client, probe.Sends, 7), event(probe.Backend, probe.Gets, 7)}, 0},
		{"it arrived together with what was sent before", []probe.Event{
			event(probe.Client, probe.Sends, 1000), event(probe.Backend, probe.Gets, 1007),
			event(probe.Client, probe.Answered, 0), event(probe.Client, probe.Sends, 7),
		}, 0},
		{"of two the second did not", []probe.Event{
			event(probe.Client, probe.Sends, 1000), event(probe.Backend, probe.Gets, 1000),
			event(probe.Client, probe.Answered, 0), event(probe.Client, probe.Sends, 7),
		}, 1},
		{"what the other end got besides is another direction", []probe.Event{
			event(probe.Client, probe.Sends, 7), event(probe.Client, probe.Gets, 100),
		}, 1},
		{"nobody is left to be told of a close", []probe.Event{event(probe.Client, probe.Closes, 0)}, 0},
	}
	for _, tt := range tests {
		svg := string(draw(probe.Result{Timeline: tt.events}))
		if got := strings.Count(svg, `class="cross"`); got != tt.crosses {
			t.Errorf("%s: %d crosses, want %d", tt.why, got, tt.crosses)
		}
	}
}
