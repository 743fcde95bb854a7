// Speed compares the wall time of wrapvet with that of bodyclose, both as tools of go vet, on public modules.
//
//	go run ./internal/speed [-n pairs] [module@version package ...]
//
// It needs the network. The two run in turn, and the ratio is that of each pair. The go command keeps what a vet tool says
// for as long as the tool stays the same, so each run has a tool of its own, which differs by the bytes at its end.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/bodywrap/bodywrap/cmd/wrapvet/internal/scratch"
)

const (
	bodyclose = "github.com/timakin/bodyclose@v0.0.0-20260723120731-857993a2939c"
	xtools    = "golang.org/x/tools@v0.52.0" // ours; the one that it requires does not build with this Go
)

// subjects are looked at if none is named.
var subjects = [][]string{
	{"k8s.io/apimachinery@v0.37.2", "k8s.io/apimachinery/..."},
	{"github.com/caddyserver/caddy/v2@v2.11.9", "github.com/caddyserver/caddy/v2/..."},
}

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

const usage = `usage: go run ./internal/speed [-n pairs] [module@version package ...]

Speed times go vet with wrapvet and with bodyclose in turn on a public module.

`

func run(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("speed", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	n := flags.Int("n", 5, "pairs of runs of each module")
	err := flags.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(stdout, usage)
		flags.SetOutput(stdout)
		flags.PrintDefaults()
		return 0
	}
	if err != nil || *n < 1 || flags.NArg() == 1 {
		fmt.Fprintf(stderr, "speed: bad arguments\nRun go run ./internal/speed -h for usage.\n")
		return 2
	}
	if flags.NArg() > 0 {
		subjects = [][]string{flags.Args()}
	}
	if err := compare(stdout, *n); err != nil {
		fmt.Fprintf(stderr, "speed: %v\n", err)
		return 2
	}
	return 0
}

func compare(stdout io.Writer, n int) error {
	here, err := os.Getwd()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "wrapvet-speed-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }() // nothing of it is needed
	if _, err := scratch.Command(here, "go", "build", "-o", filepath.Join(dir, "wrapvet"), "."); err != nil {
		return err
	}
	if err := scratch.Alone(); err != nil {
		return err
	}
	tool, err := scratch.Module(dir, bodyclose, xtools)
	if err != nil {
		return err
	}
	if _, err := scratch.Command(tool, "go", "build", "-o", filepath.Join(dir, "bodyclose"), "github.com/timakin/bodyclose"); err != nil {
		return err
	}
	for _, s := range subjects {
		at, err := scratch.Module(dir, s[0])
		if err != nil {
			return err
		}
		// What both need is built before: export data of all packages.
		if _, err := scratch.Command(at, "go", append([]string{"build"}, s[1:]...)...); err != nil {
			return err
		}
		var ours, theirs []time.Duration
		var ratios []float64
		for i := range n {
			a, err := vet(at, filepath.Join(dir, "wrapvet"), i, s[1:])
			if err != nil {
				return err
			}
			b, err := vet(at, filepath.Join(dir, "bodyclose"), i, s[1:])
			if err != nil {
				return err
			}
			ours, theirs, ratios = append(ours, a), append(theirs, b), append(ratios, a.Seconds()/b.Seconds())
		}
		slices.Sort(ours)
		slices.Sort(theirs)
		slices.Sort(ratios)
		fmt.Fprintf(stdout, "%s: wrapvet %.1fs, bodyclose %.1fs, ratio %.2f (%.2f to %.2f)\n", s[0],
			ours[n/2].Seconds(), theirs[n/2].Seconds(), ratios[n/2], ratios[0], ratios[n-1])
	}
	return nil
}

// vet returns how long go vet takes with a tool that it has not seen yet.
func vet(dir, tool string, i int, packages []string) (time.Duration, error) {
	data, err := os.ReadFile(tool)
	if err != nil {
		return 0, err
	}
	fresh := tool + "-run"
	data = append(data, strconv.FormatInt(time.Now().UnixNano(), 10)+" "+strconv.Itoa(i)...)
	if err := os.WriteFile(fresh, data, 0o777); err != nil {
		return 0, err
	}
	cmd := exec.Command("go", append([]string{"vet", "-vettool=" + fresh}, packages...)...)
	cmd.Dir = dir
	start := time.Now()
	out, err := cmd.CombinedOutput()
	took := time.Since(start)
	if exit := new(exec.ExitError); err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 1) {
		return 0, fmt.Errorf("go vet -vettool=%s: %w\n%s", filepath.Base(tool), err, out)
	}
	return took, nil // findings are an exit status of 1
}
