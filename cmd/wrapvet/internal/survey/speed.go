package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"time"
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

// compareSpeed prints how long both take on subjects, or on the packages of the module that args name.
//
// The go command keeps what a vet tool says for as long as the tool stays the same, so each run has a tool of its own,
// which differs by the bytes at its end.
func compareSpeed(stdout io.Writer, n int, args []string) error {
	subjects := subjects
	if len(args) > 0 {
		subjects = [][]string{args}
	}
	here, err := os.Getwd()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "wrapvet-speed-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }() // nothing of it is needed
	if _, err := command(here, "go", "build", "-o", filepath.Join(dir, "wrapvet"), "."); err != nil {
		return err
	}
	if err := leaveWorkspace(); err != nil {
		return err
	}
	tool, err := moduleWith(dir, bodyclose, xtools)
	if err != nil {
		return err
	}
	if _, err := command(tool, "go", "build", "-o", filepath.Join(dir, "bodyclose"), "github.com/timakin/bodyclose"); err != nil {
		return err
	}
	for _, s := range subjects {
		at, err := moduleWith(dir, s[0])
		if err != nil {
			return err
		}
		// What both need is built before: export data of all packages.
		if _, err := command(at, "go", append([]string{"build"}, s[1:]...)...); err != nil {
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
