package interop

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestReadmeShowsWhatIsRecorded compares the tables in the README with
// testdata. It needs none of the programs.
func TestReadmeShowsWhatIsRecorded(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	for name, table := range map[string]string{"proxies": proxiesTable(t), "transports": transportsTable(t)} {
		if !strings.Contains(string(readme), table) {
			t.Errorf("the README lacks the table of %s that testdata gives:\n%s", name, table)
		}
	}
}

// proxyColumns are the columns of the README's table of proxies.
var proxyColumns = []struct{ head, record string }{
	{"nginx 1.22.1", "nginx.md"},
	{"HAProxy 2.6.12", "haproxy.md"},
	{"Caddy 2.6.2", "caddy.md"},
}

// otherRecords are the records that are no columns of that table.
var otherRecords = []string{
	"caddy-log.md", // caddy.md has the column of Caddy
	"transports.md",
}

func TestEveryRecordIsInTheReadme(t *testing.T) {
	files, err := filepath.Glob("testdata/*.md")
	if err != nil {
		t.Fatal(err)
	}
	shown := slices.Clone(otherRecords)
	for _, p := range proxyColumns {
		shown = append(shown, p.record)
	}
	for _, file := range files {
		if !slices.Contains(shown, filepath.Base(file)) {
			t.Errorf("the README does not show %s: add a column to proxyColumns", file)
		}
	}
}

// recorded reads a file that record.compare has written.
func recorded(t *testing.T, name string) (versions, table string) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	versions, table, _ = strings.Cut(string(data), "\n\n")
	return versions, table
}

// proxiesTable returns the records of the proxies side by side.
func proxiesTable(t *testing.T) string {
	t.Helper()
	all := record{head: []string{"what happens"}}
	var tables []string
	for _, p := range proxyColumns {
		all.head = append(all.head, p.head)
		says, table := recorded(t, p.record)
		if number := p.head[strings.LastIndex(p.head, " ")+1:]; !strings.Contains(says, number) {
			t.Errorf("%s was recorded with %q, want the %s of the README's table", p.record, says, number)
		}
		tables = append(tables, table)
	}
	for _, line := range strings.Split(strings.TrimSpace(tables[0]), "\n")[2:] {
		row := []string{cells(line)[0]}
		for _, table := range tables {
			row = append(row, inShort(table, row[0]))
		}
		all.rows = append(all.rows, row)
	}
	return all.table()
}

// transportsTable returns the record of the transports without the column of
// data races, for which the README has no room.
func transportsTable(t *testing.T) string {
	t.Helper()
	_, table := recorded(t, "transports.md")
	var all record
	for i, line := range strings.Split(strings.TrimSpace(table), "\n") {
		row := cells(line)
		switch row = row[:len(row)-1]; i {
		case 0:
			all.head = row
		case 1: // dashes
		default:
			all.rows = append(all.rows, row)
		}
	}
	return all.table()
}

// cells returns the cells of a line of a table.
func cells(line string) []string {
	all := strings.Split(strings.Trim(line, "|"), "|")
	for i := range all {
		all[i] = strings.TrimSpace(all[i])
	}
	return all
}

// inShort returns in a few words what table says about a scenario.
func inShort(table, scenario string) string {
	for _, line := range strings.Split(table, "\n") {
		c := cells(line)
		if c[0] != scenario {
			continue
		}
		verdict, arrived, told := c[1], c[2], c[3]
		switch {
		case strings.HasPrefix(verdict, "bad") && arrived != "":
			return verdict + ", " + arrived
		case strings.HasSuffix(scenario, "resets"):
			return verdict + ", as " + told
		case verdict == "note" && scenario == "wrong token":
			return "passed on"
		case verdict == "note" && told == "nothing":
			return "holds on"
		case verdict == "note":
			return "ends it"
		}
		return verdict
	}
	return "not stable"
}
