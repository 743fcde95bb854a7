package gen

import (
	"bytes"
	"fmt"
	"strings"
)

// LF returns content with the line ends that generated files have, which a
// checkout may have changed to CRLF.
func LF(content []byte) []byte { return bytes.ReplaceAll(content, []byte("\r\n"), []byte("\n")) }

// Diff returns the difference between two versions of a file in the unified
// format, or "" if there is none.
func Diff(path string, old, new []byte) string {
	const context = 3
	a, b := splitLines(string(old)), splitLines(string(new))
	edits := editScript(a, b)
	var out strings.Builder
	for i := 0; i < len(edits); {
		if edits[i].op == ' ' {
			i++
			continue
		}
		// A hunk reaches to where more than two contexts of equal lines
		// follow.
		start, end, equal := max(i-context, 0), i, 0
		for j := i; j < len(edits) && equal <= 2*context; j++ {
			if edits[j].op == ' ' {
				equal++
			} else {
				end, equal = j+1, 0
			}
		}
		stop := min(end+context, len(edits))
		if out.Len() == 0 {
			fmt.Fprintf(&out, "--- %s\n+++ %s (generated)\n", path, path)
		}
		hunk := edits[start:stop]
		removed, added := 0, 0
		for _, e := range hunk {
			if e.op != '+' {
				removed++
			}
			if e.op != '-' {
				added++
			}
		}
		fmt.Fprintf(&out, "@@ -%s +%s @@\n", span(hunk[0].a, removed), span(hunk[0].b, added))
		for _, e := range hunk {
			fmt.Fprintf(&out, "%c%s", e.op, e.line)
			if !strings.HasSuffix(e.line, "\n") {
				out.WriteString("\n\\ No newline at end of file\n")
			}
		}
		i = stop
	}
	return out.String()
}

// span writes a range of lines, which starts after the 0-based line.
func span(line, n int) string {
	if n == 0 {
		return fmt.Sprintf("%d,0", line)
	}
	return fmt.Sprintf("%d,%d", line+1, n)
}

func splitLines(s string) []string {
	lines := strings.SplitAfter(s, "\n")
	return lines[:len(lines)-1+min(len(lines[len(lines)-1]), 1)]
}

// An edit is a line that is kept, removed or added, with the number of lines
// before it on either side.
type edit struct {
	op   rune
	line string
	a, b int
}

// editScript compares line by line. What both versions begin and end with is
// set aside first; the rest, small unless everything changed, is compared by
// longest common subsequence, or replaced as a whole if that is too much work.
func editScript(a, b []string) []edit {
	var script []edit
	i, j := 0, 0
	keep := func() { script = append(script, edit{' ', a[i], i, j}); i++; j++ }
	remove := func() { script = append(script, edit{'-', a[i], i, j}); i++ }
	insert := func() { script = append(script, edit{'+', b[j], i, j}); j++ }

	for i < len(a) && j < len(b) && a[i] == b[j] {
		keep()
	}
	endA, endB := len(a), len(b)
	for endA > i && endB > j && a[endA-1] == b[endB-1] {
		endA--
		endB--
	}
	const tooMuch = 1 << 24
	if (endA-i)*(endB-j) < tooMuch {
		// common[x][y] is the longest common subsequence of a[x:] and
		// b[y:].
		x0, y0 := i, j
		common := make([][]int32, endA-x0+1)
		for x := range common {
			common[x] = make([]int32, endB-y0+1)
		}
		for x := endA - 1; x >= x0; x-- {
			for y := endB - 1; y >= y0; y-- {
				if a[x] == b[y] {
					common[x-x0][y-y0] = common[x-x0+1][y-y0+1] + 1
				} else {
					common[x-x0][y-y0] = max(common[x-x0+1][y-y0], common[x-x0][y-y0+1])
				}
			}
		}
		for i < endA && j < endB {
			switch {
			case a[i] == b[j]:
				keep()
			case common[i-x0+1][j-y0] >= common[i-x0][j-y0+1]:
				remove()
			default:
				insert()
			}
		}
	}
	for i < endA {
		remove()
	}
	for j < endB {
		insert()
	}
	for i < len(a) {
		keep()
	}
	return script
}
