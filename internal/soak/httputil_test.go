package soak_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// The standard library's own tests of net/http/httputil pass when every body
// that ReverseProxy and DumpResponse see is a wrapped one. The test builds
// httputil with an overlay, in which package wrap is
// net/http/internal/bodywrap. httputil can import it, because wrap and the
// packages below it import no more of the standard library than net/http does.
func TestStandardLibraryWithBodiesWrapped(t *testing.T) {
	binary := buildHTTPUtil(t)
	for _, tt := range []struct {
		name string
		why  string
	}{
		{"routed", "WriteTo and ReadFrom go through the Read and Write hooks"},
		{"direct", "every method has its own hook"},
		{"stacked", "three layers, one of them made for each body"},
		{"done", "Done, Log and Limit together"},
		{"kept", "Keep repairs a wrapper that has Read and Close only"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel() // they wait most of the time
			out, err := run(t, binary, tt.name)
			if err != nil {
				t.Errorf("net/http/httputil's tests: %v, want it to pass (%s)\n%s", err, tt.why, out)
			}
			if n := passed(out); n < 40 {
				t.Errorf("%d tests passed, want the whole package\n%s", n, out)
			}
		})
	}
	// The tests fail if bodies lose a method.
	t.Run("lossy", func(t *testing.T) {
		t.Parallel()
		out, err := run(t, binary, "lossy")
		var exit *exec.ExitError
		if !errors.As(err, &exit) || !strings.Contains(string(out), "--- FAIL: TestReverseProxyWebSocket ") {
			t.Errorf("a wrapper that loses Write: err = %v, want TestReverseProxyWebSocket to fail\n%s", err, out)
		}
	})
}

func passed(out []byte) int { return strings.Count("\n"+string(out), "\n--- PASS: ") }

// run runs the tests in binary with bodies wrapped in one of the ways that
// testdata/httputil/wrapped.go knows.
func run(t *testing.T, binary, way string) ([]byte, error) {
	cmd := exec.CommandContext(t.Context(), binary, "-test.v", "-test.timeout=2m")
	cmd.Dir = filepath.Dir(binary)
	cmd.Env = append(os.Environ(), "BODYWRAP_WAY="+way)
	return cmd.CombinedOutput()
}

// buildHTTPUtil builds the tests of net/http/httputil, overlaid, from the
// GOROOT that runs this test.
func buildHTTPUtil(t *testing.T) (binary string) {
	t.Helper()
	out, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatalf("go env GOROOT: %v", err)
	}
	goroot, dir := strings.TrimSpace(string(out)), t.TempDir()
	overlay, err := json.Marshal(map[string]any{"Replace": overlay(t, goroot, dir)})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "overlay.json"), overlay, 0o666); err != nil {
		t.Fatal(err)
	}
	binary = filepath.Join(dir, "httputil.test.exe")
	args := []string{"test", "-overlay", "overlay.json", "-vet=off", "-ldflags=-w", "-c", "-o", binary}
	if raceEnabled {
		args = append(args, "-race")
	}
	cmd := exec.Command(filepath.Join(goroot, "bin", "go"), append(args, "net/http/httputil")...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOROOT="+goroot, "GOTOOLCHAIN=local", "GOWORK=off", "GOFLAGS=", "GOENV=off",
		"GOMODCACHE="+dir, // nothing in there can be overlaid, and a downloaded GOROOT would be
	)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", cmd.Args, err, out)
	}
	return binary
}

// overlay returns which file replaces which in goroot. It writes patched files
// to dir.
func overlay(t *testing.T, goroot, dir string) map[string]string {
	t.Helper()
	src := filepath.Join(goroot, "src", "net", "http")
	replace := make(map[string]string)

	// Our package and those below it, side by side as packages of the
	// standard library.
	files, err := filepath.Glob("../../wrap/*.go")
	if err != nil {
		t.Fatal(err)
	}
	below, err := filepath.Glob("../../wrap/internal/*/*.go")
	if err != nil {
		t.Fatal(err)
	}
	copies := t.TempDir() // not in dir, which is the module cache of the build
	for i, file := range append(files, below...) {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		moved := filepath.Join(copies, fmt.Sprintf("%d.go", i))
		text = bytes.ReplaceAll(text, []byte(`"github.com/bodywrap/bodywrap/wrap/internal/`), []byte(`"net/http/internal/bodywrap`))
		if err := os.WriteFile(moved, text, 0o666); err != nil {
			t.Fatal(err)
		}
		// Go 1.24 does not find a new package whose files are younger
		// than 2 s.
		if err := os.Chtimes(moved, time.Time{}, time.Now().Add(-time.Hour)); err != nil {
			t.Fatal(err)
		}
		folder := "bodywrap"
		if i >= len(files) {
			folder += filepath.Base(filepath.Dir(file))
		}
		replace[filepath.Join(src, "internal", folder, filepath.Base(file))] = moved
	}
	for _, file := range []string{"wrapped.go", "zz_wrapped_test.go"} {
		replace[filepath.Join(src, "httputil", file)] = absolute(t, filepath.Join("testdata", "httputil", file))
	}

	// One line more in each place where a response comes in.
	for _, p := range []struct{ file, line, patched string }{
		{"reverseproxy.go", `(?m)^\tres, err := transport\.RoundTrip\(outreq\)$`,
			"\tres, err := wrappedTransport{transport}.RoundTrip(outreq)"},
		{"dump.go", `(?m)^func DumpResponse\(resp \*http\.Response, body bool\) \(\[\]byte, error\) \{$`,
			"$0\n\tresp.Body = wrapBody(resp.Body)"},
	} {
		original := filepath.Join(src, "httputil", p.file)
		text, err := os.ReadFile(original)
		if err != nil {
			t.Fatal(err)
		}
		line := regexp.MustCompile(p.line)
		if n := len(line.FindAll(text, -1)); n != 1 {
			t.Fatalf("%s has %d lines that match %s, want 1: this Go needs another patch", original, n, p.line)
		}
		patched := filepath.Join(dir, p.file)
		if err := os.WriteFile(patched, line.ReplaceAll(text, []byte(p.patched)), 0o666); err != nil {
			t.Fatal(err)
		}
		replace[original] = patched
	}

	return replace
}

func absolute(t *testing.T, file string) string {
	t.Helper()
	abs, err := filepath.Abs(file)
	if err != nil {
		t.Fatal(err)
	}
	return abs
}
