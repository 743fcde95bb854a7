package guards_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/format"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// An apiPackage is a package that go list found. record writes down what it
// exports as Go declarations without bodies, and types reads such a record back
// as a package that can be compared.
//
// Both sides of a comparison should be records: what a record leaves out, such
// as the types of unexported fields, is then left out of both.
type apiPackage struct {
	path string // its import path

	name    string
	dir     string
	files   []string
	exports map[string]string // export data of what it imports, by import path
}

// packages returns the packages of the module that others can import, sorted by
// import path.
var packages = sync.OnceValues(func() ([]apiPackage, error) {
	const format = `{{.ImportPath}}{{"\t"}}{{.Export}}{{"\t"}}{{.DepOnly}}{{"\t"}}{{.Name}}{{"\t"}}{{.Dir}}{{range .GoFiles}}{{"\t"}}{{.}}{{end}}`
	cmd := exec.Command("go", "list", "-export", "-deps", "-f", format, "./wrap/...")
	cmd.Dir = root
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w\n%s", err, stderr.Bytes())
	}
	exports := make(map[string]string)
	var pkgs []apiPackage
	for _, line := range strings.Split(strings.TrimSpace(string(out)), "\n") {
		f := strings.Split(line, "\t")
		importPath, export, depOnly := f[0], f[1], f[2] == "true"
		exports[importPath] = export
		if !depOnly && !slices.Contains(strings.Split(importPath, "/"), "internal") {
			pkgs = append(pkgs, apiPackage{importPath, f[3], f[4], f[5:], exports})
		}
	}
	slices.SortFunc(pkgs, func(a, b apiPackage) int { return strings.Compare(a.path, b.path) })
	return pkgs, nil
})

// record returns the exported declarations of p as a Go file, sorted by name,
// without comments, function bodies and unexported fields and methods.
func (p apiPackage) record() ([]byte, error) {
	fset := token.NewFileSet()
	compiled, err := p.importer(fset).Import(p.path)
	if err != nil {
		return nil, err
	}
	consts := compiled.Scope()
	decls := make(map[string]string)
	imports := make(map[string]string) // name as used, import spec
	used := make(map[string]bool)
	for _, file := range p.files {
		f, err := parser.ParseFile(fset, filepath.Join(p.dir, file), nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		for _, spec := range f.Imports {
			name, text := importName(spec)
			imports[name] = text
		}
		hasHidden := hiddenFields(f)
		ast.FileExports(f)
		for _, d := range f.Decls {
			if err := addDeclaration(decls, fset, d, hasHidden, consts); err != nil {
				return nil, err
			}
			ast.Inspect(d, func(n ast.Node) bool {
				if sel, ok := n.(*ast.SelectorExpr); ok {
					if id, ok := sel.X.(*ast.Ident); ok {
						used[id.Name] = true
					}
				}
				return true
			})
		}
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "package %s\n\n", p.name)
	fmt.Fprintln(&b, "import (")
	for _, name := range slices.Sorted(maps.Keys(imports)) {
		if used[name] {
			fmt.Fprintln(&b, imports[name])
		}
	}
	fmt.Fprintln(&b, ")")
	for _, key := range slices.Sorted(maps.Keys(decls)) {
		fmt.Fprintf(&b, "\n%s\n", decls[key])
	}
	return format.Source(b.Bytes())
}

func importName(spec *ast.ImportSpec) (name, text string) {
	p, _ := strconv.Unquote(spec.Path.Value) // the parser has checked it
	if spec.Name != nil {
		return spec.Name.Name, spec.Name.Name + " " + spec.Path.Value
	}
	return path.Base(p), spec.Path.Value
}

// hiddenFields returns the structs in f that have unexported fields.
func hiddenFields(f *ast.File) map[*ast.StructType]bool {
	hidden := make(map[*ast.StructType]bool)
	ast.Inspect(f, func(n ast.Node) bool {
		if s, ok := n.(*ast.StructType); ok {
			for _, field := range s.Fields.List {
				if slices.ContainsFunc(field.Names, func(id *ast.Ident) bool { return !id.IsExported() }) {
					hidden[s] = true
				}
			}
		}
		return true
	})
	return hidden
}

// addDeclaration adds what d declares to decls, by a key that sorts methods
// behind their type.
func addDeclaration(decls map[string]string, fset *token.FileSet, d ast.Decl, hidden map[*ast.StructType]bool, consts *types.Scope) error {
	switch d := d.(type) {
	case *ast.FuncDecl:
		d.Doc, d.Body = nil, nil
		key := d.Name.Name
		if d.Recv != nil {
			recv, err := source(fset, d.Recv.List[0].Type)
			if err != nil {
				return err
			}
			base, _, _ := strings.Cut(strings.TrimPrefix(recv, "*"), "[")
			if !token.IsExported(base) {
				return nil
			}
			key = base + "." + key
		}
		text, err := source(fset, d)
		decls[key] = text
		return err
	case *ast.GenDecl:
		if d.Tok == token.IMPORT {
			return nil
		}
		for _, spec := range d.Specs {
			if names, ok := spec.(*ast.ValueSpec); ok && d.Tok == token.CONST {
				for _, name := range names.Names {
					decls[name.Name] = constant(consts.Lookup(name.Name).(*types.Const))
				}
				continue
			}
			one := &ast.GenDecl{Tok: d.Tok, Specs: []ast.Spec{spec}}
			var key string
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				key, spec.Doc, spec.Comment = spec.Name.Name, nil, nil
				if s, ok := spec.Type.(*ast.StructType); ok && hidden[s] {
					s.Incomplete = false
					s.Fields.List = append(s.Fields.List, &ast.Field{Names: []*ast.Ident{ast.NewIdent("_")}, Type: ast.NewIdent("hidden")})
					decls["~hidden"] = "type hidden struct{} // unexported fields"
				}
			case *ast.ValueSpec:
				key, spec.Doc, spec.Comment = spec.Names[0].Name, nil, nil
				if len(spec.Values) > 0 && spec.Type != nil {
					spec.Values = nil
				}
			}
			text, err := source(fset, one)
			if err != nil {
				return err
			}
			decls[key] = text
		}
	}
	return nil
}

// constant declares c by its value, which in the source may be an iota.
func constant(c *types.Const) string {
	typ := ""
	if b, ok := c.Type().(*types.Basic); !ok || b.Info()&types.IsUntyped == 0 {
		typ = types.TypeString(c.Type(), func(p *types.Package) string {
			if p == c.Pkg() {
				return ""
			}
			return p.Name()
		})
	}
	return fmt.Sprintf("const %s %s = %s", c.Name(), typ, c.Val().ExactString())
}

func source(fset *token.FileSet, node any) (string, error) {
	var b strings.Builder
	if err := format.Node(&b, fset, node); err != nil {
		return "", err
	}
	return b.String(), nil
}

// types reads a record of p.
func (p apiPackage) types(record []byte) (*types.Package, error) {
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, p.path, record, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	for _, d := range f.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok {
			fn.Body = new(ast.BlockStmt) // a generic function may not be without
		}
	}
	config := types.Config{
		IgnoreFuncBodies: true,
		Importer:         p.importer(fset),
	}
	return config.Check(p.path, fset, []*ast.File{f}, nil)
}

func (p apiPackage) importer(fset *token.FileSet) types.Importer {
	return importer.ForCompiler(fset, "gc", func(path string) (io.ReadCloser, error) {
		return os.Open(p.exports[path])
	})
}
