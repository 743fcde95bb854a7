package guards_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// Only tests may import internal/testkit, which waits for a minute, kills
// connections and trusts a certificate that everybody has, and
// internal/gen/gentest, which imports package testing.
func TestOnlyTestsImportTestkit(t *testing.T) {
	tests := map[string]int{ // how many test files import each
		module + "/internal/testkit":     0,
		module + "/internal/gen/gentest": 0,
	}
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".git")) {
			return fs.SkipDir
		}
		if d.IsDir() || !strings.HasSuffix(file, ".go") {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range f.Imports {
			path, _ := strconv.Unquote(spec.Path.Value) // the parser has checked it
			_, forTests := tests[path]
			switch {
			case !forTests:
			case strings.HasSuffix(file, "_test.go"):
				tests[path]++
			default:
				t.Errorf("%s imports %s, which is for tests", file, path)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for path, n := range tests {
		if n == 0 {
			t.Errorf("no test imports %s", path)
		}
	}
}
