// Package alone runs the analyzer over packages without go vet.
//
// The usual drivers read every dependency from source when an analyzer has facts. Few of them matter here, so this one
// loads the packages that were asked for, with export data for the rest, and goes back for the source of another package
// only when the analyzer asks for a fact about one of its functions.
package alone

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"go/token"
	"go/types"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/packages"
)

// Options says what to do with the findings.
type Options struct {
	Fix  bool   // apply the suggested fixes, and print what has none
	JSON bool   // print JSON
	Dir  string // where to run; if empty, here
}

// Run prints the findings in the packages and returns how many were printed.
func Run(a *analysis.Analyzer, patterns []string, opts Options, out io.Writer) (int, error) {
	r := &runner{
		analyzer: a,
		dir:      opts.Dir,
		facts:    map[factKey]analysis.Fact{},
		asked:    map[string]bool{},
	}
	pkgs, err := r.load(patterns...)
	if err != nil {
		return 0, err
	}
	named := map[*packages.Package]bool{}
	for _, p := range pkgs {
		r.asked[p.PkgPath], named[p] = true, true
	}
	packages.Visit(pkgs, nil, func(p *packages.Package) { // dependencies first, for their facts
		if err == nil && named[p] { // one between two of them has syntax too, and bodies without types
			err = r.analyze(p, true)
		}
	})
	if err != nil {
		return 0, err
	}
	if opts.Fix {
		if err := r.fix(); err != nil {
			return 0, err
		}
	}
	slices.SortStableFunc(r.found, func(a, b found) int {
		return cmp.Or(cmp.Compare(a.pos.Filename, b.pos.Filename), cmp.Compare(a.pos.Offset, b.pos.Offset))
	})
	r.found = slices.CompactFunc(r.found, func(a, b found) bool { return a.pos == b.pos && a.Message == b.Message })
	return len(r.found), r.print(out, opts.JSON)
}

type runner struct {
	analyzer *analysis.Analyzer
	dir      string
	facts    map[factKey]analysis.Fact
	asked    map[string]bool // packages whose facts are here, as far as they have any
	found    []found
}

type found struct {
	analysis.Diagnostic
	fset *token.FileSet
	pos  token.Position
}

// A factKey names an object across loads of its package.
type factKey struct {
	object string
	typ    reflect.Type
}

func keyOf(obj types.Object, f analysis.Fact) factKey {
	name := obj.Pkg().Path() + "." + obj.Name()
	if fn, ok := obj.(*types.Func); ok {
		name = fn.FullName()
	}
	return factKey{name, reflect.TypeOf(f)}
}

func (r *runner) load(patterns ...string) ([]*packages.Package, error) {
	const mode = packages.NeedName | packages.NeedFiles | packages.NeedCompiledGoFiles | packages.NeedImports |
		packages.NeedTypes | packages.NeedTypesSizes | packages.NeedSyntax | packages.NeedTypesInfo | packages.NeedModule | packages.NeedExportFile
	pkgs, err := packages.Load(&packages.Config{Mode: mode, Dir: r.dir}, patterns...)
	if err != nil {
		return nil, err
	}
	if len(pkgs) == 0 {
		return nil, fmt.Errorf("no packages match %s", strings.Join(patterns, " "))
	}
	var errs []error
	for _, p := range pkgs {
		for i, e := range p.Errors {
			if i == 10 {
				break
			}
			errs = append(errs, e)
		}
	}
	return pkgs, errors.Join(errs...)
}

func (r *runner) analyze(p *packages.Package, report bool) error {
	pass := &analysis.Pass{
		Analyzer:   r.analyzer,
		Fset:       p.Fset,
		Files:      p.Syntax,
		OtherFiles: p.OtherFiles,
		Pkg:        p.Types,
		TypesInfo:  p.TypesInfo,
		TypesSizes: p.TypesSizes,
		ResultOf:   map[*analysis.Analyzer]any{},
		ReadFile:   os.ReadFile,
		Report: func(d analysis.Diagnostic) {
			if report {
				r.found = append(r.found, found{d, p.Fset, p.Fset.Position(d.Pos)})
			}
		},
		ImportObjectFact: r.importFact,
		ExportObjectFact: func(obj types.Object, f analysis.Fact) { r.facts[keyOf(obj, f)] = f },
	}
	if _, err := r.analyzer.Run(pass); err != nil {
		return fmt.Errorf("%s: %w", p.PkgPath, err)
	}
	return nil
}

// importFact finds a fact about a function of another package, whose source is read at the first question.
func (r *runner) importFact(obj types.Object, f analysis.Fact) bool {
	path := obj.Pkg().Path()
	if !r.asked[path] {
		r.asked[path] = true
		if first, _, _ := strings.Cut(path, "/"); strings.Contains(first, ".") { // not the standard library
			pkgs, err := r.load(path)
			if err == nil { // a package that cannot be loaded has no facts
				for _, p := range pkgs {
					_ = r.analyze(p, false) // nor one that cannot be analyzed
				}
			}
		}
	}
	got, ok := r.facts[keyOf(obj, f)]
	if ok {
		reflect.ValueOf(f).Elem().Set(reflect.ValueOf(got).Elem())
	}
	return ok
}

// line is a finding as JSON.
type line struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Rule    string `json:"rule"`
	Message string `json:"message"`
	URL     string `json:"url"`
}

func (r *runner) print(out io.Writer, asJSON bool) error {
	enc := json.NewEncoder(out)
	for _, f := range r.found {
		file := r.relative(f.pos.Filename)
		var err error
		if asJSON {
			err = enc.Encode(line{file, f.pos.Line, f.pos.Column, f.Category, f.Message, f.URL})
		} else {
			_, err = fmt.Fprintf(out, "%s:%d:%d: %s\n", file, f.pos.Line, f.pos.Column, f.Message)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// relative returns a path as one would type it here.
func (r *runner) relative(file string) string {
	dir := r.dir
	if dir == "" {
		dir = "."
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return file
	}
	if rel, err := filepath.Rel(abs, file); err == nil && !strings.HasPrefix(rel, "..") {
		return rel
	}
	return file
}
