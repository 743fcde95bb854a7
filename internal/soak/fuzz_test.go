//go:build go1.25

package soak_test

import (
	"flag"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

var fuzzEach = flag.Duration("fuzz-each", 10*time.Minute, "how long the long form fuzzes each target")

// Every fuzz target of the module is fuzzed: some seconds by .ci/run, ten
// minutes in the long form. Inputs that fail are left in testdata/fuzz, where
// go test finds them again.
func TestEveryFuzzTargetIsFuzzed(t *testing.T) {
	ci, err := os.ReadFile(filepath.Join("..", "..", ".ci", "run"))
	if err != nil {
		t.Fatal(err)
	}
	targets := fuzzTargets(t, filepath.Join("..", ".."))
	if len(targets) == 0 {
		t.Error("no fuzz target found, want those of package wrap at least")
	}
	for _, target := range targets {
		if !strings.Contains(string(ci), target.name) {
			t.Errorf(".ci/run does not name %s of %s", target.name, target.dir)
		}
		if *long {
			t.Run(target.name, target.fuzz)
		}
	}
}

// A fuzzTarget is a function in the package at dir.
type fuzzTarget struct{ name, dir string }

func (target fuzzTarget) fuzz(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), "go", "test", "-run=^$", "-fuzz=^"+target.name+"$", "-fuzztime="+fuzzEach.String(), ".")
	cmd.Dir = target.dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%v in %s: %v\n%s", cmd.Args, target.dir, err, out)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	t.Logf("%v: %s", *fuzzEach, strings.Join(lines[max(len(lines)-3, 0):], "; "))
}

var fuzzFunc = regexp.MustCompile(`(?m)^func (Fuzz\w+)\(\w+ \*testing\.F\)`)

func fuzzTargets(t *testing.T, root string) (targets []fuzzTarget) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "testdata" || d.Name() == ".git"):
			return filepath.SkipDir
		case !strings.HasSuffix(path, "_test.go"):
			return nil
		}
		text, err := os.ReadFile(path)
		for _, m := range fuzzFunc.FindAllSubmatch(text, -1) {
			targets = append(targets, fuzzTarget{string(m[1]), filepath.Dir(path)})
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return targets
}
