package interop

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// Other people's code has data races. The race detector fails the test that
// runs such code, and the tests that run at the same time. A test that runs
// other people's code between two ends of ours therefore begins with
//
//	if playedElsewhere(t) {
//		return
//	}
//
// so that it runs in a process without the race detector. racesIn runs a test
// in a process with the detector, to find the races that a library has.
//
// These processes run the same test binary, built with or without -race.

const (
	// asChild is set in the environment of a process that a test has
	// started.
	asChild = "INTEROP_CHILD"

	// raceBinary, in the environment, is the path of the test binary with
	// -race.
	raceBinary = "INTEROP_RACE_BINARY"
)

// playedElsewhere runs the test t in a process without the race detector if
// this process has the detector. It reports whether it did. If the test fails
// there, t fails.
func playedElsewhere(t *testing.T) bool {
	t.Helper()
	if !raceEnabled || os.Getenv(asChild) != "" {
		return false
	}
	args := []string{"-test.v"}
	if *update {
		args = append(args, "-update")
	}
	out, err := child(t, false, t.Name(), args...)
	t.Logf("in a process without the race detector:\n%s", out)
	if err != nil {
		t.Errorf("in a process without the race detector: %v", err)
	}
	return true
}

// racesIn reports whether the race detector finds a race while the test of that
// name runs. If that test does not exist or fails for another reason, t fails.
func racesIn(t *testing.T, name string) bool {
	t.Helper()
	out, err := child(t, true, name, "-test.v")
	if !strings.Contains(out, "--- PASS: "+testName(name)) && !strings.Contains(out, "--- FAIL: "+testName(name)) {
		t.Fatalf("%s did not run: %v\n%s", name, err, out)
	}
	races := strings.Contains(out, "WARNING: DATA RACE")
	if err != nil && !(races && failedByRacesAlone(out)) {
		t.Errorf("%s with the race detector: %v\n%s", name, err, out)
	}
	return races
}

// failedByRacesAlone reports whether data races are the only failures in a
// test's output.
func failedByRacesAlone(out string) bool {
	for _, line := range strings.Split(out, "\n") {
		if complaint.MatchString(line) && !strings.HasSuffix(line, ": race detected during execution of test") {
			return false
		}
	}
	return true
}

// complaint matches the start of a line that a test logs, or that the runtime
// prints when a program crashes.
var complaint = regexp.MustCompile(`^(\s+\w+\.go:\d+: |panic: |fatal error: )`)

// child runs the test of that name in a process of its own, with the race
// detector or without, and returns what it prints.
func child(t *testing.T, race bool, name string, args ...string) (string, error) {
	t.Helper()
	binary, err := binaries[race]()
	if err != nil {
		t.Fatal(err)
	}
	var pattern []string
	for _, part := range strings.Split(testName(name), "/") {
		pattern = append(pattern, "^"+regexp.QuoteMeta(part)+"$")
	}
	args = append(args, "-test.run="+strings.Join(pattern, "/"), "-test.timeout=8m")
	cmd := exec.CommandContext(t.Context(), binary, args...)
	cmd.Env = append(os.Environ(), asChild+"=1")
	if raceEnabled {
		self, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		cmd.Env = append(cmd.Env, raceBinary+"="+self)
	}
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// testName returns name in the form that package testing prints.
func testName(name string) string { return strings.ReplaceAll(name, " ", "_") }

// binaries return the path of the test binary, with the race detector for true
// and without it for false. The one that is not running is built at the first
// call.
var binaries = map[bool]func() (string, error){
	true:  sync.OnceValues(func() (string, error) { return testBinary(true) }),
	false: sync.OnceValues(func() (string, error) { return testBinary(false) }),
}

func testBinary(race bool) (string, error) {
	if race == raceEnabled {
		return os.Executable()
	}
	if file := os.Getenv(raceBinary); race && file != "" {
		return file, nil
	}
	file := filepath.Join(scratch, fmt.Sprintf("race-%v.test", race))
	cmd := exec.Command("go", "test", "-c", fmt.Sprintf("-race=%v", race), "-o", file, ".")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go test -c -race=%v: %w\n%s", race, err, out)
	}
	return file, nil
}

// scratch is the folder for test binaries.
var scratch string

func TestMain(m *testing.M) { os.Exit(withScratch(m.Run)) }

func withScratch(run func() int) int {
	var err error
	if scratch, err = os.MkdirTemp("", "interop"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(scratch)
	return run()
}
