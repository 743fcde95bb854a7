package gen

import (
	"go/ast"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
)

// A directive is a comment line of the form //wrapgen:verb args.
type directive struct {
	pos  token.Position
	verb string
	args []string
}

const directivePrefix = "//wrapgen:"

// directives returns those in the comment groups.
func directives(fset *token.FileSet, groups ...*ast.CommentGroup) []directive {
	var found []directive
	for _, group := range groups {
		if group == nil {
			continue
		}
		for _, c := range group.List {
			rest, ok := strings.CutPrefix(c.Text, directivePrefix)
			if !ok {
				continue
			}
			rest, _, _ = strings.Cut(rest, "//") // a remark may follow
			words := strings.Fields(rest)
			d := directive{pos: fset.Position(c.Pos())}
			if len(words) > 0 {
				d.verb, d.args = words[0], words[1:]
			}
			found = append(found, d)
		}
	}
	return found
}

// A declaration is a family as it is written: an interface whose doc comment
// has a //wrapgen:for line.
type declaration struct {
	pkg        *pkg
	spec       *ast.TypeSpec
	iface      *ast.InterfaceType
	directives []directive
	target     target
}

// A target is what follows //wrapgen:for, in the notation of go doc:
// [./dir.]struct[.field].
type target struct {
	pos    token.Position
	dir    string // absolute
	name   string // of the struct
	field  string // that holds the original, or ""
	source string // as written
}

// families returns the families that p declares, in the order of its files,
// and reports directives that belong to none.
func (l *loader) families(p *pkg) []*declaration {
	var found []*declaration
	for _, file := range p.files {
		used := make(map[token.Position]bool)
		use := func(ds []directive) []directive {
			for _, d := range ds {
				used[d.pos] = true
			}
			return ds
		}
		for _, decl := range file.Decls {
			gd, ok := decl.(*ast.GenDecl)
			if !ok || gd.Tok != token.TYPE {
				continue
			}
			for _, spec := range gd.Specs {
				spec := spec.(*ast.TypeSpec)
				doc := spec.Doc
				if doc == nil && !gd.Lparen.IsValid() {
					doc = gd.Doc
				}
				d := &declaration{pkg: p, spec: spec, directives: use(directives(l.fset, doc))}
				i := slices.IndexFunc(d.directives, func(d directive) bool { return d.verb == "for" })
				if i < 0 {
					for _, d := range d.directives {
						delete(used, d.pos)
					}
					continue
				}
				d.iface, ok = spec.Type.(*ast.InterfaceType)
				if !ok {
					l.faults.add(d.directives[i].pos, "%s is not an interface: a family is an interface that names what its struct always does, then, after a blank line, what it may do", spec.Name.Name)
					continue
				}
				for _, field := range d.iface.Methods.List {
					use(directives(l.fset, field.Doc, field.Comment))
				}
				if d.target, ok = l.target(p, d.directives[i]); ok {
					found = append(found, d)
				}
			}
		}
		for _, group := range file.Comments {
			for _, d := range directives(l.fset, group) {
				if !used[d.pos] {
					l.faults.add(d.pos, "//wrapgen:%s belongs to no family: directives go on an interface that has //wrapgen:for, or on its elements", d.verb)
				}
			}
		}
	}
	return found
}

// target parses the argument of //wrapgen:for.
func (l *loader) target(p *pkg, d directive) (target, bool) {
	bad := func() (target, bool) {
		l.faults.add(d.pos, "//wrapgen:for wants a struct, such as countingWriter, countingWriter.field, or ./dir.countingWriter")
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
