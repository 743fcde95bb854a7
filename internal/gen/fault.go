package gen

import (
	"fmt"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
)

// A Fault is one thing in somebody's source that keeps wrapgen from writing a
// file: where it is and a sentence that says what to change.
type Fault struct {
	Pos token.Position
	Msg string
}

// Faults are all the faults of one run, in the order of their positions.
// They are an error of one line each, file:line:col: message.
type Faults []Fault

func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i, fault := range f {
		lines[i] = fault.Msg
		if fault.Pos.Filename != "" {
			lines[i] = fault.Pos.String() + ": " + fault.Msg
		}
	}
	return strings.Join(lines, "\n")
}

// add records a fault; the message is formatted as by Sprintf.
func (f *Faults) add(pos token.Position, format string, args ...any) {
	*f = append(*f, Fault{pos, fmt.Sprintf(format, args...)})
}

// err returns f sorted, without repetitions and with paths relative to dir, or
// nil if f is empty.
func (f Faults) err(dir string) error {
	if len(f) == 0 {
		return nil
	}
	sorted := slices.Clone(f)
	for i := range sorted {
		sorted[i].Pos.Filename = relative(dir, sorted[i].Pos.Filename)
	}
	slices.SortStableFunc(sorted, func(a, b Fault) int {
		if a, b := a.Pos.Filename, b.Pos.Filename; a != b {
			if a == "" || b == "" {
				return -strings.Compare(a, b) // what has no place comes last
			}
			return strings.Compare(a, b)
		}
		return a.Pos.Offset - b.Pos.Offset
	})
	return slices.Compact(sorted)
}

// relative returns path as seen from dir, when it is below dir or near it.
func relative(dir, path string) string {
	if path == "" || !filepath.IsAbs(path) {
		return path
	}
	rel, err := filepath.Rel(dir, path)
	if err != nil || len(rel) > len(path) {
		return path
	}
	return rel
}
