package main

import (
	"fmt"
	"slices"
	"strings"
)

// A column has one figure of each contestant, in their order. The others are
// compared with the first.
type column struct {
	name, format string // the format is for one float64
	samples      []sample
	exact        bool // the figure does not vary, such as a count: it has no spread and no ratio
}

// table prints columns. After each figure comes the ratio to the first
// contestant, or ~ if the difference is not significant.
func (s *settings) table(title string, names []string, columns ...column) {
	fmt.Fprintf(s.out, "\n### %s\n\n|", title)
	for _, c := range columns {
		fmt.Fprintf(s.out, " | %s", c.name)
	}
	fmt.Fprintf(s.out, " |\n|---%s|\n", strings.Repeat("|---", len(columns)))
	for i, name := range names {
		if !slices.ContainsFunc(columns, func(c column) bool { return len(c.samples[i]) > 0 }) {
			continue // took no part
		}
		fmt.Fprintf(s.out, "| %s", name)
		for _, c := range columns {
			fmt.Fprintf(s.out, " | %s", c.cell(i))
		}
		fmt.Fprintln(s.out, " |")
	}
}

func (c column) cell(i int) string {
	v := c.samples[i]
	if len(v) == 0 {
		return ""
	}
	text := fmt.Sprintf(c.format, v.median())
	if c.exact {
		return text
	}
	text += " " + v.spread()
	switch first := c.samples[0]; {
	case i == 0 || len(first) == 0:
	case differs(first, v):
		text += fmt.Sprintf(" (%.2f)", v.median()/first.median())
	default:
		text += " (~)"
	}
	return text
}
