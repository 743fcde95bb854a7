package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The test binary runs itself as the command.
func TestMain(m *testing.M) {
	if os.Getenv("WRAPVET_TEST_MAIN") != "" || byGo(os.Args[1:]) {
		main()
	}
	os.Exit(m.Run())
}

const source = `package proxy

import (
	"io"
	"net/http"
	"net/http/httputil"
)

type counting struct{ io.ReadCloser }

var P = httputil.ReverseProxy{ModifyResponse: func(resp *http.Response) error {
	resp.Body = &counting{resp.Body}
	return nil
}}
`

func module(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"go.mod": "module example.com/proxy\n\ngo 1.26\n", "proxy.go": source} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func command(t *testing.T, dir, name string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "WRAPVET_TEST_MAIN=1", "GOWORK=off", "GOFLAGS=")
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if _, exited := err.(*exec.ExitError); err != nil && !exited {
		t.Fatal(err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

func TestFindingsAreLinesAndStatusOne(t *testing.T) {
	out, errs, code := command(t, module(t), os.Args[0], "./...")
	if code != 1 || !strings.HasPrefix(out, "proxy.go:12:2: loses-write: ") || strings.Count(out, "\n") != 1 || errs != "" {
		t.Errorf("wrapvet ./... = %q, %q, status %d, want one line for proxy.go:12:2 and status 1", out, errs, code)
	}
}

func TestVettool(t *testing.T) {
	_, errs, code := command(t, module(t), "go", "vet", "-vettool="+os.Args[0], "./...")
	if code != 1 || !strings.Contains(errs, "proxy.go:12:2: loses-write: ") {
		t.Errorf("go vet -vettool = %q, status %d, want loses-write at proxy.go:12:2 and status 1", errs, code)
	}
}

func TestHelpGoesToStdoutAndMisuseToStderr(t *testing.T) {
	out, errs, code := command(t, t.TempDir(), os.Args[0], "-h")
	if code != 0 || errs != "" || !strings.HasPrefix(out, "usage: wrapvet ") || strings.Count(out, "\n") > 24 {
		t.Errorf("wrapvet -h = %q, %q, status %d, want usage within 24 lines on stdout and status 0", out, errs, code)
	}
	out, errs, code = command(t, t.TempDir(), os.Args[0], "-unknown")
	if code != 2 || out != "" || !strings.HasSuffix(errs, "Run wrapvet -h for usage.\n") {
		t.Errorf("wrapvet -unknown = %q, %q, status %d, want a line on stderr and status 2", out, errs, code)
	}
}

func TestCleanCodeIsSilent(t *testing.T) {
	dir := module(t)
	guarded := strings.Replace(source, "\tresp.Body =", "\tif resp.StatusCode != http.StatusOK {\n\t\treturn nil\n\t}\n\tresp.Body =", 1)
	if err := os.WriteFile(filepath.Join(dir, "proxy.go"), []byte(guarded), 0o666); err != nil {
		t.Fatal(err)
	}
	if out, errs, code := command(t, dir, os.Args[0]); code != 0 || out+errs != "" {
		t.Errorf("wrapvet = %q, %q, status %d, want silence and status 0", out, errs, code)
	}
}
