package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/bodywrap/bodywrap/internal/gen"
)

// If one file cannot be renamed, those before it are as they were: written,
// removed or not there.
func TestWriteIsUndone(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	before := map[string]string{"changed.go": "old", "gone.go": "old"}
	for name, content := range before {
		if err := os.WriteFile(path(name), []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	// The last change fails after all are prepared: its file is gone by
	// then.
	files := []gen.File{
		{Path: path("changed.go"), Content: []byte("new")},
		{Path: path("gone.go")},
		{Path: path("new.go"), Content: []byte("new")},
		{Path: path("last.go")},
	}
	if err := write(files); err == nil {
		t.Fatal("write removed a file that is not there")
	}
	after := make(map[string]string)
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		content, err := os.ReadFile(path(e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		after[e.Name()] = string(content)
	}
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("files changed (-before +after):\n%s", diff)
	}
}
