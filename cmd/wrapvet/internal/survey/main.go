// Survey is for those who maintain wrapvet. It tells how good and how fast the analyzer is on public modules:
//
//	go run ./internal/survey public [-update] [part of a module's path ...]
//	go run ./internal/survey speed [-n pairs] [module@version package ...]
//
// Both need the network. Run survey in the folder of wrapvet.
//
// Public runs wrapvet over the modules that testdata/public.txt names, and compares with the verdicts that are recorded
// there: true, false or debatable for a place that wrapvet reports, missed for a place that it ought to report. It exits 1
// if a finding has no verdict, or a verdict has no finding. -update writes the findings that have no verdict into the
// record, to be read and judged.
//
// Speed compares the wall time of wrapvet with that of bodyclose, both as tools of go vet. The two run in turn, and the
// ratio is that of each pair.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

const usage = `usage: go run ./internal/survey public [-update] [part of a module's path ...]
       go run ./internal/survey speed [-n pairs] [module@version package ...]

Public compares what wrapvet finds in the modules of testdata/public.txt with the verdicts there.
Speed times go vet with wrapvet and with bodyclose in turn on a public module.

`

func run(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("survey", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	update := flags.Bool("update", false, "public: write findings without a verdict into the record")
	n := flags.Int("n", 5, "speed: pairs of runs of each module")
	what, rest := "", args
	if len(args) > 0 && (args[0] == "public" || args[0] == "speed") {
		what, rest = args[0], args[1:]
	}
	err := flags.Parse(rest)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(stdout, usage)
		flags.SetOutput(stdout)
		flags.PrintDefaults()
		return 0
	}
	flags.Visit(func(f *flag.Flag) {
		if belongs := map[string]string{"update": "public", "n": "speed"}[f.Name]; err == nil && belongs != what {
			err = fmt.Errorf("-%s is a flag of %s", f.Name, belongs)
		}
	})
	switch {
	case err != nil:
	case what == "":
		err = errors.New("want public or speed")
	case *n < 1:
		err = errors.New("-n must be at least 1")
	case what == "speed" && flags.NArg() == 1:
		err = errors.New("want a package after the module")
	}
	if err != nil {
		fmt.Fprintf(stderr, "survey: %v\nRun go run ./internal/survey -h for usage.\n", err)
		return 2
	}
	differences := 0
	if what == "public" {
		differences, err = comparePublic(stdout, *update, flags.Args())
	} else {
		err = compareSpeed(stdout, *n, flags.Args())
	}
	if err != nil {
		fmt.Fprintf(stderr, "survey: %v\n", err)
		return 2
	}
	if differences > 0 {
		return 1
	}
	return 0
}
