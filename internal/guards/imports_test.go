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

// internal/testkit waits for a minute, kills connections and trusts a
// certificate that everybody has: nothing but tests may import it.
func TestOnlyTestsImportTestkit(t *testing.T) {
	const testkit = module + "/internal/testkit"
	tests := 0
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
			switch {
			case path != testkit:
			case strings.HasSuffix(file, "_test.go"):
				tests++
			default:
				t.Errorf("%s imports %s, which is for tests", file, testkit)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if tests == 0 {
		t.Errorf("no test imports %s", testkit)
	}
}
