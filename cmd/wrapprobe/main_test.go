package main

import (
	"bytes"
	"context"
	"encoding/json"
	"go/build"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bodywrap/bodywrap/internal/probe"
	"github.com/bodywrap/bodywrap/internal/testkit"
)

// The test binary is the command when this variable is set.
const asCommand = "WRAPPROBE_TEST_AS_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		main()
	}
	testkit.Overlap() // most tests wait for the command
	os.Exit(m.Run())
}

// wrapprobe runs the command and returns what it printed and its exit status.
func wrapprobe(t *testing.T, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, self, args...)
	cmd.Env = append(os.Environ(), asCommand+"=1")
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// halfCloses reports whether this Go's ReverseProxy forwards a half-close,
// which it does since 1.25.0.
var halfCloses = slices.Contains(build.Default.ReleaseTags, "go1.25")

// faults are the faults of a row, one for each scenario of probe.Demo.
type faults [6]probe.Fault

func wantFaults() map[string]faults {
	refused := faults{probe.Refused, probe.Refused, probe.Refused, probe.Refused, probe.Refused, probe.Refused}
	bothLost := faults{1: probe.Lost, 4: probe.Lost}
	if !halfCloses {
		return map[string]faults{
			"left alone":                   bothLost,
			"struct{ io.ReadCloser }":      refused,
			"struct{ io.ReadWriteCloser }": bothLost,
			"CloseWrite that lies":         bothLost,
			"wrap.Body, counting":          bothLost,
			"wrap.Keep":                    bothLost,
		}
	}
	return map[string]faults{
		"left alone":                   {},
		"struct{ io.ReadCloser }":      refused,
		"struct{ io.ReadWriteCloser }": {1: probe.Lost},
		"CloseWrite that lies":         {1: probe.Hang, 2: probe.Hang},
		"wrap.Body, counting":          {},
		"wrap.Keep":                    {},
	}
}

func TestDemonstrationShowsWhoLosesWhat(t *testing.T) {
	t.Parallel()
	page := filepath.Join(t.TempDir(), "demo.html")
	stdout, stderr, status := wrapprobe(t, "-json", "-html", page)
	if status != 0 || stderr != "" {
		t.Fatalf("wrapprobe -json -html exits with %d, want 0; stderr: %s", status, stderr)
	}
	var d demonstration
	if err := json.Unmarshal([]byte(stdout), &d); err != nil {
		t.Fatal(err)
	}
	got := make(map[string]faults)
	for _, r := range d.Rows {
		var f faults
		for i, c := range r.Cells {
			if c.Scenario != probe.Demo[i].Name {
				t.Errorf("%s: cell %d is %q, want %q", r.Body, i, c.Scenario, probe.Demo[i].Name)
			}
			f[i] = c.Fault
			if complete := c.Fault == "" && c.Arrived == c.Expected && c.Arrived > 0; complete != (c.Verdict != probe.Bad) {
				t.Errorf("%s, %s: verdict %s with fault %q and %d of %d bytes", r.Body, c.Scenario, c.Verdict, c.Fault, c.Arrived, c.Expected)
			}
			if hasFinding := c.Finding != ""; hasFinding != (c.Verdict != probe.OK) {
				t.Errorf("%s, %s: verdict %s with finding %q", r.Body, c.Scenario, c.Verdict, c.Finding)
			}
		}
		got[r.Body] = f
	}
	if diff := cmp.Diff(wantFaults(), got); diff != "" {
		t.Errorf("faults, under Go with half-close %v (-want +got):\n%s", halfCloses, diff)
	}
	if !d.Passed {
		t.Error("passed is false, want true: wrap.Body and wrap.Keep are as good as the untouched body")
	}
	checkDemonstrationPage(t, page)
}

func TestTableIsAlignedAndNamesEachBadCell(t *testing.T) {
	t.Parallel()
	stdout, stderr, status := wrapprobe(t)
	if status != 0 || stderr != "" {
		t.Fatalf("wrapprobe exits with %d, want 0; stderr: %s", status, stderr)
	}
	lines := strings.Split(stdout, "\n")
	head := slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, "ModifyResponse") })
	if head < 0 || len(lines) < head+2+len(treatments) {
		t.Fatalf("no table in\n%s", stdout)
	}
	for _, column := range []string{"echo", "client", "backend"} {
		at := strings.Index(lines[head], column)
		for _, l := range lines[head+2 : head+2+len(treatments)] {
			if len(l) <= at || l[at-1] != ' ' || l[at] == ' ' {
				t.Errorf("column %q does not begin at %d in %q", column, at, l)
			}
		}
	}
	var got []string
	for _, l := range lines {
		if strings.HasPrefix(l, "  ") {
			where, _, _ := strings.Cut(strings.TrimPrefix(l, "  "), "  ")
			got = append(got, where)
		}
	}
	if diff := cmp.Diff(wantFaultLines(), got); diff != "" {
		t.Errorf("what the lines for bad cells begin with (-want +got):\n%s\n%s", diff, stdout)
	}
	if !strings.Contains(stdout, ", as EOF") || !strings.Contains(stdout, "\"As EOF\" is a reset") {
		t.Errorf("nothing says that a reset comes out as EOF in\n%s", stdout)
	}
}

// wantFaultLines returns the beginnings of the lines for bad cells. A row whose
// cells are all bad has one line.
func wantFaultLines() (lines []string) {
	all := wantFaults()
	for _, treat := range treatments {
		f := all[treat.name]
		if !slices.Contains(f[:], "") {
			lines = append(lines, "every scenario")
			continue
		}
		for i, fault := range f {
			if fault != "" {
				lines = append(lines, probe.Demo[i].Name)
			}
		}
	}
	return lines
}

func TestVerdictIsBadWhenOursFailsWhereTheBodyPasses(t *testing.T) {
	pass, fail := probe.Result{Verdict: probe.OK}, probe.Result{Verdict: probe.Bad, Fault: probe.Lost}
	tests := []struct {
		name              string
		alone, other, our probe.Result
		want              bool
		why               string
	}{
		{"all pass", pass, pass, pass, true, "nothing is lost"},
		{"another fails", pass, fail, pass, true, "that is what is shown"},
		{"both fail", fail, fail, fail, true, "it is ReverseProxy's own"},
		{"ours fails alone", pass, pass, fail, false, "it is our fault"},
	}
	for _, tt := range tests {
		d := &demonstration{}
		for _, treat := range treatments {
			r := row{Body: treat.name, Cells: []probe.Result{tt.other}}
			if treat.wrap == nil {
				r.Cells[0] = tt.alone
			}
			if treat.ours {
				r.Cells[0] = tt.our
			}
			d.Rows = append(d.Rows, r)
		}
		if got := d.oursPass(); got != tt.want {
			t.Errorf("%s: passed = %v, want %v: %s", tt.name, got, tt.want, tt.why)
		}
	}
}

func TestUsage(t *testing.T) {
	t.Parallel()
	tests := []struct {
		args           []string
		status         int
		stdout, stderr string
		why            string
	}{
		{[]string{"-h"}, 0, "Usage: wrapprobe", "", "help was asked for"},
		{[]string{"-nonsense"}, 2, "", "Run wrapprobe -h for usage.", "no such flag"},
		{[]string{"extra"}, 2, "", "not an http or https URL", "it is no proxy"},
	}
	for _, tt := range tests {
		stdout, stderr, status := wrapprobe(t, tt.args...)
		if status != tt.status || !strings.HasPrefix(stdout, tt.stdout) || !strings.Contains(stderr, tt.stderr) ||
			(tt.stdout == "") != (stdout == "") || (tt.stderr == "") != (stderr == "") {
			t.Errorf("wrapprobe %v: exit status %d, stdout %q, stderr %q, want %d, %q, %q: %s",
				tt.args, status, stdout, stderr, tt.status, tt.stdout, tt.stderr, tt.why)
		}
		if n := strings.Count(stdout, "\n"); n > 24 {
			t.Errorf("wrapprobe %v prints %d lines, want at most 24", tt.args, n)
		}
	}
}
