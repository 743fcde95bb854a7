package main

import (
	"fmt"
	"html/template"
	"slices"
	"strings"
	"time"

	"github.com/bodywrap/bodywrap/internal/probe"
)

// The heights and widths of a drawing, in pixels. From top to bottom it has the
// client's labels, its lane, the proxy, the backend's lane, its labels, the
// times.
const (
	gutter   = 78 // left of the first step
	step     = 86
	labelTop = 16
	laneTop  = 34
	middle   = 84
	laneLow  = 134
	labelLow = 154
	timeLow  = 174
	height   = 182
	slant    = 26 // how far right of its beginning an arrow ends
	minSteps = 11 // a drawing with fewer is not stretched
)

// An arrow is an event at the sending end and the event at the receiving end
// that belongs to it. One of the two may be nil.
type arrow struct{ from, to *probe.Event }

func (a arrow) at() time.Duration {
	if a.from != nil {
		return a.from.At
	}
	return a.to.At
}

// receipts lists, for each action of a sender, the actions of a receiver that
// it may cause.
var receipts = map[probe.Action][]probe.Action{
	probe.Asks:     {probe.Asked},
	probe.Answers:  {probe.Answered},
	probe.Sends:    {probe.Gets},
	probe.SendsFIN: {probe.GetsEOF},
	probe.Closes:   {probe.GetsEOF, probe.GetsRST},
	probe.Resets:   {probe.GetsRST, probe.GetsEOF, probe.Fails},
}

// arrows pairs the events of the senders with those of the receivers, and
// returns the pairs in the order of time.
func arrows(events []probe.Event) []arrow {
	var all []arrow
	paired := make([]bool, len(events))
	for i := range events {
		from := &events[i]
		whats, sent := receipts[from.Action]
		if !sent {
			continue
		}
		a := arrow{from: from}
		for j := range events {
			to := &events[j]
			if !paired[j] && to.Lane != from.Lane && slices.Contains(whats, to.Action) && max(to.At, to.Until) >= from.At {
				a.to, paired[j] = to, true
				break
			}
		}
		paired[i] = true
		all = append(all, a)
	}
	for i := range events {
		if !paired[i] {
			all = append(all, arrow{to: &events[i]})
		}
	}
	slices.SortStableFunc(all, func(a, b arrow) int { return int(a.at() - b.at()) })
	return all
}

// draw draws what happened at both ends, as SVG.
func draw(r probe.Result) template.HTML {
	all := arrows(r.Timeline)
	width := gutter + step*max(len(all), minSteps)
	var b strings.Builder
	fmt.Fprintf(&b, `<svg viewBox="0 0 %d %d" style="max-width:%dpx;min-width:640px" role="img" aria-label="%s">`,
		width, height, width, template.HTMLEscapeString("Timeline of "+r.Scenario))
	for _, l := range []struct {
		name, class string
		y           int
	}{{"client", "rail client", laneTop}, {"proxy", "middle", middle}, {"backend", "rail backend", laneLow}} {
		fmt.Fprintf(&b, `<line class="%s" x1="%d" y1="%d" x2="%d" y2="%d"/>`, l.class, gutter-10, l.y, width-8, l.y)
		fmt.Fprintf(&b, `<text class="lane %s" x="0" y="%d">%s</text>`, l.name, l.y+4, l.name)
	}
	for i, a := range all {
		x := gutter + step*i + 24
		a.draw(&b, x, r)
		fmt.Fprintf(&b, `<text class="time" x="%d" y="%d" text-anchor="middle">%s</text>`, x+slant/2, timeLow, probe.Time(a.at()))
	}
	b.WriteString("</svg>")
	return template.HTML(b.String()) // every text in it is escaped
}

func laneY(l probe.Lane) (rail, label int) {
	if l == probe.Client {
		return laneTop, labelTop
	}
	return laneLow, labelLow
}

func (a arrow) draw(b *strings.Builder, x int, r probe.Result) {
	switch {
	case a.from != nil && a.to != nil:
		y1, _ := laneY(a.from.Lane)
		y2, _ := laneY(a.to.Lane)
		line(b, wire(a.from.Action), x, y1, x+slant, y2, "")
		mark(b, a.from, x)
		mark(b, a.to, x+slant)
	case a.from != nil: // the other end received nothing
		y, _ := laneY(a.from.Lane)
		mark(b, a.from, x)
		switch {
		case a.from.Action == probe.Closes: // the tunnel has ended already
			line(b, "faint", x, y, x+slant/2, middle, "faint")
		case a.from.Action == probe.Sends && allArrived(r.Timeline, a.from.Lane): // with the data before it
			line(b, "data", x, y, x+slant, laneTop+laneLow-y, "")
		default:
			line(b, "lost", x, y, x+slant/2, middle, "-")
			fmt.Fprintf(b, `<path class="cross" d="M%d %dl10 10m0 -10l-10 10"/>`, x+slant/2-5, middle-5)
		}
	case a.to.Action == probe.Silence:
		y, label := laneY(a.to.Lane)
		class := "quiet"
		if r.Verdict != probe.Bad {
			class += " note"
		}
		fmt.Fprintf(b, `<rect class="%s" x="%d" y="%d" width="%d" height="14" rx="7"/>`, class, x-20, y-7, step-12)
		fmt.Fprintf(b, `<text class="%s" x="%d" y="%d" text-anchor="middle">silence %s</text>`, a.to.Lane, x+slant/2, label, probe.Time(a.to.Until-a.to.At))
	case a.to.Action == probe.Pauses || a.to.Action == probe.Slows || a.to.Action == probe.Resumes || a.to.Action == probe.Fails:
		mark(b, a.to, x+slant/2)
	default: // the proxy did this by itself
		y, _ := laneY(a.to.Lane)
		line(b, wire(a.to.Action), x+slant/2, middle, x+slant, y, "")
		mark(b, a.to, x+slant)
	}
}

// allArrived reports whether all data that one end sent came to the other.
func allArrived(events []probe.Event, from probe.Lane) bool {
	missing := 0
	for _, e := range events {
		switch {
		case e.Lane == from && e.Action == probe.Sends:
			missing += e.Bytes
		case e.Lane != from && e.Action == probe.Gets:
			missing -= e.Bytes
		}
	}
	return missing <= 0
}

func wire(w probe.Action) string {
	if w == probe.Sends || w == probe.Gets {
		return "data"
	}
	return ""
}

// line draws a line with a tip in class tip, or none for "-".
func line(b *strings.Builder, class string, x1, y1, x2, y2 int, tip string) {
	down := 1
	if y2 < y1 {
		down = -1
	}
	fmt.Fprintf(b, `<line class="wire %s" x1="%d" y1="%d" x2="%d" y2="%d"/>`, class, x1, y1+4*down, x2, y2-9*down)
	if tip != "-" {
		fmt.Fprintf(b, `<path class="tip %s" d="M%d %dl-6 %dh11z"/>`, tip, x2+1, y2-3*down, -9*down)
	}
}

// mark draws a dot on e's lane, with its label.
func mark(b *strings.Builder, e *probe.Event, x int) {
	y, label := laneY(e.Lane)
	fmt.Fprintf(b, `<circle class="dot %s" cx="%d" cy="%d" r="4"/>`, e.Lane, x, y)
	fmt.Fprintf(b, `<text class="%s" x="%d" y="%d" text-anchor="middle">%s</text>`, e.Lane, x, label, template.HTMLEscapeString(labelOf(e)))
}

func labelOf(e *probe.Event) string {
	switch e.Action {
	case probe.Asks, probe.Asked, probe.Answers, probe.Answered:
		return e.Text
	case probe.Sends, probe.Gets:
		return probe.Size(e.Bytes)
	case probe.SendsFIN:
		return "FIN"
	case probe.Closes:
		return "close"
	case probe.Resets:
		return "reset"
	case probe.GetsEOF:
		return "EOF"
	case probe.GetsRST:
		return "reset"
	case probe.Pauses:
		return "hangs"
	case probe.Slows:
		return "reads slowly"
	case probe.Resumes:
		return "reads again"
	}
	return "error"
}
