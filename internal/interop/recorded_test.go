package interop

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "record the findings in testdata, instead of comparing them with it")

// A record is a table of findings, in testdata and in the README.
type record struct {
	versions string // of the tested programs: one line, which is not compared
	head     []string
	rows     [][]string
}

// compare compares r with the file of that name in testdata. With -update it
// writes the file.
func (r record) compare(t *testing.T, name string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(r.versions+"\n\n"+r.table()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v; record it with -update", err)
	}
	versions, table, _ := strings.Cut(string(data), "\n\n")
	if diff := cmp.Diff(strings.Split(table, "\n"), strings.Split(r.table(), "\n")); diff != "" {
		t.Errorf("%s has changed (-recorded +found); if that is right, record it with -update\nrecorded with %s\nfound with    %s\n%s", file, versions, r.versions, diff)
	}
}

// table returns r as Markdown. Its columns are aligned, so that the source
// reads well too.
func (r record) table() string {
	width := make([]int, len(r.head))
	for _, row := range append([][]string{r.head}, r.rows...) {
		for i, cell := range row {
			width[i] = max(width[i], len(cell))
		}
	}
	var b strings.Builder
	line := func(row []string, fill string) {
		for i, cell := range row {
			b.WriteString("| " + cell + strings.Repeat(fill, width[i]-len(cell)) + " ")
		}
		b.WriteString("|\n")
	}
	line(r.head, " ")
	line(make([]string, len(r.head)), "-")
	for _, row := range r.rows {
		line(row, " ")
	}
	return b.String()
}
