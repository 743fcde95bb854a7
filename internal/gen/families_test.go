package gen_test

import (
	"bytes"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/bodywrap/bodywrap/internal/gen"
	"github.com/bodywrap/bodywrap/internal/gen/gentest"
	"github.com/google/go-cmp/cmp"
)

var staticcheck = flag.String("staticcheck", "", "also run this version of staticcheck on generated families")

// families is how many combinations each of the families in testdata has.
var families = map[string]struct {
	combinations int
	why          string
}{
	"counting": {128, "http.ResponseWriter: seven elements, one of them three methods that come together"},
	"metered":  {24, "net.Conn: five elements, two of them never together"},
	"traced":   {256, "driver.Conn: eight elements, the bound"},
	"timed":    {16, "driver.Stmt: four, one with a method named as its interface"},
	"counted":  {64, "driver.Rows: six, each with all methods of the base"},
	"limited":  {12, "fs.File: four, one needs another"},
	"logged":   {8, "generic base, struct and element: three"},
	"oddity":   {64, "clashing names, unexported and unnamed interfaces, an overlap: six"},

	"bounded":   {16, "net.Listener: four, and two that are left out"},
	"redacting": {32, "slog.Handler: five, and two that are left out"},
	"hiding":    {64, "fs.FS: six, five of them through Open"},
	"listed":    {16, "fs.File: four"},

	"segmentsDriver": {2, "driver.Driver, as New Relic's agent lists it: one"},
	"segmentsConn":   {512, "driver.Conn: nine, past the bound without a directive"},
	"segmentsStmt":   {16, "driver.Stmt: four"},

	"driverOf":    {2, "driver.Driver, as ngrok's sqlmw lists it: one"},
	"connectorOf": {2, "driver.Connector: one; its struct has two fields of interface types"},
	"connOf":      {256, "driver.Conn: eight, two of them of two methods"},
	"stmtOf":      {16, "driver.Stmt: four"},
	"rowsOf":      {64, "driver.Rows: six"},
}

// TestFamiliesProveThemselves generates every family in testdata with its
// test, and runs the tests.
func TestFamiliesProveThemselves(t *testing.T) {
	dir := gentest.Copy(t, "testdata/families")
	result := gentest.Generate(t, dir)
	for _, f := range result.Families {
		if want := families[f.Name]; f.Combinations != want.combinations {
			t.Errorf("%s has %d combinations, want %d: %s", f.Name, f.Combinations, want.combinations, want.why)
		}
	}
	if got, want := len(result.Families), len(families); got != want {
		t.Errorf("testdata has %d families, want %d", got, want)
	}
	gentest.Check(t, dir, *staticcheck)

	again, err := gen.Generate(gen.Config{Dir: dir}, "./...")
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(result, again) { // cmp.Diff takes seconds if they are equal
		t.Errorf("generated again, with the first output there, it differs (-first +again):\n%s", cmp.Diff(result, again))
	}
}

// TestProofBites breaks the generated code of a family in several ways and
// wants the generated test to notice each.
func TestProofBites(t *testing.T) {
	dir := filepath.Join(gentest.Copy(t, "testdata/families"), "fsfile")
	gentest.Generate(t, dir)
	path := filepath.Join(dir, "zz_limited.go")
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	type fault struct {
		why      string
		old, new string
		want     string // in what the test prints
	}
	for _, test := range []struct {
		run    string // the generated tests to run
		faults []fault
	}{
		{"Constraints", []fault{
			{
				"a constraint is forgotten",
				"s &^= limitedReadAt",
				"s &^= 0",
				"ReadAt.fit() = ReadAt, want ReadAt in it: false",
			},
		}},
		{"Family", []fault{
			{
				"a member goes round the struct's own method",
				"func (l *limited0) Read(p []byte) (int, error) { return (*limitedFile)(l).Read(p) }",
				"func (l *limited0) Read(p []byte) (int, error) { return l.File.Read(p) }",
				`limited0.Read: ["Read" "returns [0 not a real Read]"], want what *fsfile.limitedFile.Read does`,
			},
			{
				"a routed method goes straight",
				"func (l *limitedFile) limitedWriteTo(w io.Writer) (int64, error) { return io.Copy(w, l) }",
				"func (l *limitedFile) limitedWriteTo(w io.Writer) (int64, error) { return l.File.(io.WriterTo).WriteTo(w) }",
				"limited8.WriteTo:",
			},
			{
				"a method does not reach the original",
				"func (l *limited2) Seek(offset int64, whence int) (int64, error) {",
				"func (l *limited2) Seek(offset int64, whence int) (int64, error) {\n\tif true {\n\t\treturn 0, nil\n\t}",
				`limited2.Seek: ["returns [0 <nil>]"], want what the original does: ["Seek" "returns [0 not a real Seek]"]`,
			},
			{
				"the choice returns a member with too much",
				"return (*limited6)(l)",
				"return (*limited7)(l)",
				"*fsfile.limited7 has ReadDir: true, want false",
			},
			{
				"the choice returns a member with too little",
				"return (*limited15)(l)",
				"return (*limited7)(l)",
				"*fsfile.limited7 has WriteTo: false, want true",
			},
			{
				"the probe asks for the wrong interface",
				"if _, ok := v.(io.Seeker)",
				"if _, ok := v.(io.ReaderAt)",
				"limitedSetOf(*fsfile.limitedTestAloneSeek) = none, want Seek",
			},
			{
				"Unwrap returns something else",
				"func (l *limited3) Unwrap() fs.File           { return l.File }",
				"func (l *limited3) Unwrap() fs.File { return l }",
				"limited3.Unwrap() = ",
			},
			{
				"a member costs more",
				"return (*limited1)(l)",
				"return (*limited1)(&limitedFile{File: l.File, left: l.left})",
				"making a *fsfile.limited1 of the struct takes 1 allocations, want 0",
			},
		}},
	} {
		t.Run(test.run, func(t *testing.T) {
			content := good
			for _, fault := range test.faults {
				broken := bytes.ReplaceAll(content, []byte(fault.old), []byte(fault.new))
				if bytes.Equal(broken, content) {
					t.Fatalf("%s has no %q", filepath.Base(path), fault.old)
				}
				content = broken
			}
			if err := os.WriteFile(path, content, 0o666); err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command("go", "test", "-vet=off", "-trimpath", "-ldflags=-w", "-run", test.run, ".")
			cmd.Dir = dir
			out, err := cmd.CombinedOutput()
			if err == nil {
				t.Error("go test succeeded, want a failure")
			}
			for _, fault := range test.faults {
				if !strings.Contains(string(out), fault.want) {
					t.Errorf("%s: go test printed no %q:\n%s", fault.why, fault.want, out)
				}
			}
		})
	}
}
