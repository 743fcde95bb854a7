// Public runs wrapvet over public modules and compares with what somebody who read their code has recorded.
//
//	go run ./internal/public [-update] [part of a module's path ...]
//
// testdata/public.txt names the modules, and each place there that wrapvet reports or ought to report, with a verdict:
// true, false or debatable for what is reported, missed for what is not. It needs the network, and exits 1 if a finding
// has no verdict, or a verdict not its finding. -update writes the findings that have no verdict into the record, to be
// read and judged.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/bodywrap/bodywrap/cmd/wrapvet/analyzer"
	"github.com/bodywrap/bodywrap/cmd/wrapvet/internal/alone"
	"github.com/bodywrap/bodywrap/cmd/wrapvet/internal/scratch"
)

const recorded = "testdata/public.txt"

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

const usage = `usage: go run ./internal/public [-update] [part of a module's path ...]

Public runs wrapvet over the modules in testdata/public.txt and compares with the verdicts there.

`

func run(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("public", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	update := flags.Bool("update", false, "write findings without a verdict into the record")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdout, usage)
		flags.SetOutput(stdout)
		flags.PrintDefaults()
		return 0
	case err != nil:
		fmt.Fprintf(stderr, "public: %v\nRun go run ./internal/public -h for usage.\n", err)
		return 2
	}
	differences, err := compare(stdout, *update, flags.Args())
	if err != nil {
		fmt.Fprintf(stderr, "public: %v\n", err)
		return 2
	}
	if differences > 0 {
		return 1
	}
	return 0
}

// compare prints what differs from the record, then the figures of the record.
func compare(stdout io.Writer, update bool, wanted []string) (differences int, err error) {
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
	if err := scratch.Alone(); err != nil {
		return nil, err
	}
	l := &look{dir: dir}
	l.root, err = scratch.Command(dir, "go", "env", "GOROOT")
	return l, err
}

// at returns what is found in a module.
func (l *look) at(m *module) ([]string, error) {
	var get []string
	if m.name != "std" {
		get = []string{m.name}
	}
	dir, err := scratch.Module(l.dir, get...)
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
