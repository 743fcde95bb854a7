package main

import (
	"os"
	"path/filepath"
	"testing"
)

// What go vet -vettool asks of a tool comes first; then it is run, with the file of a package as its argument.
func tool(t *testing.T, then string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "tool")
	script := "#!/bin/sh\ncase $1 in\n-V=full) echo tool version devel buildID=$(cksum <\"$0\" | tr -d ' '); exit;;\n-flags) echo '[]'; exit;;\nesac\n" + then + "\nexit\n"
	if err := os.WriteFile(path, []byte(script), 0o777); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestFindingsAreNoFailureOfTheTool(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"go.mod": "module example.com/m\n\ngo 1.26\n", "m.go": "package m\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("GOWORK", "off")
	ran := filepath.Join(dir, "ran")
	silent := tool(t, "echo >>"+ran+"; exit 0")
	for i := range 2 {
		if took, err := vet(dir, silent, i, []string{"./..."}); err != nil || took <= 0 {
			t.Fatalf("vet with a silent tool = %v, %v, want a time", took, err)
		}
	}
	if data, err := os.ReadFile(ran); err != nil || len(data) != 2 {
		t.Errorf("the tool ran %d times (%v), want twice: go vet must not remember the first", len(data), err)
	}
	if _, err := vet(dir, tool(t, "echo 'm.go:1:1: found' >&2; exit 1"), 0, []string{"./..."}); err != nil {
		t.Errorf("vet with a tool that finds something = %v, want nil", err)
	}
	if _, err := vet(dir, filepath.Join(dir, "nowhere"), 0, []string{"./..."}); err == nil {
		t.Error("vet with a tool that is not there = nil, want an error")
	}
}
