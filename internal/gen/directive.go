package gen

import (
	"go/ast"
	"go/token"
	"slices"
	"strings"
)

// A directive is a comment of the form //wrapgen:verb args; several can follow
// one another in a line.
type directive struct {
	pos  token.Position
	verb string
	args []string
}

const directivePrefix = "//wrapgen:"

// What a directive can say, of a family and of an element.
var (
	familyVerbs  = []string{"for", "as"}
	elementVerbs = []string{"needs", "never", "like", "route", "hide", "pass"}
)

// directives returns those in the comment groups.
func (l *loader) directives(groups ...*ast.CommentGroup) []directive {
	var found []directive
	for _, group := range groups {
		if group == nil {
			continue
		}
		for _, c := range group.List {
			if !strings.HasPrefix(c.Text, directivePrefix) {
				continue
			}
			at := c.Pos()
			for _, text := range strings.Split(c.Text, directivePrefix)[1:] {
				d := directive{pos: l.fset.Position(at)}
				at += token.Pos(len(directivePrefix) + len(text))
				text, _, _ = strings.Cut(text, "//") // a remark may follow
				if words := strings.Fields(text); len(words) > 0 {
					d.verb, d.args = words[0], words[1:]
				}
				found = append(found, d)
			}
		}
	}
	return found
}

// A declaration is a family as it is written: an interface whose doc comment
// has a //wrapgen:for line.
type declaration struct {
	pkg        *pkg
	file       *ast.File
	spec       *ast.TypeSpec
	iface      *ast.InterfaceType
	directives []directive
	target     target
	dest       *pkg   // the struct's, where the generated file goes
	output     string // its path
}

// families returns the families that p declares, in the order of its files,
// and reports directives that belong to none.
func (l *loader) families(p *pkg) []*declaration {
	var found []*declaration
	for _, file := range p.files {
		used := make(map[token.Position]bool)
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
				if d := l.family(p, file, spec, doc, used); d != nil {
					found = append(found, d)
				}
			}
		}
		for _, group := range file.Comments {
			for _, d := range l.directives(group) {
				if !used[d.pos] {
					l.faults.add(d.pos, "%s%s belongs to no family: it goes on an interface that has %sfor, or on a line of it", directivePrefix, d.verb, directivePrefix)
				}
			}
		}
	}
	return found
}

// family returns the declaration of a type if it is a family, and adds the
// positions of its directives to used.
func (l *loader) family(p *pkg, file *ast.File, spec *ast.TypeSpec, doc *ast.CommentGroup, used map[token.Position]bool) *declaration {
	d := &declaration{pkg: p, file: file, spec: spec, directives: l.directives(doc)}
	i := slices.IndexFunc(d.directives, func(d directive) bool { return d.verb == "for" })
	if i < 0 {
		return nil
	}
	l.known(d.directives, familyVerbs, used)
	var ok bool
	if d.iface, ok = spec.Type.(*ast.InterfaceType); !ok {
		l.faults.add(d.directives[i].pos, "%s is not an interface: a family is one that lists what its members always do and, after a blank line, what they may do", spec.Name.Name)
		return nil
	}
	for _, field := range d.iface.Methods.List {
		l.known(l.directives(field.Doc, field.Comment), elementVerbs, used)
	}
	if d.target, ok = l.target(p, d.directives[i]); !ok {
		return nil
	}
	return d
}

// known reports directives that there are not.
func (l *loader) known(ds []directive, verbs []string, used map[token.Position]bool) {
	for _, d := range ds {
		used[d.pos] = true
		if !slices.Contains(verbs, d.verb) {
			l.faults.add(d.pos, "no directive %s%s goes here, but %s", directivePrefix, d.verb, strings.Join(verbs, ", "))
		}
	}
}

// has reports whether the family has the directive.
func (d *declaration) has(verb string) bool {
	return slices.ContainsFunc(d.directives, func(d directive) bool { return d.verb == verb })
}
