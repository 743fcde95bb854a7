package gen

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/scanner"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// A loader asks the go command about packages and type-checks those that a
// family or its struct is in from source, everything they import from export
// data. It never writes: what is generated exists for it in memory only.
type loader struct {
	config    Config
	fset      *token.FileSet
	pkgs      map[string]*pkg // by directory
	deps      map[string]dep  // by import path
	imp       types.Importer
	docs      map[string]string // of methods, by position
	generated map[string][]byte // files, by path
	left      []string          // generated files that were there
	faults    Faults
}

// A pkg is a package under work: listed by the go command, parsed with its
// comments, and type-checked without the files that are to be generated.
type pkg struct {
	Dir         string
	ImportPath  string
	Name        string
	GoFiles     []string
	CgoFiles    []string
	TestGoFiles []string
	Imports     []string
	Deps        []string
	ImportMap   map[string]string
	Module      *struct{ GoVersion string }
	Error       *struct{ Pos, Err string }

	source bool        // families are looked for in it
	files  []*ast.File // without generated ones
	types  *types.Package
	info   *types.Info
	errors []types.Error // of the declarations; bodies are checked at the end
}

// A dep is a package that one under work imports.
type dep struct {
	ImportPath string
	Dir        string
	Export     string
	Error      *struct{ Err string }
}

func newLoader(config Config) *loader {
	return &loader{
		config:    config,
		fset:      token.NewFileSet(),
		pkgs:      make(map[string]*pkg),
		deps:      make(map[string]dep),
		generated: make(map[string][]byte),
	}
}

// goList runs the go command and calls each with every package it lists.
func goList[P any](dir string, each func(P), args ...string) error {
	cmd := exec.Command("go", append([]string{"list", "-e"}, args...)...)
	cmd.Dir = dir
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		if msg := strings.TrimSpace(stderr.String()); msg != "" {
			return errors.New(strings.TrimPrefix(msg, "go: "))
		}
		return fmt.Errorf("go list: %w", err)
	}
	if stdout.Len() == 0 && stderr.Len() > 0 {
		return errors.New(strings.TrimPrefix(strings.TrimSpace(stderr.String()), "go: warning: "))
	}
	for dec := json.NewDecoder(&stdout); ; {
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
	const fields = "-json=Dir,ImportPath,Name,GoFiles,CgoFiles,TestGoFiles,Imports,Deps,ImportMap,Module,Error"
	err := goList(l.config.Dir, func(p *pkg) {
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

// parse reads the source files of p, all but those that are generated from
// families of the packages under work.
func (l *loader) parse(p *pkg) {
	if p.files != nil {
		return
	}
	p.files = []*ast.File{}
	for _, name := range slices.Concat(p.GoFiles, p.CgoFiles, p.TestGoFiles) {
		path := filepath.Join(p.Dir, name)
		content, err := os.ReadFile(path)
		if err != nil {
			l.faults.add(token.Position{}, "%v", err)
			continue
		}
		if from := origin(content); from != "" {
			if q := l.pkgs[filepath.Dir(filepath.Join(p.Dir, from))]; q != nil && q.source {
				l.left = append(l.left, path)
				continue
			}
		}
		if strings.HasSuffix(name, "_test.go") {
			l.refuseTest(path, content)
			continue
		}
		file, err := parser.ParseFile(l.fset, path, content, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			l.syntax(err)
			continue
		}
		p.files = append(p.files, file)
	}
}

// exports has the go command compile what pkgs import, with what has been
// generated so far, and makes the importer.
func (l *loader) exports(pkgs []*pkg) error {
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
	slices.Sort(paths)
	paths = slices.Compact(paths)
	if l.config.Test {
		paths = append(paths, proofImports...)
	}
	args := []string{"-export", "-deps", "-json=ImportPath,Dir,Export,Error"}
	if len(l.generated) > 0 {
		overlay, remove, err := l.overlay()
		if err != nil {
			return err
		}
		defer remove()
		args = append(args, "-overlay="+overlay)
	}
	err := goList(pkgs[0].Dir, func(d dep) {
		l.deps[d.ImportPath] = d
	}, append(append(args, "--"), paths...)...)
	if err != nil {
		return err
	}
	l.imp = importer.ForCompiler(l.fset, "gc", func(path string) (io.ReadCloser, error) {
		if to, ok := importMap[path]; ok {
			path = to
		}
		d := l.deps[path]
		if d.Export == "" {
			if d.Error != nil {
				return nil, errors.New(strings.TrimSpace(d.Error.Err))
			}
			return nil, fmt.Errorf("go list -export %s has nothing", path)
		}
		return os.Open(d.Export)
	})
	return nil
}

// overlay writes down for the go command what has been generated, in a
// temporary directory.
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

// check type-checks the declarations of p. Errors are kept, not reported:
// some are only that the generated names are missing.
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

// declarationErrors returns the errors of check, but not those that say that
// a name is missing which one of u's families is to have.
func (l *loader) declarationErrors(u *unit, p *pkg) []types.Error {
	return slices.DeleteFunc(slices.Clone(p.errors), func(err types.Error) bool {
		name, ok := strings.CutPrefix(err.Msg, "undefined: ")
		return ok && slices.ContainsFunc(u.decls, func(d *declaration) bool {
			return strings.HasPrefix(name, d.spec.Name.Name)
		})
	})
}

// recheck type-checks p completely, with the generated files among the others,
// and reports what the compiler would.
func (l *loader) recheck(p *pkg) {
	files := slices.Clone(p.files)
	for path, content := range l.generated {
		if filepath.Dir(path) != p.Dir {
			continue
		}
		file, err := parser.ParseFile(l.fset, path, content, parser.SkipObjectResolution)
		if err != nil {
			l.syntax(err)
			return
		}
		files = append(files, file)
	}
	var errs []types.Error
	conf := l.checker(p, func(err types.Error) { errs = append(errs, err) })
	_, _ = conf.Check(p.ImportPath, l.fset, files, nil) // errors are collected
	l.compilation(&l.faults, errs)
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
// Lines that go on from an error before them, which begin with a tab, do not
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
