package bodywrap_test

import (
	"bytes"
	"flag"
	"os"
	"testing"

	"github.com/bodywrap/bodywrap/internal/gen"
)

var update = flag.Bool("update", false, "rewrite generated files and recorded results")

func TestGeneratedFilesAreFresh(t *testing.T) {
	files, err := gen.Generate(gen.Config{}, ".")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Fatal("wrap_gen.go declares no family")
	}
	for _, f := range files {
		if *update {
			if err := os.WriteFile(f.Path, f.Content, 0o666); err != nil {
				t.Fatal(err)
			}
			continue
		}
		disk, err := os.ReadFile(f.Path)
		if err != nil {
			t.Error(err)
			continue
		}
		if !bytes.Equal(disk, f.Content) {
			t.Errorf("%s is stale: run go generate\n%s", f.Path, gen.Diff(f.Path, disk, f.Content))
		}
	}
}
