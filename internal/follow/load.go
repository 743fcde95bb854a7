package follow

import (
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// patterns are the packages whose questions are listed.
var patterns = []string{
	"net/http",
	"net/http/internal/...",
	"net/http/httputil",
	"net",
	"io",
	"bufio",
	"os",
	"crypto/tls",
}

// A Library is the part of the standard library that is listed, and all that it
// imports, as the types that it declares.
type Library struct {
	fset     *token.FileSet
	listed   map[string]*listing // by import path, with all dependencies
	extra    map[string]string   // by import path: the text of one more file
	packages map[string]*loaded
}

// listing is what go list says of a package.
type listing struct {
	ImportPath string
	Dir        string
	GoFiles    []string
	ImportMap  map[string]string // of vendored packages: the path in the source, the real one
	DepOnly    bool              // no pattern matches it
}

// loaded is a package with its types. info is nil unless a pattern matches the
// package.
type loaded struct {
	types *types.Package
	files []*ast.File
	info  *types.Info
}

// Load type-checks the standard library of the go command in PATH.
func Load() (*Library, error) {
	cmd := exec.Command("go", append([]string{"list", "-deps", "-json=ImportPath,Dir,GoFiles,ImportMap,DepOnly"}, patterns...)...)
	cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH=amd64", "CGO_ENABLED=0")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w\n%s", err, stderr.String())
	}
	lib := &Library{
		fset:     token.NewFileSet(),
		listed:   make(map[string]*listing),
		packages: make(map[string]*loaded),
	}
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		l := new(listing)
		if err := dec.Decode(l); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, fmt.Errorf("go list: %w", err)
		}
		lib.listed[l.ImportPath] = l
	}
	return lib, lib.loadAll()
}

// With returns the library that lib would be if each package in extra had one
// more file, of that text. With is how tests play a library that has changed.
// It leaves lib as it is.
func (lib *Library) With(extra map[string]string) (*Library, error) {
	changed := &Library{
		fset:     lib.fset,
		listed:   lib.listed,
		extra:    extra,
		packages: make(map[string]*loaded),
	}
	depends := make(map[*types.Package]bool) // on a package in extra
	var visit func(p *types.Package) bool
	visit = func(p *types.Package) bool {
		yes, seen := depends[p]
		if !seen {
			_, yes = extra[p.Path()]
			for _, imported := range p.Imports() {
				yes = visit(imported) || yes
			}
			depends[p] = yes
		}
		return yes
	}
	for path, p := range lib.packages {
		if !visit(p.types) {
			changed.packages[path] = p
		}
	}
	return changed, changed.loadAll()
}

// loadAll loads the packages that go list has listed and that are not loaded.
func (lib *Library) loadAll() error {
	for path := range lib.listed {
		if _, err := lib.load(path); err != nil {
			return err
		}
	}
	return nil
}

// load returns the package at path, with its real path if it is vendored.
func (lib *Library) load(path string) (*loaded, error) {
	if p := lib.packages[path]; p != nil {
		return p, nil
	}
	l := lib.listed[path]
	if l == nil {
		return nil, fmt.Errorf("go list did not list %s", path)
	}
	var files []*ast.File
	for _, name := range l.GoFiles {
		f, err := parser.ParseFile(lib.fset, filepath.Join(l.Dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	if text, ok := lib.extra[path]; ok {
		f, err := parser.ParseFile(lib.fset, filepath.Join(l.Dir, "extra.go"), text, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	p, err := lib.check(path, files, l.ImportMap, l.DepOnly)
	if err != nil {
		return nil, err
	}
	lib.packages[path] = p
	return p, nil
}

// check type-checks files as the package at path, without function bodies if
// only its declarations matter.
func (lib *Library) check(path string, files []*ast.File, vendored map[string]string, declarations bool) (*loaded, error) {
	config := types.Config{
		Importer:         importerFor{lib, vendored},
		Sizes:            types.SizesFor("gc", "amd64"),
		FakeImportC:      true,
		IgnoreFuncBodies: declarations,
	}
	p := &loaded{files: files}
	if !declarations {
		p.info = &types.Info{
			Types: make(map[ast.Expr]types.TypeAndValue),
			Defs:  make(map[*ast.Ident]types.Object),
			Uses:  make(map[*ast.Ident]types.Object),
		}
	}
	var err error
	p.types, err = config.Check(path, lib.fset, files, p.info)
	return p, err
}

// importerFor imports what one package imports.
type importerFor struct {
	lib      *Library
	vendored map[string]string
}

func (i importerFor) Import(path string) (*types.Package, error) {
	if path == "unsafe" {
		return types.Unsafe, nil
	}
	if real, ok := i.vendored[path]; ok {
		path = real
	}
	p, err := i.lib.load(path)
	if err != nil {
		return nil, err
	}
	return p.types, nil
}
