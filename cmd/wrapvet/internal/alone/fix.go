package alone

import (
	"bytes"
	"cmp"
	"fmt"
	"go/format"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/tools/go/analysis"
)

// edit is a text edit in bytes of a file.
type edit struct {
	start, end int
	text       string
}

// fix applies the first suggested fix of each finding and forgets the finding. Fixes that overlap wait for the next run.
func (r *runner) fix() error {
	edits := map[string][]edit{}
	var left []found
	for _, f := range r.found {
		if len(f.SuggestedFixes) == 0 || !add(edits, f, f.SuggestedFixes[0]) {
			left = append(left, f)
		}
	}
	r.found = left
	for file, list := range edits {
		if err := rewrite(file, list); err != nil {
			return err
		}
	}
	return nil
}

// add takes a fix if none of its edits is in the way of one taken before; the same import twice is one import.
func add(edits map[string][]edit, f found, s analysis.SuggestedFix) bool {
	taken := map[string][]edit{}
	for _, e := range s.TextEdits {
		start, end := f.fset.Position(e.Pos), f.fset.Position(e.Pos)
		if e.End.IsValid() {
			end = f.fset.Position(e.End)
		}
		n := edit{start.Offset, end.Offset, string(e.NewText)}
		if slices.Contains(edits[start.Filename], n) {
			continue
		}
		for _, old := range edits[start.Filename] {
			if n.start < old.end && old.start < n.end || n.start == old.start {
				return false
			}
		}
		taken[start.Filename] = append(taken[start.Filename], n)
	}
	for file, list := range taken {
		edits[file] = append(edits[file], list...)
	}
	return true
}

func rewrite(file string, list []edit) error {
	src, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	slices.SortStableFunc(list, func(a, b edit) int { return cmp.Compare(a.start, b.start) })
	var out bytes.Buffer
	at := 0
	for _, e := range list {
		if e.end > len(src) {
			return fmt.Errorf("%s changed while it was read", file)
		}
		out.Write(src[at:e.start])
		out.WriteString(e.text)
		at = e.end
	}
	out.Write(src[at:])
	fixed, err := format.Source(out.Bytes())
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return replace(file, fixed)
}

// replace writes a file whole, then renames it into place.
func replace(file string, data []byte) error {
	info, err := os.Stat(file)
	if err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(file), ".wrapvet-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(tmp.Name()) }() // gone already if all went well
	_, err = tmp.Write(data)
	if cerr := tmp.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = os.Chmod(tmp.Name(), info.Mode())
	}
	if err == nil {
		err = os.Rename(tmp.Name(), file)
	}
	return err
}
