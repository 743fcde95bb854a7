package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bodywrap/bodywrap/internal/gen"
)

// If write cannot rename or remove one file, the files before it are as they
// were: with their old content, or not there.
func TestWriteIsUndone(t *testing.T) {
	dir := t.TempDir()
	before := map[string]string{"changed.go": "old", "gone.go": "old"}
	for name, content := range before {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	// The last change fails after all are prepared: there is no file to
	// remove.
	files := []gen.File{
		{Path: "changed.go", Content: []byte("new")},
		{Path: "gone.go"},
		{Path: "new.go", Content: []byte("new")},
		{Path: "last.go"},
	}
	if err := write(dir, files); err == nil {
		t.Fatal("write removed a file that is not there")
	}
	after := make(map[string]string)
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		content, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		after[e.Name()] = string(content)
	}
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("files changed (-before +after):\n%s", diff)
	}
}
