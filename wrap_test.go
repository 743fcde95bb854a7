// These tests hold the module to what README.md promises of it as a whole.
package bodywrap_test

import (
	"bytes"
	"flag"
	"go/ast"
	"go/build"
	"go/format"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/exp/apidiff"

	"github.com/bodywrap/bodywrap/internal/api"
	"github.com/bodywrap/bodywrap/internal/gen"
	"github.com/bodywrap/bodywrap/wrap"
	"github.com/bodywrap/bodywrap/wrap/wraptest"
)

var update = flag.Bool("update", false, "rewrite generated files and recorded results")

func TestGeneratedFilesAreFresh(t *testing.T) {
	result, err := gen.Generate(gen.Config{}, ".", "./cmd/wrapgen/examples/...", "./internal/shapes")
	if err != nil {
		t.Fatal(err)
	}
	if len(result.Files) == 0 {
		t.Fatal("wrap_gen.go declares no family")
	}
	for _, f := range result.Files {
		if *update {
			if err := os.WriteFile(f.Path, f.Content, 0o666); err != nil {
				t.Fatal(err)
			}
			continue
		}
		disk, err := os.ReadFile(f.Path)
		if err != nil {
			t.Error(err)
			continue
		}
		if !bytes.Equal(disk, f.Content) {
			t.Errorf("%s is stale: run go generate\n%s", f.Path, gen.Diff(f.Path, disk, f.Content))
		}
	}
}

// A method that carries no bytes, and that no hook stands in front of, is one line
// in its family: added in a copy of the module, it passes through Body, Keep and
// the ready-made hooks.
func TestAMethodIsOneLine(t *testing.T) {
	dir := t.TempDir()
	for _, part := range []string{"wrap", "wrap/export_test.go", "go.mod", "go.sum", "wrap_gen.go"} {
		copySources(t, dir, part)
	}
	file := filepath.Join(dir, "wrap_gen.go")
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	const line = "	closeWriter   // half-close\n"
	grown := bytes.Replace(content, []byte(line), []byte(line+"	Sync() error\n"), 1)
	if bytes.Equal(grown, content) {
		t.Fatalf("wrap_gen.go has no line %q", line)
	}
	if err := os.WriteFile(file, grown, 0o666); err != nil {
		t.Fatal(err)
	}
	result, err := gen.Generate(gen.Config{Dir: dir}, ".")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range result.Files {
		if err := os.WriteFile(filepath.Join(dir, f.Path), f.Content, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	test, err := os.ReadFile("testdata/method/sync_test.go.txt")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "wrap", "sync_test.go"), test, 0o666); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", "test", "-vet=off", "-run", "ANewMethod", "./wrap")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// copySources copies a file of the module, or the Go files of a folder without
// their tests.
func copySources(t *testing.T, to, part string) {
	t.Helper()
	err := filepath.WalkDir(part, func(path string, d fs.DirEntry, err error) error {
		name := d.Name()
		if err != nil || d.IsDir() || path != part && strings.HasSuffix(name, "_test.go") || path != part && !strings.HasSuffix(name, ".go") {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if err := os.MkdirAll(filepath.Dir(filepath.Join(to, path)), 0o777); err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, path), content, 0o666)
	})
	if err != nil {
		t.Fatal(err)
	}
}

const module = "github.com/bodywrap/bodywrap"

// Whoever imports the library compiles the standard library and nothing else.
func TestLibraryImportsOnlyTheStandardLibrary(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", "./wrap/...").Output()
	if err != nil {
		t.Fatal(err)
	}
	deps := strings.Fields(string(out))
	if len(deps) == 0 {
		t.Fatal("go list names no package, not even ours")
	}
	for _, dep := range deps {
		if !strings.HasPrefix(dep, module+"/") {
			t.Errorf("wrap/... imports %s, want the standard library and this module only", dep)
		}
	}
}

// The exported API changes only compatibly. The recorded one is in
// testdata/api; go test -update rewrites it after a compatible change, and an
// incompatible one has to be deleted there by hand.
func TestAPIChangesOnlyCompatibly(t *testing.T) {
	pkgs, err := api.Packages(".", "./wrap/...")
	if err != nil {
		t.Fatal(err)
	}
	seen := make(map[string]bool)
	for _, p := range pkgs {
		name := strings.ReplaceAll(strings.TrimPrefix(p.Path, module+"/"), "/", "_") + ".txt"
		file := filepath.Join("testdata", "api", name)
		seen[file] = true
		now, err := p.Record()
		if err != nil {
			t.Fatal(err)
		}
		recorded, err := os.ReadFile(file)
		if err != nil && !(*update && os.IsNotExist(err)) {
			t.Errorf("%s has no record: %v; run go test -update", p.Path, err)
			continue
		}
		if len(recorded) > 0 {
			reportChanges(t, p, recorded, now)
		}
		if *update && !t.Failed() {
			if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, now, 0o666); err != nil {
				t.Fatal(err)
			}
		} else if diff := cmp.Diff(string(recorded), string(now)); diff != "" {
			t.Errorf("the API of %s is not the recorded one; if that is meant, run go test -update (-recorded +now):\n%s", p.Path, diff)
		}
	}
	files, err := filepath.Glob("testdata/api/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if !seen[file] {
			t.Errorf("%s records a package that is gone", file)
		}
	}
}

func reportChanges(t *testing.T, p api.Package, recorded, now []byte) {
	t.Helper()
	before, err := p.Types(recorded)
	if err != nil {
		t.Errorf("the recorded API of %s: %v", p.Path, err)
		return
	}
	after, err := p.Types(now)
	if err != nil {
		t.Errorf("the API of %s: %v", p.Path, err)
		return
	}
	for _, c := range apidiff.Changes(before, after).Changes {
		if !c.Compatible {
			t.Errorf("%s: incompatible change: %s", p.Path, c.Message)
		}
	}
}

func TestAPIComparisonBites(t *testing.T) {
	pkgs, err := api.Packages(".", "./wrap")
	if err != nil {
		t.Fatal(err)
	}
	now, err := pkgs[0].Record()
	if err != nil {
		t.Fatal(err)
	}
	after, err := pkgs[0].Types(now)
	if err != nil {
		t.Fatal(err)
	}
	const (
		signature = "func Keep(original, replacement io.ReadCloser) io.ReadCloser"
		changed   = "func Keep(original io.ReadCloser) io.ReadCloser"
	)
	if !strings.Contains(string(now), signature) {
		t.Fatalf("the record lacks %s:\n%s", signature, now)
	}
	before, err := pkgs[0].Types([]byte(strings.Replace(string(now), signature, changed, 1)))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range apidiff.Changes(before, after).Changes {
		if !c.Compatible {
			got = append(got, c.Message)
		}
	}
	if len(got) != 1 || !strings.Contains(got[0], "Keep") {
		t.Errorf("a changed signature of Keep gives %q, want one incompatible change that names it", got)
	}
}

// What wrapprobe shows, held as a test: every scenario, over plain TCP and TLS.
func TestUpgradesSurviveReverseProxy(t *testing.T) {
	counting := wrap.Hooks{
		Read:  func(next io.Reader, p []byte) (int, error) { return next.Read(p) },
		Write: func(next io.Writer, p []byte) (int, error) { return next.Write(p) },
	}
	t.Run("Body", func(t *testing.T) {
		wraptest.ModifyResponse(t, func(resp *http.Response) error {
			resp.Body = wrap.Body(resp.Body, counting)
			return nil
		})
	})
	t.Run("Keep", func(t *testing.T) {
		wraptest.ModifyResponse(t, func(resp *http.Response) error {
			resp.Body = wrap.Keep(resp.Body, struct{ io.ReadCloser }{resp.Body})
			return nil
		})
	})
}

// The README's table of what wrappers lose, by Go version.
func TestWrappersLoseWhatTheReadmeSays(t *testing.T) {
	passesHalfClose := slices.Contains(build.Default.ReleaseTags, "go1.25")
	tests := []struct {
		name   string
		modify func(*http.Response)
		want   string // in each finding's text
		why    string
	}{
		{"lost Write", func(resp *http.Response) {
			resp.Body = struct{ io.ReadCloser }{resp.Body}
		}, "502", "in every version"},
		{"lost CloseWrite", func(resp *http.Response) {
			if body, ok := resp.Body.(io.ReadWriteCloser); ok {
				resp.Body = struct{ io.ReadWriteCloser }{body}
			}
		}, "0 of 65536 bytes of the backend's last answer", "Go 1.24 loses it with every body, so it blames nobody"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := wraptest.CheckModifyResponse(func(resp *http.Response) error {
				tt.modify(resp)
				return nil
			})
			if tt.name == "lost CloseWrite" && !passesHalfClose {
				if err != nil {
					t.Errorf("CheckModifyResponse = %v, want nil: %s", err, tt.why)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("CheckModifyResponse = %v, want a finding with %q (%s)", err, tt.want, tt.why)
			}
		})
	}
}

var goBlock = regexp.MustCompile("(?ms)^```go\n(.*?)^```$")

// Every Go block in the README is the body of an Example, or a run of whole
// statements out of one, and so compiles, and runs if the Example has output.
func TestReadmeBlocksAreExamples(t *testing.T) {
	bodies := exampleBodies(t)
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := goBlock.FindAllSubmatch(readme, -1)
	if len(blocks) == 0 {
		t.Fatal("README.md has no Go block")
	}
	for _, m := range blocks {
		block := normalize(t, string(m[1]))
		if !slices.ContainsFunc(bodies, func(body string) bool { return strings.Contains(body+"\n", block+"\n") }) {
			t.Errorf("README.md has a Go block that stands in no Example:\n%s", block)
		}
	}
}

// exampleBodies returns the bodies of all Examples of the root module.
func exampleBodies(t *testing.T) []string {
	var bodies []string
	err := filepath.WalkDir(".", func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".") && file != ".") {
			return fs.SkipDir
		}
		if !strings.HasPrefix(path.Base(file), "example") || !strings.HasSuffix(file, "_test.go") {
			return nil
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		fset := token.NewFileSet()
		f, err := parser.ParseFile(fset, file, text, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, decl := range f.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if !ok || !strings.HasPrefix(fn.Name.Name, "Example") {
				continue
			}
			body := string(text[fset.Position(fn.Body.Lbrace).Offset+1 : fset.Position(fn.Body.Rbrace).Offset])
			bodies = append(bodies, normalize(t, body))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return bodies
}

var (
	expectedOutput = regexp.MustCompile(`(?is)\n[\t ]*// (unordered )?output:.*`)
	trailingSpace  = regexp.MustCompile(`(?m)[\t ]+$`)
)

// normalize formats the statements in text, without an Example's output.
func normalize(t *testing.T, text string) string {
	t.Helper()
	text = expectedOutput.ReplaceAllString(text, "\n")
	text = trailingSpace.ReplaceAllString(text, "")
	formatted, err := format.Source([]byte("package p\n\nfunc _() {\n" + text + "\n}\n"))
	if err != nil {
		t.Fatalf("not Go statements: %v\n%s", err, text)
	}
	return strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(strings.TrimPrefix(string(formatted), "package p\n\nfunc _() {")), "}"))
}
