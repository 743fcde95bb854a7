package gen

import (
	"go/ast"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A target is the argument of //wrapgen:for, in the notation of go doc:
// [./dir.]struct[.field].
type target struct {
	pos    token.Position
	dir    string // absolute
	name   string // of the struct
	field  string // that holds the original, or ""
	source string // as written
}

// target parses the argument of //wrapgen:for.
func (g *generator) target(p *pkg, d directive) (target, bool) {
	bad := func() (target, bool) {
		g.faults.add(d.pos, "%sfor wants a struct, such as countingWriter, countingWriter.field or ./dir.countingWriter", directivePrefix)
		return target{}, false
	}
	if len(d.args) != 1 {
		return bad()
	}
	t := target{pos: d.pos, dir: p.Dir, source: d.args[0]}
	name := t.source
	if strings.HasPrefix(name, "./") || strings.HasPrefix(name, "../") {
		slash := strings.LastIndex(name, "/")
		last, rest, ok := strings.Cut(name[slash+1:], ".")
		if !ok {
			return bad()
		}
		t.dir, name = filepath.Join(p.Dir, name[:slash], last), rest
	}
	t.name, t.field, _ = strings.Cut(name, ".")
	if !token.IsIdentifier(t.name) || t.field != "" && !token.IsIdentifier(t.field) {
		return bad()
	}
	return t, true
}

// targets finds the package of each declaration's struct.
func (g *generator) targets(decls []*declaration) error {
	var missing []string
	for _, d := range decls {
		dir := d.target.dir
		if g.pkgs[dir] != nil || slices.Contains(missing, dir) {
			continue
		}
		if info, err := os.Stat(dir); err == nil && info.IsDir() {
			missing = append(missing, dir)
		}
	}
	if len(missing) > 0 {
		if _, err := g.list(missing...); err != nil {
			return err
		}
	}
	for _, d := range decls {
		if d.dest = g.pkgs[d.target.dir]; d.dest == nil {
			g.faults.add(d.target.pos, "there is no package in %s", relative(g.dir, d.target.dir))
			continue
		}
		g.parse(d.dest)
		for _, path := range d.paths() {
			// The file may be there from a family of another
			// package.
			d.dest.files = slices.DeleteFunc(d.dest.files, func(f *ast.File) bool {
				return g.fset.Position(f.Package).Filename == path
			})
		}
	}
	return nil
}

// outputPath returns the path of the family's file. Without a file directive
// its name is zz_<family>.go, with the systems that the name of the family's
// own file restricts it to: zz_<family>_linux.go.
func (d *declaration) path() string {
	if d.fileName != "" {
		return filepath.Join(d.target.dir, d.fileName)
	}
	stem := "zz_" + d.name
	if strings.HasSuffix(stem, "_test") || len(nameConstraints(stem+".go")) > 0 {
		stem += "_family" // go build must not read the name's end as a constraint
	}
	for _, word := range nameConstraints(d.source) {
		stem += "_" + word
	}
	return filepath.Join(d.target.dir, stem+".go")
}

// place writes a position for use within a sentence.
func (l *loader) place(pos token.Position) string {
	pos.Filename = relative(l.dir, pos.Filename)
	return pos.String()
}

// testPath returns where the test of a generated file goes. A system in the
// name stays at its end.
func testPath(output string) string { return strings.TrimSuffix(output, ".go") + "_test.go" }
