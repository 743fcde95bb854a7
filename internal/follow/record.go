package follow

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// WriteRecord returns asks as the text of a record, one a line, below a line
// that says which release they are of.
func WriteRecord(release string, asks []Ask) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s: package, function, operand, asked for\n", release)
	for _, a := range asks {
		fmt.Fprintf(&b, "%s\t%s\t%s\t%s\n", a.Package, a.Func, a.Operand, a.Asked)
	}
	return b.String()
}

// ReadRecord reads what WriteRecord has written.
func ReadRecord(text string) (release string, asks []Ask, err error) {
	for i, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		if comment, ok := strings.CutPrefix(line, "# "); ok && i == 0 {
			release, _, _ = strings.Cut(comment, ":")
			continue
		}
		f := strings.Split(line, "\t")
		if len(f) != 4 {
			return "", nil, fmt.Errorf("line %d has %d fields, want package, function, operand and what it is asked for", i+1, len(f))
		}
		asks = append(asks, Ask{f[0], f[1], Question{f[2], f[3]}})
	}
	return release, asks, nil
}

// Compare says in one sentence for each difference what has changed since
// recorded was recorded.
func Compare(recorded, now []Ask) (changes []string) {
	was, is := set(recorded), set(now)
	for _, a := range now {
		if !was[a] {
			changes = append(changes, fmt.Sprintf("%s now asks %s for %s, in %s: decide what package wrap makes of it, in decisions.txt, and record it with -update",
				a.Package, a.Operand, a.Asked, a.Func))
		}
	}
	for _, a := range recorded {
		if !is[a] {
			changes = append(changes, fmt.Sprintf("%s no longer asks %s for %s in %s: look what it does instead, and record it with -update",
				a.Package, a.Operand, a.Asked, a.Func))
		}
	}
	return changes
}

func set(asks []Ask) map[Ask]bool {
	s := make(map[Ask]bool)
	for _, a := range asks {
		s[a] = true
	}
	return s
}

// questions returns the questions in asks, each once, in order.
func questions(asks []Ask) []Question {
	s := make(map[Question]bool)
	for _, a := range asks {
		s[a.Question] = true
	}
	return slices.SortedFunc(maps.Keys(s), func(a, b Question) int {
		return strings.Compare(a.Operand+"\t"+a.Asked, b.Operand+"\t"+b.Asked)
	})
}
