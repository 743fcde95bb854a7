package gen_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bodywrap/bodywrap/internal/gen"
)

// A generated file is recognised by its first line, with any family and any
// name of its file: generated again, it is left out; without its family, it
// goes.
func TestGeneratedFilesAreRecognised(t *testing.T) {
	for _, test := range []struct{ family, file, why string }{
		{"x", "p.go", "ordinary"},
		{"x", "a b.go", "a space"},
		{"x", "a in b; DO NOT EDIT..go", "the words of the header itself"},
		{"семья", "файл.go", "letters that are not ASCII"},
		{"x_linux", "p.go", "an ending that is a constraint"},
		{"x", "a'\"`%.go", "quotes"},
	} {
		t.Run(test.why, func(t *testing.T) {
			dir := t.TempDir()
			text := "package p\n\nimport \"io\"\n\n//wrapgen:for w\n//wrapgen:test\ntype " + test.family + " interface {\n\tio.Closer\n}\n\ntype w struct{ io.Reader }\n"
			write := func(name, text string) {
				t.Helper()
				if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
					t.Fatal(err)
				}
			}
			write(test.file, text)
			p := gen.Package{Dir: dir, Files: []string{test.file}}
			result, err := p.Generate()
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range result.Files {
				write(filepath.Base(f.Path), string(f.Content))
				if name := filepath.Base(f.Path); !strings.HasSuffix(name, "_test.go") {
					p.Files = append(p.Files, name)
				}
			}
			again, err := p.Generate()
			if err != nil || len(again.Files) != 2 {
				t.Fatalf("generated again: %d files, %v; want 2", len(again.Files), err)
			}
			write(test.file, "package p\n")
			gone, err := p.Generate()
			if err != nil || len(gone.Files) != 2 || gone.Files[0].Content != nil || gone.Files[1].Content != nil {
				t.Errorf("without the family: %d files, %v; want 2 that have to go", len(gone.Files), err)
			}
		})
	}
}

// Faults have one order, however often they are found.
func TestFaultsComeInOrder(t *testing.T) {
	var text strings.Builder
	text.WriteString("package p\n\nimport \"io\"\n\n")
	for _, name := range []string{"b", "a", "c", "e", "d"} {
		text.WriteString("//wrapgen:for w" + name + "\n//wrapgen:test\ntype " + name + " interface {\n\tio.Closer\n\tRead()\n\tunknown" + name + "\n}\n\ntype w" + name + " struct{ io.Reader }\n\n")
	}
	p := source(t, text.String())
	_, first := p.Generate()
	if first == nil {
		t.Fatal("no fault")
	}
	for range 20 {
		if _, err := p.Generate(); err == nil || err.Error() != first.Error() {
			t.Fatalf("then %v, first %v", err, first)
		}
	}
}
