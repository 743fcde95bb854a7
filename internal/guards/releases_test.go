package guards_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The supported Go versions are those of which internal/follow has a record.
// .ci/run tests with each of them: with one for all that it does, and with the
// others at its end. The go.mod has the oldest, and the README the range.
func TestSupportedGoVersionsAreTheRecorded(t *testing.T) {
	versions, releases := recordedReleases(t)
	oldest, newest := versions[0], versions[len(versions)-1]

	tested := strings.Fields(found(t, root+"/.ci/run", `(?m)^for version in (.*); do$`))
	for _, version := range tested {
		if !slices.Contains(releases, version) {
			t.Errorf(".ci/run tests with %s, of which internal/follow/testdata has no record: it has %v", version, releases)
		}
	}
	if n := len(releases) - len(tested); n != 1 {
		t.Errorf(".ci/run tests with %v at its end, want all but one of the recorded %v", tested, releases)
	}
	if got := found(t, root+"/go.mod", `(?m)^go ([0-9]+\.[0-9]+)`); got != oldest {
		t.Errorf("go.mod says go %s, want the oldest that is recorded: %s", got, oldest)
	}
	want := fmt.Sprintf("Go %s to %s", oldest, newest)
	if got := found(t, root+"/README.md", `(Go 1\.[0-9]+ to 1\.[0-9]+)`); got != want {
		t.Errorf("README.md says %s, want %s, as recorded", got, want)
	}
}

// The commands that choose a Go version choose one that is recorded.
func TestCommandsChooseASupportedGoVersion(t *testing.T) {
	commands := regexp.MustCompile(`GOTOOLCHAIN=(go[0-9.]+[0-9])`)
	_, releases := recordedReleases(t)
	chosen := 0
	for _, pattern := range []string{"*.md", "*/*/*.md", "internal/follow/doc.go"} {
		files, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range commands.FindAllSubmatch(text, -1) {
				chosen++
				if version := string(m[1]); !slices.Contains(releases, version) {
					t.Errorf("%s: a command chooses %s, want one of those recorded: %v", file, version, releases)
				}
			}
		}
	}
	if chosen < 3 {
		t.Errorf("%d commands choose a version, want at least 3", chosen)
	}
}

// recordedReleases returns what internal/follow has records of, oldest first:
// versions such as 1.24, and their releases such as go1.24.13.
func recordedReleases(t *testing.T) (versions, releases []string) {
	t.Helper()
	files, err := filepath.Glob(root + "/internal/follow/testdata/go1.*.txt")
	if err != nil || len(files) < 2 {
		t.Fatalf("records %v, %v", files, err)
	}
	for _, file := range files {
		version := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(file), "go"), ".txt")
		release := found(t, file, `^# (go[0-9.]+):`)
		if !strings.HasPrefix(release, "go"+version+".") {
			t.Errorf("%s is a record of %s", file, release)
		}
		versions, releases = append(versions, version), append(releases, release)
	}
	return versions, releases
}

// found returns what the group in expr matches in file.
func found(t *testing.T, file, expr string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(expr).FindSubmatch(text)
	if m == nil {
		t.Fatalf("%s has nothing like %s", file, expr)
	}
	return string(m[1])
}
