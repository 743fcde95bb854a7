package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/bodywrap/bodywrap/internal/probe"
)

// print prints a line for each scenario, and then the findings and notices.
func (rep *report) print(w io.Writer) error {
	rows := [][]string{{"scenario", "verdict", "arrived", "the other side knew"}}
	var all []remark
	for _, o := range rep.Scenarios {
		r := o.worst()
		verdict := string(o.Verdict)
		if n := o.count(o.Verdict); len(o.Runs) > 1 {
			verdict += fmt.Sprintf(" %d/%d", n, len(o.Runs))
		}
		rows = append(rows, []string{o.Scenario, verdict, arrived(r), knew(o)})
		all = addRemark(all, o.Scenario, saying{string(o.Verdict), r.Finding, r.Notice})
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s, with wrapprobe as its backend on %s\n\n", rep.URL, rep.Listen)
	writeAligned(&b, rows)
	if len(all) > 0 {
		b.WriteString("\n")
		writeAligned(&b, remarkRows(all))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// A saying is the text about a result.
type saying struct{ verdict, finding, notice string }

// A remark is a saying with all scenarios that it is about.
type remark struct {
	saying
	scenarios []string
}

// addRemark adds s, unless it is empty, to all, and returns the result. If all
// has a remark with the same text, addRemark adds the scenario to that remark.
func addRemark(all []remark, scenario string, s saying) []remark {
	if s.finding == "" && s.notice == "" {
		return all
	}
	for i := range all {
		if all[i].saying == s {
			all[i].scenarios = append(all[i].scenarios, scenario)
			return all
		}
	}
	return append(all, remark{s, []string{scenario}})
}

func remarkRows(all []remark) (rows [][]string) {
	for _, m := range all {
		said := []string{m.verdict, m.scenarios[0]}
		lines := []string{sentence(m.finding), sentence(m.notice)}
		if others := m.scenarios[1:]; len(others) > 0 {
			lines = append(lines, "The same in: "+strings.Join(others, ", ")+".")
		}
		for _, line := range lines {
			if line != "" {
				rows = append(rows, append(said, line))
				said = []string{"", ""}
			}
		}
	}
	return rows
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

// knew says how the other side learned of the end, and after how long: the
// fastest and the slowest run.
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
	var faults strings.Builder
	for _, r := range d.Rows {
		line := []string{r.Body}
		var of []remark
		for _, c := range r.Cells {
			line = append(line, cell(c))
			if c.Verdict == probe.Bad {
				of = addRemark(of, c.Scenario, saying{string(c.Verdict), c.Finding, ""})
			}
		}
		table = append(table, line)
		writeFaults(&faults, r.Body, of)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "An upgraded connection through httputil.ReverseProxy, %s: the bytes that arrived,\nand how soon the other side knew.\n\n", d.Go)
	writeAligned(&b, table)
	if d.has(probe.Note) {
		b.WriteString("\n\"As EOF\" is a reset that the other side takes for an orderly end.\n")
	}
	b.WriteString(faults.String())
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

// has reports whether a cell has verdict v.
func (d *demonstration) has(v probe.Verdict) bool {
	for _, r := range d.Rows {
		if slices.ContainsFunc(r.Cells, func(c probe.Result) bool { return c.Verdict == v }) {
			return true
		}
	}
	return false
}

// cell returns c in a few words. In the demonstration, a note always means that
// an end arrived as another kind of end.
func cell(c probe.Result) string {
	switch c.Fault {
	case "":
		s := probe.Size(c.Arrived) + " " + probe.Time(c.After)
		if c.Verdict == probe.Note {
			s += ", as " + c.Knew
		}
		return s
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

// writeFaults writes a heading, which is the way to treat the body, and a line
// for each fault. A line begins with the scenarios that have the fault.
func writeFaults(b *strings.Builder, body string, faults []remark) {
	if len(faults) == 0 {
		return
	}
	b.WriteString("\n" + body + "\n")
	var lines [][]string
	for _, m := range faults {
		where := strings.Join(m.scenarios, ", ")
		if len(m.scenarios) == len(probe.Demo) {
			where = "every scenario"
		}
		lines = append(lines, []string{"  " + where, m.finding})
	}
	writeAligned(b, lines)
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
