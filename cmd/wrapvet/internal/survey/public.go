package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/bodywrap/bodywrap/cmd/wrapvet/analyzer"
	"github.com/bodywrap/bodywrap/cmd/wrapvet/internal/alone"
)

const recorded = "testdata/public.txt"

// comparePublic prints what differs from the record, then the figures of the record.
func comparePublic(stdout io.Writer, update bool, wanted []string) (differences int, err error) {
	data, err := os.ReadFile(recorded)
	if err != nil {
		return 0, err
	}
	rec, err := parse(string(data))
	if err != nil {
		return 0, err
	}
	look, err := newLook()
	if err != nil {
		return 0, err
	}
	defer func() { _ = os.RemoveAll(look.dir) }() // nothing of it is needed
	for _, m := range rec.modules() {
		if len(wanted) > 0 && !slices.ContainsFunc(wanted, func(w string) bool { return strings.Contains(m.name, w) }) {
			continue
		}
		found, err := look.at(m)
		if err != nil {
			return differences, fmt.Errorf("%s: %w", m.name, err)
		}
		fmt.Fprintf(stdout, "%s: %d\n", m.name, len(found))
		for _, d := range m.differ(found) {
			differences++
			fmt.Fprintf(stdout, "\t%s\n", d)
		}
		if update {
			m.add(found)
		}
	}
	fmt.Fprint(stdout, rec.figures())
	if update {
		err = os.WriteFile(recorded, []byte(rec.String()), 0o666)
	}
	return differences, err
}

// A look is where modules are looked at.
type look struct{ dir, root string }

func newLook() (*look, error) {
	dir, err := os.MkdirTemp("", "wrapvet-public-")
	if err != nil {
		return nil, err
	}
	if err := leaveWorkspace(); err != nil {
		return nil, err
	}
	l := &look{dir: dir}
	l.root, err = command(dir, "go", "env", "GOROOT")
	return l, err
}

// at returns what is found in a module.
func (l *look) at(m *module) ([]string, error) {
	var get []string
	if m.name != "std" {
		get = []string{m.name}
	}
	dir, err := moduleWith(l.dir, get...)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if _, err := alone.Run(analyzer.New(), m.packages, alone.Options{JSON: true, Dir: dir}, &out); err != nil {
		return nil, err
	}
	var found []string
	for dec := json.NewDecoder(&out); dec.More(); {
		var f struct {
			File string
			Line int
			Rule string
		}
		if err := dec.Decode(&f); err != nil {
			return nil, err
		}
		file := strings.TrimPrefix(f.File, l.root+"/src/")
		if _, inModule, ok := strings.Cut(file, "@"); ok { // the heading says the rest
			_, file, _ = strings.Cut(inModule, "/")
		}
		found = append(found, fmt.Sprintf("%s:%d: %s", file, f.Line, f.Rule))
	}
	return found, nil
}
