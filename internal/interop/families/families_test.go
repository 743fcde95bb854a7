package families

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bodywrap/bodywrap/internal/gen"
	"github.com/google/go-cmp/cmp"
)

var staticcheck = flag.String("staticcheck", "", "also run this version of staticcheck on the families")

// families says how many combinations each family in testdata has. The key is
// the path of its generated file.
var families = map[string]struct {
	combinations int
	why          string
}{
	"aferofile/zz_counted.go":  {32, "afero.File: five, and one that is left out"},
	"aferofile/zz_system.go":   {8, "afero.Fs: three"},
	"chi/zz_wrapped.go":        {48, "middleware.WrapResponseWriter: six, one of which needs another"},
	"gin/zz_bounded.go":        {32, "gin.ResponseWriter: five"},
	"grpcstream/zz_calling.go": {8, "grpc.ClientStream: three generic ones"},
	"grpcstream/zz_serving.go": {8, "grpc.ServerStream: three generic ones"},
	"httpsnoop/zz_snooping.go": {512, "the nine that httpsnoop.Wrap asks for"},
	"slok/zz_measured.go":      {16, "four, and always middleware.Reporter"},
	"sqlmw/zz_counted.go":      {64, "the six that sqlmw generates rows for, and always sqlmw.RowsUnwrapper"},
}

// TestFamiliesOfOtherModules generates every family in testdata with its test.
// It runs the generated tests and the tests of the packages, which use the
// wrappers as users do.
func TestFamiliesOfOtherModules(t *testing.T) {
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata")); err != nil {
		t.Fatal(err)
	}
	t.Setenv("GOWORK", "off")
	result, err := gen.Generate(gen.Config{Dir: dir}, "./...")
	if err != nil {
		t.Fatal(err)
	}
	got, want := make(map[string]int), make(map[string]int)
	for _, f := range result.Families {
		got[filepath.ToSlash(f.Path)] = f.Combinations
	}
	for path, f := range families {
		want[path] = f.combinations
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("combinations (-want +got):\n%s", diff)
	}
	if got, want := len(result.Files), 2*len(families); got != want {
		t.Errorf("%d files, want %d: each family has a test", got, want)
	}
	for _, f := range result.Files {
		path := filepath.Join(dir, f.Path)
		if _, err := os.Stat(path); err == nil {
			t.Errorf("testdata has the generated file %s, want it not committed", f.Path)
		}
		if err := os.WriteFile(path, f.Content, 0o666); err != nil {
			t.Fatal(err)
		}
	}

	// With the paths of t.TempDir, the go command would not use its cache.
	run(t, dir, "vet", "-trimpath", "./...")
	run(t, dir, "test", "-trimpath", "./...")
	if *staticcheck != "" {
		run(t, dir, "run", "honnef.co/go/tools/cmd/staticcheck@"+*staticcheck, "./...")
	}
}

// run runs a go command, and fails t if the command fails.
func run(t *testing.T, dir string, args ...string) {
	t.Helper()
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("go %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}
