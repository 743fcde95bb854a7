package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const text = `# Judged by hand.

== seen

-- example.com/a@v1.0.0 example.com/a/...
a.go:1: loses-write
	true: no Write
a.go:2: not-restored
	false: it is put back
a.go:3: blocks-on-101
	missed: behind an interface

-- example.com/b@v1.0.0 example.com/b
b.go:4: loses-close
	debatable: closed elsewhere
`

func mustParse(t *testing.T, text string) *record {
	t.Helper()
	rec, err := parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

// read returns a file of the command's folder.
func read(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestRecordIsWrittenAsItIsRead(t *testing.T) {
	for _, want := range []string{text, read(t, recorded)} {
		if got := mustParse(t, want).String(); got != want {
			t.Errorf("String() = %q, want what was parsed: %q", got, want)
		}
	}
}

func TestEveryPlaceOfTheRecordIsJudgedOnce(t *testing.T) {
	for _, m := range mustParse(t, read(t, recorded)).modules() {
		seen := map[string]bool{}
		for _, at := range m.places {
			if at.verdict == "" {
				t.Errorf("%s: %s has no verdict", m.name, at.key)
			}
			if seen[at.key] {
				t.Errorf("%s: %s is there twice", m.name, at.key)
			}
			seen[at.key] = true
		}
	}
}

// The README's table is that of the record.
func TestReadmeHasTheFiguresOfTheRecord(t *testing.T) {
	readme := read(t, "README.md")
	for _, p := range mustParse(t, read(t, recorded)).parts {
		n := p.count()
		row := fmt.Sprintf("| %s | %d | %d | %d | %d | %d |\n", p.name, len(p.modules), n["true"], n["false"], n["debatable"], n["missed"])
		if !strings.Contains(readme, row) {
			t.Errorf("README.md lacks the row %q", row)
		}
	}
}

func TestBadRecordsAreRefusedByLine(t *testing.T) {
	for _, tt := range []struct{ why, text, want string }{
		{"a module belongs to a part", "-- example.com/a@v1.0.0 example.com/a\n", ":1: "},
		{"packages are named", "== seen\n-- example.com/a@v1.0.0\n", ":2: "},
		{"a place belongs to a module", "== seen\na.go:1: loses-write\n", ":2: "},
		{"a verdict belongs to a place", "== seen\n-- m p\n\ttrue: why\n", ":3: "},
		{"four verdicts are known", "== seen\n-- m p\na.go:1: loses-write\n\tright: why\n", ":4: "},
		{"a verdict has a reason", "== seen\n-- m p\na.go:1: loses-write\n\ttrue\n", ":4: "},
		{"one verdict is enough", "== seen\n-- m p\na.go:1: loses-write\n\ttrue: why\n\tfalse: why\n", ":5: "},
	} {
		if _, err := parse(tt.text); err == nil || !strings.HasPrefix(err.Error(), recorded+tt.want) {
			t.Errorf("%s: parse(%q) = %v, want an error that begins with %s%s", tt.why, tt.text, err, recorded, tt.want)
		}
	}
}

func TestDifferencesAreNamed(t *testing.T) {
	m := mustParse(t, text).modules()[0]
	for _, tt := range []struct {
		why   string
		found []string
		want  []string
	}{
		{"all as judged", []string{"a.go:1: loses-write", "a.go:2: not-restored"}, nil},
		{"one is gone", []string{"a.go:2: not-restored"}, []string{"no longer found: a.go:1: loses-write"}},
		{"one is new", []string{"a.go:1: loses-write", "a.go:2: not-restored", "a.go:9: loses-close"}, []string{"not recorded: a.go:9: loses-close"}},
		{"one is found at last", []string{"a.go:1: loses-write", "a.go:2: not-restored", "a.go:3: blocks-on-101"}, []string{"no longer missed: a.go:3: blocks-on-101"}},
	} {
		if got := m.differ(tt.found); !slices.Equal(got, tt.want) {
			t.Errorf("%s: differ(%q) = %q, want %q", tt.why, tt.found, got, tt.want)
		}
	}
	m.add([]string{"a.go:9: loses-close"})
	if got, want := m.differ([]string{"a.go:1: loses-write", "a.go:2: not-restored", "a.go:9: loses-close"}), []string{"no verdict: a.go:9: loses-close"}; !slices.Equal(got, want) {
		t.Errorf("after add, differ = %q, want %q", got, want)
	}
}

func TestFiguresLeaveOutWhatIsDebatable(t *testing.T) {
	const want = "seen: 2 modules, 1 true, 1 false, 1 debatable, 1 missed: precision 0.50, recall 0.50\n"
	if got := mustParse(t, text).figures(); got != want {
		t.Errorf("figures() = %q, want %q", got, want)
	}
}

// The standard library needs no network.
func TestPublicComparesWithTheRecord(t *testing.T) {
	for _, tt := range []struct {
		why, record string
		code        int
		out         string
	}{
		{"silence was recorded", "== seen\n\n-- std net/http/httputil\n", 0, "std: 0\nseen: 1 modules, 0 true, 0 false, 0 debatable, 0 missed\n"},
		{"a finding was recorded", "== seen\n\n-- std net/http/httputil\ndump.go:1: loses-write\n\ttrue: so it was\n", 1, "\tno longer found: dump.go:1: loses-write\n"},
	} {
		t.Chdir(t.TempDir())
		t.Setenv("GOWORK", "off")
		t.Setenv("GOFLAGS", "-mod=mod") // as run sets it, and put back after the test
		if err := os.Mkdir("testdata", 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(recorded, []byte(tt.record), 0o666); err != nil {
			t.Fatal(err)
		}
		var stdout, stderr bytes.Buffer
		code := run([]string{"public"}, &stdout, &stderr)
		if code != tt.code || !strings.Contains(stdout.String(), tt.out) || stderr.Len() > 0 {
			t.Errorf("%s: survey public = %d, %q, %q, want %d and a line %q", tt.why, code, stdout.String(), stderr.String(), tt.code, tt.out)
		}
	}
}
