package families

import (
	"flag"
	"path/filepath"
	"testing"

	"github.com/bodywrap/bodywrap/internal/gen/gentest"
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
	dir := gentest.Copy(t, "testdata")
	t.Setenv("GOWORK", "off")
	result := gentest.Generate(t, dir)
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
	gentest.Check(t, dir, *staticcheck)
}
