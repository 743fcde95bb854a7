package main

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/bodywrap/bodywrap/internal/probe"
)

// print prints a line for each scenario, and what there is to say about those
// that are not just ok.
func (rep *report) print(w io.Writer) error {
	rows := [][]string{{"scenario", "verdict", "arrived", "the other side knew"}}
	var remarks [][]string
	for _, o := range rep.Scenarios {
		r := o.worst()
		verdict := string(o.Verdict)
		if n := o.count(o.Verdict); len(o.Runs) > 1 {
			verdict += fmt.Sprintf(" %d/%d", n, len(o.Runs))
		}
		rows = append(rows, []string{o.Scenario, verdict, arrived(r), knew(o)})
		said := []string{string(o.Verdict), o.Scenario}
		for _, s := range []string{r.Finding, r.Notice} {
			if s != "" {
				remarks = append(remarks, append(said, sentence(s)))
				said = []string{"", ""}
			}
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s, with wrapprobe as its backend on %s\n\n", rep.URL, rep.Listen)
	writeAligned(&b, rows)
	if len(remarks) > 0 {
		b.WriteString("\n")
		writeAligned(&b, remarks)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// count returns how many runs have verdict v.
func (o *outcome) count(v probe.Verdict) (n int) {
	for _, r := range o.Runs {
		if r.Verdict == v {
			n++
		}
	}
	return n
}

func arrived(r probe.Result) string {
	switch {
	case r.Expected == 0:
		return "-"
	case r.Arrived != r.Expected:
		return probe.Size(r.Arrived) + " of " + probe.Size(r.Expected)
	}
	return probe.Size(r.Arrived)
}

// knew says how the other side was told, and how soon: from the fastest run to
// the slowest.
func knew(o outcome) string {
	how := o.worst().Knew
	if how == "" {
		return "-"
	}
	lo, hi := time.Duration(-1), time.Duration(0)
	for _, r := range o.Runs {
		if r.Knew == how {
			hi = max(hi, r.After)
			if lo < 0 || r.After < lo {
				lo = r.After
			}
		}
	}
	times := probe.Time(lo)
	if t := probe.Time(hi); t != times {
		times += " to " + t
	}
	if how == "nothing" {
		return "nothing for " + times
	}
	return how + " after " + times
}

func (d *demonstration) print(w io.Writer) error {
	first, second := []string{"ModifyResponse"}, []string{"and the body"}
	for _, s := range probe.Demo {
		who, what, _ := strings.Cut(s.Name, " ")
		first, second = append(first, who), append(second, what)
	}
	table := [][]string{first, second}
	var faults []fault
	for _, r := range d.Rows {
		line := []string{r.Body}
		for _, c := range r.Cells {
			line = append(line, cell(c))
			if c.Verdict == probe.Bad {
				faults = append(faults, fault{r.Body, c.Scenario, c.Finding})
			}
		}
		table = append(table, line)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "An upgraded connection through httputil.ReverseProxy, %s: the bytes that arrived,\nand how soon the other side knew.\n\n", d.Go)
	writeAligned(&b, table)
	writeFaults(&b, faults)
	b.WriteString("\n")
	fmt.Fprintf(&b, "The counting hook of wrap.Body saw %d bytes from the backend and %d to it.\n", counted.read.Load(), counted.written.Load())
	if d.Passed {
		b.WriteString("wrap.Body and wrap.Keep pass all that the body passes when it is left alone.\n")
	} else {
		b.WriteString("wrap.Body or wrap.Keep FAIL where the body passes when it is left alone.\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// cell is c in a few words.
func cell(c probe.Result) string {
	switch c.Fault {
	case "":
		return probe.Size(c.Arrived) + " " + probe.Time(c.After)
	case probe.Refused:
		return strings.ToUpper(string(c.Fault)) + " " + cmp.Or(statusText(c.Status), "no answer")
	case probe.Lost, probe.Corrupt, probe.Hang:
		return strings.ToUpper(string(c.Fault)) + " " + probe.Size(c.Arrived)
	}
	return strings.ToUpper(string(c.Fault))
}

func statusText(status int) string {
	if status == 0 {
		return ""
	}
	return fmt.Sprint(status)
}

// A fault is one line about one bad cell.
type fault struct{ of, scenario, finding string }

// writeFaults writes the faults under a heading for each of whom they are.
func writeFaults(b *strings.Builder, faults []fault) {
	for len(faults) > 0 {
		of := faults[0].of
		b.WriteString("\n" + of + "\n")
		var lines [][]string
		for len(faults) > 0 && faults[0].of == of {
			lines = append(lines, []string{"  " + faults[0].scenario, faults[0].finding})
			faults = faults[1:]
		}
		writeAligned(b, lines)
	}
}

// writeAligned writes rows with their columns aligned, two spaces apart.
func writeAligned(b *strings.Builder, rows [][]string) {
	var widths []int
	for _, r := range rows {
		for i, s := range r {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(s))
		}
	}
	for _, r := range rows {
		for i, s := range r {
			if i == len(r)-1 {
				b.WriteString(s)
				break
			}
			b.WriteString(s + strings.Repeat(" ", widths[i]-utf8.RuneCountInString(s)+2))
		}
		b.WriteString("\n")
	}
}
