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
	dir    string // where patterns are resolved
	fset   *token.FileSet
	pkgs   map[string]*pkg // by directory
	export map[string]string
	imp    types.Importer
	faults *Faults
}

// A pkg is a package under work: listed by the go command, parsed with its
// comments, and type-checked without the files that are to be generated.
type pkg struct {
	Dir        string
	ImportPath string
	Name       string
	GoFiles    []string
	CgoFiles   []string
	Imports    []string
	ImportMap  map[string]string
	Module     *struct{ Dir, GoVersion string }
	Error      *struct{ Pos, Err string }

	files  []*ast.File // without generated ones
	types  *types.Package
	info   *types.Info
	errors []types.Error // of the declarations; bodies are checked at the end
}

func newLoader(dir string, faults *Faults) *loader {
	return &loader{
		dir:    dir,
		fset:   token.NewFileSet(),
		pkgs:   make(map[string]*pkg),
		export: make(map[string]string),
		faults: faults,
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
			return errors.New(msg)
		}
		return fmt.Errorf("go list: %w", err)
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
	const fields = "-json=Dir,ImportPath,Name,GoFiles,CgoFiles,Imports,ImportMap,Module,Error"
	err := goList(l.dir, func(p *pkg) {
		if have, ok := l.pkgs[p.Dir]; ok && p.Dir != "" {
			p = have
		} else {
			l.pkgs[p.Dir] = p
		}
		matched = append(matched, p)
	}, append([]string{fields, "--"}, patterns...)...)
	return matched, err
}

// parse reads the source files of p, all but those that skip says are to be
// generated.
func (l *loader) parse(p *pkg, skip func(path string) bool) {
	p.files = nil
	for _, name := range slices.Concat(p.GoFiles, p.CgoFiles) {
		path := filepath.Join(p.Dir, name)
		if skip(path) {
			continue
		}
		file, err := parser.ParseFile(l.fset, path, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			l.syntax(err)
			continue
		}
		p.files = append(p.files, file)
	}
}

// exports has the go command build what pkgs import, and makes the importer.
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
	if len(paths) > 0 {
		type dep struct{ ImportPath, Export string }
		err := goList(pkgs[0].Dir, func(p dep) {
			l.export[p.ImportPath] = p.Export
		}, append([]string{"-export", "-deps", "-json=ImportPath,Export", "--"}, paths...)...)
		if err != nil {
			return err
		}
	}
	l.imp = importer.ForCompiler(l.fset, "gc", func(path string) (io.ReadCloser, error) {
		if to, ok := importMap[path]; ok {
			path = to
		}
		file := l.export[path]
		if file == "" {
			return nil, fmt.Errorf("no such package, or it does not compile: go list %s says why", path)
		}
		return os.Open(file)
	})
	return nil
}

// check type-checks the declarations of p. Errors are kept, not reported:
// some are only that the generated names are missing.
func (l *loader) check(p *pkg) {
	p.info = &types.Info{
		Types: make(map[ast.Expr]types.TypeAndValue),
		Defs:  make(map[*ast.Ident]types.Object),
		Uses:  make(map[*ast.Ident]types.Object),
	}
	conf := l.config(p, func(err types.Error) { p.errors = append(p.errors, err) })
	conf.IgnoreFuncBodies = true
	p.types, _ = conf.Check(p.ImportPath, l.fset, p.files, p.info) // errors are kept
}

// recheck type-checks p completely, with the generated files among the others,
// and reports what the compiler would.
func (l *loader) recheck(p *pkg, generated map[string][]byte) {
	files := slices.Clone(p.files)
	for path, content := range generated {
		file, err := parser.ParseFile(l.fset, path, content, parser.SkipObjectResolution)
		if err != nil {
			l.syntax(err)
			return
		}
		files = append(files, file)
	}
	var errs []types.Error
	conf := l.config(p, func(err types.Error) { errs = append(errs, err) })
	conf.Check(p.ImportPath, l.fset, files, nil) // errors are collected
	l.compilation(errs)
}

func (l *loader) config(p *pkg, onError func(types.Error)) *types.Config {
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
func (l *loader) compilation(errs []types.Error) {
	for i, err := range errs {
		if i == maxErrors {
			l.faults.add(token.Position{}, "too many errors")
			return
		}
		l.faults.add(l.fset.Position(err.Pos), "%s", err.Msg)
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
