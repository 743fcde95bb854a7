package main

import (
	"fmt"
	"slices"
	"strings"
)

// A record is a text of this form, in which the parts are counted each for itself:
//
//	# comment, at the top alone
//
//	== part
//
//	-- module@version package ...
//	file:line: rule
//		verdict: why
type record struct {
	comment string
	parts   []*part
}

type part struct {
	name    string
	modules []*module
}

type module struct {
	name     string // std for the standard library
	packages []string
	places   []*place
}

// A place is code that is reported, or ought to be.
type place struct {
	key     string // file:line: rule
	verdict string // "" until somebody has read the code
	why     string
}

// verdicts says whether what it is said of is found.
var verdicts = map[string]bool{"true": true, "false": true, "debatable": true, "missed": false}

func parse(text string) (*record, error) {
	rec := &record{}
	var p *part
	var m *module
	var at *place
	for i, line := range strings.Split(text, "\n") {
		fail := func(what string) (*record, error) {
			return nil, fmt.Errorf("%s:%d: %s: %q", recorded, i+1, what, line)
		}
		switch {
		case line == "":
		case strings.HasPrefix(line, "# "):
			rec.comment += line + "\n"
		case strings.HasPrefix(line, "== "):
			p, m, at = &part{name: line[3:]}, nil, nil
			rec.parts = append(rec.parts, p)
		case strings.HasPrefix(line, "-- "):
			f := strings.Fields(line[3:])
			if p == nil || len(f) < 2 {
				return fail("want a part, then -- module@version package ...")
			}
			m, at = &module{name: f[0], packages: f[1:]}, nil
			p.modules = append(p.modules, m)
		case line[0] == '\t':
			verdict, why, _ := strings.Cut(line[1:], ": ")
			if _, ok := verdicts[verdict]; at == nil || at.verdict != "" || !ok || why == "" {
				return fail("want file:line: rule, then a tab and true, false, debatable or missed, and why")
			}
			at.verdict, at.why = verdict, why
		case m == nil || strings.Count(line, ": ") != 1:
			return fail("want -- module, then file:line: rule")
		default:
			at = &place{key: line}
			m.places = append(m.places, at)
		}
	}
	return rec, nil
}

func (rec *record) String() string {
	var b strings.Builder
	b.WriteString(rec.comment)
	for _, p := range rec.parts {
		fmt.Fprintf(&b, "\n== %s\n", p.name)
		for _, m := range p.modules {
			fmt.Fprintf(&b, "\n-- %s %s\n", m.name, strings.Join(m.packages, " "))
			for _, at := range m.places {
				fmt.Fprintln(&b, at.key)
				if at.verdict != "" {
					fmt.Fprintf(&b, "\t%s: %s\n", at.verdict, at.why)
				}
			}
		}
	}
	return b.String()
}

func (rec *record) modules() []*module {
	var all []*module
	for _, p := range rec.parts {
		all = append(all, p.modules...)
	}
	return all
}

// differ says what of the findings does not agree with the verdicts.
func (m *module) differ(found []string) []string {
	var out []string
	for _, at := range m.places {
		switch is := slices.Contains(found, at.key); {
		case at.verdict == "":
			out = append(out, "no verdict: "+at.key)
		case is && !verdicts[at.verdict]:
			out = append(out, "no longer missed: "+at.key)
		case !is && verdicts[at.verdict]:
			out = append(out, "no longer found: "+at.key)
		}
	}
	for _, key := range found {
		if m.place(key) == nil {
			out = append(out, "not recorded: "+key)
		}
	}
	return out
}

// add records the findings that are not.
func (m *module) add(found []string) {
	for _, key := range found {
		if m.place(key) == nil {
			m.places = append(m.places, &place{key: key})
		}
	}
}

func (m *module) place(key string) *place {
	i := slices.IndexFunc(m.places, func(at *place) bool { return at.key == key })
	if i < 0 {
		return nil
	}
	return m.places[i]
}

// count returns how many places have each verdict.
func (p *part) count() map[string]int {
	n := map[string]int{}
	for _, m := range p.modules {
		for _, at := range m.places {
			n[at.verdict]++
		}
	}
	return n
}

// figures says how good the findings are. What is debatable counts neither way.
func (rec *record) figures() string {
	var b strings.Builder
	for _, p := range rec.parts {
		n := p.count()
		fmt.Fprintf(&b, "%s: %d modules, %d true, %d false, %d debatable, %d missed", p.name, len(p.modules), n["true"], n["false"], n["debatable"], n["missed"])
		if n["true"] > 0 {
			hits := float64(n["true"])
			fmt.Fprintf(&b, ": precision %.2f, recall %.2f", hits/(hits+float64(n["false"])), hits/(hits+float64(n["missed"])))
		}
		b.WriteByte('\n')
	}
	return b.String()
}
