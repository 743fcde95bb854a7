package gen

import (
	"cmp"
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A family is a declaration with its types: what every member does, and the
// optional elements whose combinations are its members.
type family struct {
	*declaration
	name     string
	typ      *types.Named
	always   []*element
	optional []*element
	base     []*types.Func // the methods of always
}

// An element is one line of a family: an interface, or a method written out.
// Of an optional element a value has all methods or none.
type element struct {
	pos     token.Position
	typ     types.Type // nil for a method written out
	methods []*types.Func
	added   []*types.Func // of methods, those that are not in the base
	name    string        // in Go names: Write, CloseWrite, Deadlines
	remark  string        // the comment beside it

	directives []directive
	needs      []*element // without any of these it is left out
	never      []*element // beside any of these it is left out
}

// resolve gives a declaration its types. It returns nil if there are faults.
func (l *loader) resolve(d *declaration) *family {
	before := len(*l.faults)
	f := &family{declaration: d, name: d.spec.Name.Name}
	f.typ, _ = d.pkg.types.Scope().Lookup(f.name).Type().(*types.Named)

	inBase := make(map[string]bool)
	for i, group := range l.groups(d.iface) {
		for _, field := range group {
			e := l.element(d, field)
			if e == nil {
				continue
			}
			for _, m := range e.methods {
				if m.Name() == "Unwrap" {
					l.faults.add(e.pos, "every member of a family has an Unwrap of its own, which returns the original: leave it out of %s", f.name)
				}
			}
			if i == 0 {
				f.always = append(f.always, e)
				for _, m := range e.methods {
					if !inBase[m.Id()] {
						inBase[m.Id()] = true
						f.base = append(f.base, m)
					}
				}
				continue
			}
			for _, m := range e.methods {
				if !inBase[m.Id()] {
					e.added = append(e.added, m)
				}
			}
			if len(e.added) == 0 {
				l.faults.add(e.pos, "every member of %s already has %s: delete the line", f.name, methodNames(e.methods))
				continue
			}
			f.optional = append(f.optional, e)
		}
	}
	if len(f.optional) == 0 && len(*l.faults) == before {
		l.faults.add(l.fset.Position(d.spec.Pos()), "%s has no optional element: what a member may or may not do comes after a blank line", f.name)
	}
	if len(*l.faults) > before {
		return nil
	}
	f.nameElements()
	l.constrain(f)
	if len(*l.faults) > before {
		return nil
	}
	return f
}

// groups splits the elements at the first blank line.
func (l *loader) groups(iface *ast.InterfaceType) [2][]*ast.Field {
	list := iface.Methods.List
	split := len(list)
	for i := 1; i < len(list); i++ {
		prev, next := list[i-1].End(), list[i].Pos()
		if c := list[i-1].Comment; c != nil {
			prev = c.End()
		}
		if doc := list[i].Doc; doc != nil {
			next = doc.Pos()
		}
		if l.fset.Position(next).Line > l.fset.Position(prev).Line+1 {
			split = i
			break
		}
	}
	return [2][]*ast.Field{list[:split], list[split:]}
}

// element resolves one line of the interface.
func (l *loader) element(d *declaration, field *ast.Field) *element {
	e := &element{
		pos:        l.fset.Position(field.Pos()),
		remark:     remark(field),
		directives: directives(l.fset, field.Doc, field.Comment),
	}
	if len(field.Names) > 0 {
		for _, name := range field.Names {
			m, ok := d.pkg.info.Defs[name].(*types.Func)
			if !ok {
				return nil // the compiler's error says it
			}
			e.methods = append(e.methods, m)
		}
		return e
	}
	e.typ = d.pkg.info.TypeOf(field.Type)
	if e.typ == nil || e.typ == types.Typ[types.Invalid] {
		return nil // the compiler's error says it
	}
	iface, ok := e.typ.Underlying().(*types.Interface)
	if !ok || !iface.IsMethodSet() {
		l.faults.add(e.pos, "%s is not an interface of methods", types.ExprString(field.Type))
		return nil
	}
	e.methods = methodsOf(l.fset, iface)
	return e
}

// remark returns the text of the comment beside a field, without directives.
func remark(field *ast.Field) string {
	if field.Comment == nil {
		return ""
	}
	return strings.TrimSpace(field.Comment.Text())
}

// methodsOf returns the methods of an interface in the order in which a reader
// meets them: those of embedded interfaces, then its own by position.
func methodsOf(fset *token.FileSet, iface *types.Interface) []*types.Func {
	var found []*types.Func
	seen := make(map[string]bool)
	var walk func(*types.Interface)
	walk = func(iface *types.Interface) {
		for i := range iface.NumEmbeddeds() {
			if embedded, ok := iface.EmbeddedType(i).Underlying().(*types.Interface); ok {
				walk(embedded)
			}
		}
		var own []*types.Func
		for i := range iface.NumExplicitMethods() {
			own = append(own, iface.ExplicitMethod(i))
		}
		slices.SortStableFunc(own, func(a, b *types.Func) int {
			p, q := fset.Position(a.Pos()), fset.Position(b.Pos())
			return cmp.Or(cmp.Compare(p.Line, q.Line), cmp.Compare(p.Column, q.Column))
		})
		for _, m := range own {
			if !seen[m.Id()] {
				seen[m.Id()] = true
				found = append(found, m)
			}
		}
	}
	walk(iface)
	return found
}

// nameElements gives each optional element the name that its constant ends
// in: its method's if it adds one, else its type's, else its methods' run
// together.
func (f *family) nameElements() {
	taken := make(map[string]bool)
	for _, e := range f.optional {
		var joined strings.Builder
		for _, m := range e.added {
			joined.WriteString(exported(m.Name()))
		}
		names := []string{joined.String()}
		if named, ok := e.typ.(interface{ Obj() *types.TypeName }); ok {
			names = append(names, exported(named.Obj().Name()))
			if len(e.added) > 1 {
				slices.Reverse(names)
			}
		}
		for _, e.name = range names {
			if !taken[e.name] {
				break
			}
		}
		for taken[e.name] {
			e.name += "Too"
		}
		taken[e.name] = true
	}
}

func exported(name string) string {
	r, n := utf8.DecodeRuneInString(name)
	return string(unicode.ToUpper(r)) + name[n:]
}

func methodNames(methods []*types.Func) string {
	names := make([]string, len(methods))
	for i, m := range methods {
		names[i] = m.Name()
	}
	return strings.Join(names, ", ")
}
