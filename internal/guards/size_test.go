package guards_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
)

// additions are what a program can use of package wrap. Each is measured as the
// difference between two stripped programs in testdata/size. The budget is what
// a program pays at most for all combinations of the family together, in bytes.
//
// To see the sizes: go test ./internal/guards -run Budgets -v
var additions = []struct {
	name          string
	with, without string
	budget        int64
}{
	{"wrap.Body", "with", "without", 40 << 10},
	{"wrap.Conn", "conn", "with", 700 << 10},      // 192 types
	{"wrap.Writer", "writer", "with", 1500 << 10}, // 288 types, and those of Conn for Hijack
}

func TestFamiliesStayWithinTheirBudgets(t *testing.T) {
	var names []string
	for _, a := range additions {
		names = append(names, a.with, a.without)
	}
	sizes := sizesOf(t, names)
	for _, a := range additions {
		cost := sizes[a.with] - sizes[a.without]
		t.Logf("%s adds %d bytes (%.1f KiB) to a program of %d, of %d", a.name, cost, float64(cost)/1024, sizes[a.without], a.budget)
		if cost <= 0 || cost > a.budget {
			t.Errorf("%s adds %d bytes to a program (%d - %d), want at most %d",
				a.name, cost, sizes[a.with], sizes[a.without], a.budget)
		}
	}
}

// sizesOf builds the programs with these names and returns their sizes in
// bytes.
func sizesOf(t *testing.T, names []string) map[string]int64 {
	t.Helper()
	dir := t.TempDir()
	args := []string{"build", "-trimpath", "-ldflags=-s -w", "-o", dir}
	for _, name := range names {
		args = append(args, "./testdata/size/"+name)
	}
	if out, err := exec.Command("go", args...).CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	sizes := make(map[string]int64)
	for _, name := range names {
		file := filepath.Join(dir, name)
		if runtime.GOOS == "windows" {
			file += ".exe"
		}
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		sizes[name] = info.Size()
	}
	return sizes
}
