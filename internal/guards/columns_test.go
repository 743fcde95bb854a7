package guards_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

// Comments have at most 80 columns, a tab being 8, in all Go code but that of
// cmd/wrapvet and of test data. The output of Examples, lines that go doc
// prints as they are, and longer words are left alone.
func TestCommentsHave80Columns(t *testing.T) {
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		name := d.Name()
		switch {
		case err != nil:
			return err
		case d.IsDir() && (name == "testdata" || name == "wrapvet" || name == ".git"):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasPrefix(name, "zz_"):
			return nil
		}
		content, err := os.ReadFile(path)
		output := false // the line is what an Example prints
		for n, line := range strings.Split(string(content), "\n") {
			text := strings.TrimLeft(line, "\t")
			comment, ok := strings.CutPrefix(text, "// ")
			if output = ok && (output || strings.HasPrefix(comment, "Output:")); output {
				continue
			}
			columns := 8*(len(line)-len(text)) + utf8.RuneCountInString(text)
			if ok && columns > 80 && strings.Contains(comment, " ") {
				t.Errorf("%s:%d: a comment of %d columns, want at most 80", path, n+1, columns)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
