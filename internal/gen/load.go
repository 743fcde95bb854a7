package gen

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"go/types"
	"go/version"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// A loader asks the go command about packages. It type-checks from source the
// packages that a family or its struct is in, and reads export data of all
// packages that these import. Generated files exist for it in memory only.
type loader struct {
	dir       string                // where patterns are resolved
	runCmd    func(*exec.Cmd) error // see Config.Run
	fset      *token.FileSet
	pkgs      map[string]*pkg // by directory
	deps      map[string]dep  // by import path
	imp       *exportImporter
	generated map[string][]byte // files, by path
	left      []string          // generated files that are on the disk and not parsed
	faults    Faults
}

// A pkg is a package under work: listed by the go command, parsed with its
// comments, and type-checked without the files that are to be generated.
type pkg struct {
	Dir            string
	ImportPath     string
	Name           string
	GoFiles        []string
	CgoFiles       []string
	TestGoFiles    []string
	IgnoredGoFiles []string
	Imports        []string
	Deps           []string
	ImportMap      map[string]string
	Module         *struct{ Dir, GoVersion string }
	Error          *struct{ Pos, Err string }

	source bool        // families are looked for in it
	files  []*ast.File // the files of this build, without tests and generated files
	others []*ast.File // its test files and the files of other builds, as far as they can be parsed
	types  *types.Package
	info   *types.Info
	errors []types.Error // in declarations

	imported scope // names that a file of it imports and that no file declares; see packageScope
}

// A dep is a package that a package under work imports.
type dep struct {
	ImportPath string
	Dir        string
	Export     string
	Error      *struct{ Err string }
}

func newLoader(dir string) *loader {
	return &loader{
		dir:       dir,
		runCmd:    (*exec.Cmd).Run,
		fset:      token.NewFileSet(),
		pkgs:      make(map[string]*pkg),
		deps:      make(map[string]dep),
		generated: make(map[string][]byte),
	}
}

// goCommand runs the go command in dir and returns its output.
func (l *loader) goCommand(dir string, args ...string) ([]byte, error) {
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := l.runCmd(cmd); err != nil {
		if msg := strings.TrimSpace(stderr.String()); msg != "" {
			return nil, errors.New(strings.TrimPrefix(msg, "go: "))
		}
		return nil, fmt.Errorf("go %s: %w", args[0], err)
	}
	if stdout.Len() == 0 && stderr.Len() > 0 {
		return nil, errors.New(strings.TrimPrefix(strings.TrimSpace(stderr.String()), "go: warning: "))
	}
	return stdout.Bytes(), nil
}

// goList calls each with every package that the go command lists.
func goList[P any](l *loader, dir string, each func(P), args ...string) error {
	out, err := l.goCommand(dir, append([]string{"list", "-e"}, args...)...)
	if err != nil {
		return err
	}
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p P
		if err := dec.Decode(&p); err == io.EOF {
			return nil
		} else if err != nil {
			return fmt.Errorf("go list: %w", err)
		}
		each(p)
	}
}

// list adds the packages that patterns match and returns them.
func (l *loader) list(patterns ...string) ([]*pkg, error) {
	var matched []*pkg
	const fields = "-json=Dir,ImportPath,Name,GoFiles,CgoFiles,TestGoFiles,IgnoredGoFiles,Imports,Deps,ImportMap,Module,Error"
	err := goList(l, l.dir, func(p *pkg) {
		if len(p.GoFiles)+len(p.CgoFiles) == 0 {
			if p.Error != nil {
				l.faults.add(token.Position{}, "%s", p.Error.Err)
			}
			return
		}
		if l.pkgs[p.Dir] == nil {
			l.pkgs[p.Dir] = p
		}
		matched = append(matched, l.pkgs[p.Dir])
	}, append([]string{fields, "--"}, patterns...)...)
	return matched, err
}

// parse reads the source files of p. It leaves out the files that are generated
// from families of the packages under work.
func (l *loader) parse(p *pkg) {
	if p.files != nil {
		return
	}
	p.files = []*ast.File{}
	built := slices.Concat(p.GoFiles, p.CgoFiles)
	for _, name := range slices.Concat(built, p.TestGoFiles, p.IgnoredGoFiles) {
		path := filepath.Join(p.Dir, name)
		content, err := os.ReadFile(path)
		if err != nil {
			l.faults.add(token.Position{}, "%v", err)
			continue
		}
		if h, ok := parseHeader(content); ok {
			if q := l.pkgs[filepath.Dir(filepath.Join(p.Dir, h.source))]; q != nil && q.source {
				l.left = append(l.left, path)
				continue
			}
		}
		file, err := parser.ParseFile(l.fset, path, content, parser.ParseComments|parser.SkipObjectResolution)
		switch {
		case !slices.Contains(built, name):
			if file != nil && file.Name.Name == p.Name {
				p.others = append(p.others, file)
			}
			if err == nil && strings.HasSuffix(name, "_test.go") {
				l.refuseTest(file)
			}
		case err != nil:
			l.syntax(err)
		default:
			p.files = append(p.files, file)
		}
	}
}

// refuseTest reports families in a test file. The file generated from one would
// have to be a test file, too, which no package can import.
func (l *loader) refuseTest(file *ast.File) {
	for _, d := range l.directives(file.Comments...) {
		if d.verb == "for" {
			l.faults.add(d.pos, "a family cannot be in a test file: move it and its struct out")
		}
	}
}

// exports has the go command compile the packages that pkgs import, and extra,
// with the files that have been generated so far. It makes the importer.
func (l *loader) exports(pkgs []*pkg, extra ...string) error {
	var paths []string
	importMap := make(map[string]string)
	for _, p := range pkgs {
		for _, path := range p.Imports {
			if path != "C" && path != "unsafe" {
				paths = append(paths, path)
			}
		}
		for from, to := range p.ImportMap {
			importMap[from] = to
		}
	}
	paths = append(paths, extra...)
	slices.Sort(paths)
	paths = slices.Compact(paths)
	args := []string{"-export", "-deps", "-json=ImportPath,Dir,Export,Error"}
	if len(l.generated) > 0 {
		overlay, remove, err := l.overlay()
		if err != nil {
			return err
		}
		defer remove()
		args = append(args, "-overlay="+overlay)
	}
	err := goList(l, pkgs[0].Dir, func(d dep) {
		l.deps[d.ImportPath] = d
	}, append(append(args, "--"), paths...)...)
	if err != nil {
		return err
	}
	l.imp = newImporter(l, importMap)
	return nil
}

// overlay writes the files that have been generated to a temporary directory,
// with a list of them for the go command.
func (l *loader) overlay() (path string, remove func(), err error) {
	dir, err := os.MkdirTemp("", "wrapgen")
	if err != nil {
		return "", nil, err
	}
	remove = func() { _ = os.RemoveAll(dir) } // only temporary files
	replace := make(map[string]string)
	for _, path := range l.left {
		replace[path] = "" // not there
	}
	n := 0
	for path, content := range l.generated {
		n++
		replace[path] = filepath.Join(dir, fmt.Sprintf("%d.go", n))
		if err := os.WriteFile(replace[path], content, 0o600); err != nil {
			remove()
			return "", nil, err
		}
	}
	list, err := json.Marshal(map[string]any{"Replace": replace})
	if err == nil {
		path = filepath.Join(dir, "overlay.json")
		err = os.WriteFile(path, list, 0o600)
	}
	if err != nil {
		remove()
	}
	return path, remove, err
}

// check type-checks the declarations of p. Errors are kept and not reported:
// some of them only say that a generated name is missing.
func (l *loader) check(p *pkg) {
	p.info = &types.Info{
		Types: make(map[ast.Expr]types.TypeAndValue),
		Defs:  make(map[*ast.Ident]types.Object),
	}
	p.errors = nil
	conf := l.checker(p, func(err types.Error) { p.errors = append(p.errors, err) })
	conf.IgnoreFuncBodies = true
	p.types, _ = conf.Check(p.ImportPath, l.fset, p.files, p.info) // errors are kept
}

// checker returns a type checker like the compiler that would build p.
func (l *loader) checker(p *pkg, onError func(types.Error)) *types.Config {
	conf := &types.Config{
		Importer:    l.imp,
		FakeImportC: true,
		Error:       func(err error) { onError(err.(types.Error)) },
	}
	if p.Module != nil && p.Module.GoVersion != "" {
		conf.GoVersion = "go" + p.Module.GoVersion
	}
	return conf
}

// maxErrors is how many of the compiler's errors are shown, as the go command
// does.
const maxErrors = 10

// compilation reports errors of the user's code as the compiler words them.
// A line that continues the error before it begins with a tab, and does not
// count.
func (l *loader) compilation(faults *Faults, errs []types.Error) {
	n := 0
	for _, err := range errs {
		if !strings.HasPrefix(err.Msg, "\t") {
			n++
		}
		if n > maxErrors {
			faults.add(token.Position{}, "too many errors")
			return
		}
		faults.add(l.fset.Position(err.Pos), "%s", err.Msg)
	}
}

// syntax reports an error of package parser.
func (l *loader) syntax(err error) {
	var list scanner.ErrorList
	if !errors.As(err, &list) {
		l.faults.add(token.Position{}, "%v", err)
		return
	}
	for _, e := range list {
		l.faults.add(e.Pos, "%s", e.Msg)
	}
}

// old reports whether p's language version is older than go1.18: without any,
// and without type parameters.
func (p *pkg) old() bool {
	return p.Module != nil && (p.Module.GoVersion == "" || version.Compare("go"+p.Module.GoVersion, "go1.18") < 0)
}
