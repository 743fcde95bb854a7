package guards_test

import (
	"os"
	"os/exec"
	"path/filepath"
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
	{"wrap.Conn", "conn", "with", 700 << 10}, // 192 types
}

func TestFamiliesStayWithinTheirBudgets(t *testing.T) {
	dir := t.TempDir()
	sizes := make(map[string]int64) // of the programs, by name
	for _, a := range additions {
		for _, name := range []string{a.with, a.without} {
			if sizes[name] == 0 {
				sizes[name] = sizeOf(t, dir, name)
			}
		}
		cost := sizes[a.with] - sizes[a.without]
		t.Logf("%s adds %d bytes (%.1f KiB) to a program of %d, of %d", a.name, cost, float64(cost)/1024, sizes[a.without], a.budget)
		if cost <= 0 || cost > a.budget {
			t.Errorf("%s adds %d bytes to a program (%d - %d), want at most %d",
				a.name, cost, sizes[a.with], sizes[a.without], a.budget)
		}
	}
}

// sizeOf builds the program of that name into dir, and returns its size in
// bytes.
func sizeOf(t *testing.T, dir, name string) int64 {
	t.Helper()
	file := filepath.Join(dir, name)
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", file, "./testdata/size/"+name)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}
