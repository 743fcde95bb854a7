package guards_test

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/exp/apidiff"
)

var update = flag.Bool("update", false, "rewrite the recorded API")

const (
	module = "github.com/bodywrap/bodywrap"
	root   = "../.." // of the module

	recordedAPI = root + "/testdata/api"
)

// The exported API changes only compatibly. The recorded API is in testdata/api
// of the root; -update rewrites it after a compatible change. After an
// incompatible change, delete the file there before.
func TestAPIChangesOnlyCompatibly(t *testing.T) {
	pkgs, err := packages()
	if err != nil {
		t.Fatal(err)
	}
	seen := make(map[string]bool)
	for _, p := range pkgs {
		name := strings.ReplaceAll(strings.TrimPrefix(p.path, module+"/"), "/", "_") + ".txt"
		file := filepath.Join(recordedAPI, name)
		seen[file] = true
		now, err := p.record()
		if err != nil {
			t.Fatal(err)
		}
		recorded, err := os.ReadFile(file)
		if err != nil && !(*update && os.IsNotExist(err)) {
			t.Errorf("%s has no record: %v; run go test ./internal/guards -update", p.path, err)
			continue
		}
		if len(recorded) > 0 {
			reportChanges(t, p, recorded, now)
		}
		if *update && !t.Failed() {
			if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, now, 0o666); err != nil {
				t.Fatal(err)
			}
		} else if diff := cmp.Diff(string(recorded), string(now)); diff != "" {
			t.Errorf("the API of %s is not the recorded one; if that is meant, run go test ./internal/guards -update (-recorded +now):\n%s", p.path, diff)
		}
	}
	files, err := filepath.Glob(filepath.Join(recordedAPI, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if !seen[file] {
			t.Errorf("%s records a package that is gone", file)
		}
	}
}

func reportChanges(t *testing.T, p apiPackage, recorded, now []byte) {
	t.Helper()
	before, err := p.types(recorded)
	if err != nil {
		t.Errorf("the recorded API of %s: %v", p.path, err)
		return
	}
	after, err := p.types(now)
	if err != nil {
		t.Errorf("the API of %s: %v", p.path, err)
		return
	}
	for _, c := range apidiff.Changes(before, after).Changes {
		if !c.Compatible {
			t.Errorf("%s: incompatible change: %s", p.path, c.Message)
		}
	}
}

func TestAPIComparisonBites(t *testing.T) {
	pkgs, err := packages()
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(pkgs, func(p apiPackage) bool { return p.path == module+"/wrap" })
	if i < 0 {
		t.Fatal("go list does not list package wrap")
	}
	now, err := pkgs[i].record()
	if err != nil {
		t.Fatal(err)
	}
	after, err := pkgs[i].types(now)
	if err != nil {
		t.Fatal(err)
	}
	const (
		signature = "func Keep(original, replacement io.ReadCloser) io.ReadCloser"
		changed   = "func Keep(original io.ReadCloser) io.ReadCloser"
	)
	if !strings.Contains(string(now), signature) {
		t.Fatalf("the record lacks %s:\n%s", signature, now)
	}
	before, err := pkgs[i].types([]byte(strings.Replace(string(now), signature, changed, 1)))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range apidiff.Changes(before, after).Changes {
		if !c.Compatible {
			got = append(got, c.Message)
		}
	}
	if len(got) != 1 || !strings.Contains(got[0], "Keep") {
		t.Errorf("a changed signature of Keep gives %q, want one incompatible change that names it", got)
	}
}
