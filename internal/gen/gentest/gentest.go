// Package gentest generates families for tests, in a copy of a module of
// testdata. Only tests import it.
package gentest

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bodywrap/bodywrap/internal/gen"
)

// Copy copies the module in from to a temporary directory, and returns the
// directory. The module must have no generated files.
func Copy(t *testing.T, from string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasPrefix(d.Name(), "zz_") {
			t.Errorf("testdata has a generated file, %s", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// Generate generates the files of all families in and below dir, and writes
// them.
func Generate(t *testing.T, dir string) *gen.Result {
	t.Helper()
	result, err := gen.Generate(gen.Config{Dir: dir}, "./...")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range result.Files {
		if err := os.WriteFile(filepath.Join(dir, f.Path), f.Content, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return result
}

// Check vets and tests the packages in and below dir. It also runs that version
// of staticcheck, unless the version is "".
//
// The go command builds with -trimpath, as the path of a temporary directory
// would keep it from using its cache.
func Check(t *testing.T, dir, staticcheck string) {
	t.Helper()
	commands := [][]string{{"test", "-vet=all", "-trimpath", "./..."}}
	if staticcheck != "" {
		commands = append(commands, []string{"run", "honnef.co/go/tools/cmd/staticcheck@" + staticcheck, "./..."})
	}
	for _, args := range commands {
		cmd := exec.Command("go", args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GOWORK=off")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("go %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
}
