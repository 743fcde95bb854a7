package main

import (
	"fmt"
	"strings"
)

// A column is one figure of all contestants, in their order. The first is what
// the others are compared with.
type column struct {
	name, format string // the format is for one float64
	samples      []sample
	exact        bool // does not vary, such as a count: no spread and no ratio
}

// table prints columns, with a ratio to the first contestant behind each figure.
func (s *settings) table(title string, names []string, columns ...column) {
	fmt.Fprintf(s.out, "\n### %s\n\n|", title)
	for _, c := range columns {
		fmt.Fprintf(s.out, " | %s", c.name)
	}
	fmt.Fprintf(s.out, " |\n|---%s|\n", strings.Repeat("|---", len(columns)))
	for i, name := range names {
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
	text += fmt.Sprintf(" ±%.0f %%", 100*v.spread())
	if i > 0 {
		mark := ""
		if !differs(c.samples[0], v) {
			mark = "~"
		}
		text += fmt.Sprintf(" (%s%.2f)", mark, v.median()/c.samples[0].median())
	}
	return text
}
