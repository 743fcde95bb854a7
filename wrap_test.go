// These tests hold the module to what README.md promises of it as a whole.
package bodywrap_test

import (
	"bytes"
	"flag"
	"fmt"
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
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

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

// A method that carries no bytes, and that no hook stands in front of, is one
// line in its family: added in a copy of the module, it passes through Body,
// Keep and the ready-made hooks.
func TestAMethodIsOneLine(t *testing.T) {
	t.Setenv("GOWORK", "off")
	t.Setenv("GOFLAGS", "-trimpath") // finds in the cache what was built in another temporary directory
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
	test, err := os.ReadFile("testdata/method/sync_test.go")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "wrap", "sync_test.go"), test, 0o666); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", "test", "-vet=off", "-run", "ANewMethod", "./wrap")
	cmd.Dir = dir
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

// A program that imports the library compiles the standard library and nothing
// else.
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

// The README is read at one sitting.
func TestReadmeIsShort(t *testing.T) {
	const most = 1000
	words := len(bytes.Fields(read(t, "README.md")))
	t.Logf("README.md has %d words, of at most %d", words, most)
	if words > most {
		t.Errorf("README.md has %d words, want at most %d: move details to the folder of the code that they are about", words, most)
	}
}

var (
	inlineCode = regexp.MustCompile("`([^`\n]+)`")
	isCommand  = regexp.MustCompile(`^(go|bash|git|wrapvet|wrapprobe|wrapgen|[A-Z]+=\S+) `)
)

// commandsIn returns the shell commands in a Markdown text: indented lines and
// inline code, without the comments behind them.
func commandsIn(text []byte) []string {
	var commands []string
	add := func(s string) {
		s, _, _ = strings.Cut(s, " #")
		if s = strings.TrimSpace(s); isCommand.MatchString(s) && !slices.Contains(commands, s) {
			commands = append(commands, s)
		}
	}
	for _, line := range strings.Split(string(text), "\n") {
		if strings.HasPrefix(line, "    ") {
			add(line)
			continue
		}
		for _, m := range inlineCode.FindAllStringSubmatch(line, -1) {
			add(m[1])
		}
	}
	return commands
}

// replaceCommands use the module from a clone, as long as it is not published.
var replaceCommands = []string{
	"go mod edit -replace github.com/bodywrap/bodywrap=../bodywrap",
	"go get github.com/bodywrap/bodywrap/wrap",
}

// Every command in the README is run as it stands there: by a step of .ci/run,
// or by TestReplaceCommandsWork.
func TestReadmeCommandsAreRun(t *testing.T) {
	ci := strings.Split(string(read(t, ".ci/run")), "\n")
	commands := commandsIn(read(t, "README.md"))
	if len(commands) == 0 {
		t.Fatal("README.md has no command")
	}
	for _, c := range commands {
		isStep := slices.ContainsFunc(ci, func(line string) bool { return strings.TrimSpace(line) == "step "+c })
		if !isStep && c != "bash .ci/run" && !slices.Contains(replaceCommands, c) {
			t.Errorf("README.md names the command %q, which no step of .ci/run runs", c)
		}
	}
	for _, c := range replaceCommands {
		if !slices.Contains(commands, c) {
			t.Errorf("README.md lacks the command %q, which is tested", c)
		}
	}
}

// A module beside a clone gets package wrap by the README's commands, without
// the network.
func TestReplaceCommandsWork(t *testing.T) {
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	parent := t.TempDir()
	if err := os.Symlink(here, filepath.Join(parent, "bodywrap")); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(parent, "user")
	if err := os.Mkdir(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	const text = `package user

import (
	"net/http"

	"github.com/bodywrap/bodywrap/wrap"
)

var _ = wrap.Body(http.NoBody)
`
	for name, text := range map[string]string{"go.mod": "module example.com/user\n\ngo 1.24\n", "user.go": text} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range append(slices.Clone(replaceCommands), "go build ./...") {
		words := strings.Fields(c)
		cmd := exec.Command(words[0], words[1:]...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-trimpath", "GOPROXY=off") // as in TestAMethodIsOneLine
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", c, err, out)
		}
	}
}

// The figures in the README are those of the tables in the reports.
func TestReadmeFiguresAreThoseOfTheReports(t *testing.T) {
	readme := strings.Join(strings.Fields(string(read(t, "README.md"))), " ")
	want := func(figure string) {
		t.Helper()
		if !strings.Contains(readme, figure) {
			t.Errorf("README.md lacks %q, which the report says", figure)
		}
	}

	ratio := regexp.MustCompile(`(?m)^\| tunnel\.Copy \| [^|]*\| [0-9.]+ [^(|]*\(([0-9.]+)\)`)
	if m := ratio.FindSubmatch(read(t, "internal/bench/README.md")); m == nil {
		t.Error("internal/bench/README.md has no ratio of the CPU that tunnel.Copy takes")
	} else {
		want(fmt.Sprintf("tunnel.Copy takes %s of the CPU that ReverseProxy takes", m[1]))
	}

	ways, conns := 0, 0
	for _, row := range rows(read(t, "internal/soak/README.md"), "the end") {
		ways++
		for _, cell := range row[1:5] {
			n, err := strconv.Atoi(strings.ReplaceAll(cell, ",", ""))
			if err != nil {
				t.Error(err)
			}
			conns += n
		}
		if row[5] != "0" {
			t.Errorf("internal/soak/README.md has the row %q, and README.md says that no bytes were lost", row)
		}
	}
	if ways != 10 || conns/1000 != 40 {
		t.Errorf("internal/soak/README.md counts %d ways and %d connections, README.md ten and 40,000", ways, conns)
	}
	want("40,000 upgraded connections, ended in ten ways, lost 0 bytes that had to arrive")

	bad := make([]int, 3)
	scenarios := rows(read(t, "internal/interop/README.md"), "what happens")
	for _, row := range scenarios {
		for i := range bad {
			if strings.HasPrefix(row[i+1], "bad") {
				bad[i]++
			}
		}
	}
	want(fmt.Sprintf("nginx, HAProxy and Caddy fail %d, %d and %d of %d scenarios", bad[0], bad[1], bad[2], len(scenarios)))
}

// rows returns the cells of the Markdown table whose first column has that
// name.
func rows(text []byte, first string) [][]string {
	var all [][]string
	for _, line := range strings.Split(string(text), "\n") {
		cells := strings.Split(strings.Trim(line, "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		switch {
		case !strings.HasPrefix(line, "|"):
			if len(all) > 0 {
				return all[2:] // without the names and the dashes
			}
		case len(all) > 0 || cells[0] == first:
			all = append(all, cells)
		}
	}
	return nil
}

var (
	link = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	code = regexp.MustCompile("(?ms)^```.*?^```$|`[^`\n]+`")
)

// Every relative link in a Markdown file leads to a file, and every test that
// one names is there.
func TestMarkdownFilesNameWhatExists(t *testing.T) {
	tests := testNames(t)
	testName := regexp.MustCompile("`((?:Test|Example|Fuzz|Benchmark)[A-Z]\\w+)`")
	files := filesNamed(t, func(name string) bool { return strings.HasSuffix(name, ".md") })
	if !slices.Contains(files, "README.md") {
		t.Fatalf("the Markdown files are %q, without README.md", files)
	}
	for _, file := range files {
		text := read(t, file)
		for _, m := range link.FindAllSubmatch(code.ReplaceAll(text, nil), -1) {
			target, _, _ := strings.Cut(string(m[1]), "#")
			if target == "" || strings.Contains(target, "://") || strings.HasPrefix(target, "mailto:") {
				continue
			}
			if _, err := os.Stat(filepath.Join(filepath.Dir(file), filepath.FromSlash(target))); err != nil {
				t.Errorf("%s has a link to %s, which does not exist", file, m[1])
			}
		}
		for _, m := range testName.FindAllSubmatch(text, -1) {
			if name := string(m[1]); !tests[name] {
				t.Errorf("%s names %s, which no test file declares", file, name)
			}
		}
	}
}

// testNames returns the functions that the test files of the clone declare.
func testNames(t *testing.T) map[string]bool {
	t.Helper()
	declared := regexp.MustCompile(`(?m)^func ((?:Test|Example|Fuzz|Benchmark)\w+)\(`)
	names := make(map[string]bool)
	for _, file := range filesNamed(t, func(name string) bool { return strings.HasSuffix(name, "_test.go") }) {
		for _, m := range declared.FindAllSubmatch(read(t, file), -1) {
			names[string(m[1])] = true
		}
	}
	return names
}

// filesNamed returns the paths of the files with such a name, without those
// below testdata and hidden folders other than .github.
func filesNamed(t *testing.T, is func(name string) bool) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(".", func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() {
			if name == "testdata" || strings.HasPrefix(name, ".") && file != "." && name != ".github" {
				return fs.SkipDir
			}
			return nil
		}
		if is(name) {
			files = append(files, filepath.ToSlash(file))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// goDoc returns what go doc prints. It changes no file, as a first look at a
// fresh clone must not.
func goDoc(t *testing.T, args ...string) string {
	t.Helper()
	before := moduleFiles(t)
	out, err := exec.Command("go", append([]string{"doc"}, args...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("go doc %q: %v\n%s", args, err, out)
	}
	if diff := cmp.Diff(before, moduleFiles(t)); diff != "" {
		t.Errorf("go doc %q changes files (-before +after):\n%s", args, diff)
	}
	return string(out)
}

// moduleFiles returns the contents of the files in the root that the go command
// may write.
func moduleFiles(t *testing.T) map[string]string {
	t.Helper()
	contents := make(map[string]string)
	files, err := filepath.Glob("go.*")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		contents[file] = string(read(t, file))
	}
	return contents
}

// publicPackages returns the import paths of this module's packages that others
// can use, commands among them, without the root.
func publicPackages(t *testing.T) []string {
	t.Helper()
	packages, err := modulePackages()
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(slices.Clone(packages), func(p string) bool {
		return p == module || slices.Contains(strings.Split(p, "/"), "internal")
	})
}

// modulePackages returns the import paths of all packages of this module.
var modulePackages = sync.OnceValues(func() ([]string, error) {
	out, err := exec.Command("go", "list", "./...").Output()
	return strings.Fields(string(out)), err
})

// go doc . is the map of the module.
func TestPackageCommentNamesEveryPart(t *testing.T) {
	doc := goDoc(t, ".")
	parts := append(publicPackages(t), module+"/cmd/wrapvet") // a module of its own
	for _, p := range parts {
		name := strings.TrimPrefix(p, module+"/")
		if !regexp.MustCompile(`(?m)^ +- (github\.com/bodywrap/bodywrap/)?` + regexp.QuoteMeta(name) + ` `).MatchString(doc) {
			t.Errorf("go doc . has no item about %s:\n%s", name, doc)
		}
	}
}

// bracketed is a doc link that go doc could not resolve, and so prints with its
// brackets. Brackets behind a word or a closing bracket are Go, as in As[T].
var bracketed = regexp.MustCompile(`(?m)(?:^|[^\w\])])(\[\*?[A-Za-z_][\w./]*\])`)

// A doc link to a package that is not imported needs the whole import path, and
// a comment on a struct's field can have no link.
func TestDocLinksResolve(t *testing.T) {
	for _, p := range publicPackages(t) {
		for _, m := range bracketed.FindAllStringSubmatch(goDoc(t, "-all", p), -1) {
			t.Errorf("go doc -all %s prints %s with its brackets", p, m[1])
		}
	}
}

var goBlock = regexp.MustCompile("(?ms)^```go\n(.*?)^```$")

// Every Go block in the README is the body of an Example, or a run of whole
// statements out of one, and so compiles, and runs if the Example has output.
func TestReadmeBlocksAreExamples(t *testing.T) {
	bodies := exampleBodies(t)
	blocks := goBlock.FindAllSubmatch(read(t, "README.md"), -1)
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
	isExample := func(name string) bool {
		return strings.HasPrefix(name, "example") && strings.HasSuffix(name, "_test.go")
	}
	for _, file := range filesNamed(t, isExample) {
		text := read(t, file)
		fset := token.NewFileSet()
		f, err := parser.ParseFile(fset, file, text, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range f.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if !ok || !strings.HasPrefix(fn.Name.Name, "Example") {
				continue
			}
			body := string(text[fset.Position(fn.Body.Lbrace).Offset+1 : fset.Position(fn.Body.Rbrace).Offset])
			bodies = append(bodies, normalize(t, body))
		}
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
