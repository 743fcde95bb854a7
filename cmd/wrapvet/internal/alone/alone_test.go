package alone_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bodywrap/bodywrap/cmd/wrapvet/analyzer"
	"github.com/bodywrap/bodywrap/cmd/wrapvet/internal/alone"
)

// shapes copies the analyzer's testdata, which is laid out as a GOPATH.
func shapes(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join("..", "..", "analyzer", "testdata"))); err != nil {
		t.Fatal(err)
	}
	t.Setenv("GOPATH", dir)
	t.Setenv("GO111MODULE", "off")
	t.Setenv("GOFLAGS", "")
	return dir
}

func run(t *testing.T, dir string, opts alone.Options, patterns ...string) []map[string]any {
	t.Helper()
	var out bytes.Buffer
	opts.Dir, opts.JSON = filepath.Join(dir, "src"), true
	n, err := alone.Run(analyzer.New(), patterns, opts, &out)
	if err != nil {
		t.Fatalf("Run(%q) = %v", patterns, err)
	}
	var found []map[string]any
	for dec := json.NewDecoder(&out); dec.More(); {
		var f map[string]any
		if err := dec.Decode(&f); err != nil {
			t.Fatal(err)
		}
		found = append(found, f)
	}
	if len(found) != n {
		t.Fatalf("Run(%q) = %d, want the %d findings printed", patterns, n, len(found))
	}
	return found
}

// What -fix leaves has no fix; the fixed files compile, and a second run finds nothing that the first did not leave.
func TestFixedFilesCompileAndStayFixed(t *testing.T) {
	dir := shapes(t)
	patterns := []string{"loses-write", "loses-closewrite", "blocks-on-101", "fixes", "facts"}
	before := run(t, dir, alone.Options{}, patterns...)
	left := run(t, dir, alone.Options{Fix: true}, patterns...)
	after := run(t, dir, alone.Options{}, patterns...)
	if fixed := len(before) - len(left); fixed < 40 {
		t.Errorf("-fix repaired %d of %d findings, want at least 40", fixed, len(before))
	}
	count := func(found []map[string]any) map[string]int {
		n := map[string]int{}
		for _, f := range found {
			n[f["file"].(string)+" "+f["rule"].(string)]++
		}
		return n
	}
	want := count(left)
	for key, n := range count(after) {
		if n > want[key] {
			t.Errorf("after -fix: %d findings of %s, want %d", n, key, want[key])
		}
	}
	for _, f := range left {
		if rule := f["rule"]; rule == "loses-closewrite" && !strings.Contains(f["file"].(string), "loses-closewrite") {
			t.Errorf("-fix left %v", f)
		}
	}
}

func TestFactsComeFromTheSourceOfOtherPackages(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	write("src/go.mod", "module example.com/m\n\ngo 1.26\n")
	write("src/bodies/bodies.go", "package bodies\n\nimport \"io\"\n\ntype b struct{ io.ReadCloser }\n\nfunc Wrap(rc io.ReadCloser) io.ReadCloser { return &b{rc} }\n")
	write("src/proxy/proxy.go", `package proxy

import (
	"net/http"
	"net/http/httputil"

	"example.com/m/bodies"
)

var P = httputil.ReverseProxy{ModifyResponse: func(r *http.Response) error {
	r.Body = bodies.Wrap(r.Body)
	return nil
}}
`)
	t.Setenv("GOWORK", "off")
	found := run(t, dir, alone.Options{}, "./proxy")
	if len(found) != 1 || found[0]["rule"] != "loses-write" || found[0]["file"] != filepath.Join("proxy", "proxy.go") || found[0]["line"] != 11.0 {
		t.Errorf("Run(./proxy) = %v, want loses-write at proxy/proxy.go:11", found)
	}
}

func TestBrokenCodeIsAnErrorNotAPanic(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod": "module example.com/m\n\ngo 1.26\n",
		"m.go":   "package m\n\nimport \"net/http\"\n\nfunc modifyResponse(r *http.Response) error { r.Body = undefined(r.Body }\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("GOWORK", "off")
	_, err := alone.Run(analyzer.New(), []string{"."}, alone.Options{Dir: dir}, &bytes.Buffer{})
	if err == nil || !strings.Contains(err.Error(), "m.go:5") {
		t.Errorf("Run on code that does not parse = %v, want an error that names m.go:5", err)
	}
}

// A package between two that are named is read from source with them, and has no types in its function bodies.
func TestPackagesBetweenAreLeftAlone(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":           "module example.com/m\n\ngo 1.26\n",
		"top/top.go":       "package top\n\nimport \"example.com/m/between\"\n\nvar _ = between.T{}\n",
		"between/b.go":     "package between\n\nimport (\n\t\"io\"\n\t\"net/http\"\n\n\t\"example.com/m/bottom\"\n)\n\ntype T struct{ io.ReadCloser }\n\nfunc ModifyResponse(r *http.Response) error { r.Body = T{r.Body}; return nil }\n\nvar table = map[string]func(){\"x\": func() { bottom.F() }}\n",
		"bottom/bottom.go": "package bottom\n\nfunc F() {}\n",
	} {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("GOWORK", "off")
	var out bytes.Buffer
	if n, err := alone.Run(analyzer.New(), []string{"./top", "./bottom"}, alone.Options{Dir: dir}, &out); n != 0 || err != nil {
		t.Errorf("Run(./top ./bottom) = %d, %v, want nothing: ./between was not named\n%s", n, err, &out)
	}
}
