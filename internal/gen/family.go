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
	base     []*types.Func // the methods of always, each once
	hides    bool          // an element is left out by a directive
	rules    []rule        // see fit
}

// An element is one line of a family: an interface, or a method written out.
// Of an optional element a member has all methods or none.
type element struct {
	pos        token.Position
	typ        types.Type // nil for a method written out
	methods    []*types.Func
	added      []*types.Func // of methods, those that are not in the base
	name       string        // of an optional one, in Go names: Write, Deadlines
	remark     string        // the comment beside it
	directives []directive
	needs      []*element // without one of these it is left out
	never      []*element // beside one of these it is left out
}

// resolve gives a declaration its types. It returns nil if there are faults.
func (l *loader) resolve(d *declaration) *family {
	before := len(l.faults)
	f := &family{declaration: d, name: d.spec.Name.Name}
	f.typ, _ = d.pkg.types.Scope().Lookup(f.name).Type().(*types.Named)

	groups := l.groups(d.iface)
	for _, field := range groups[0] {
		if e := l.element(d, field); e != nil {
			f.always = append(f.always, e)
			e.added = without(e.methods, f.base)
			f.base = append(f.base, e.added...)
		}
	}
	for _, field := range groups[1] {
		e := l.element(d, field)
		if e == nil {
			continue
		}
		if e.hidden() {
			f.hides = true
			continue
		}
		if e.added = without(e.methods, f.base); len(e.added) == 0 {
			l.faults.add(e.pos, "every member of %s has %s already, by what comes before the blank line: delete this one", f.name, methodNames(e.methods))
			continue
		}
		f.optional = append(f.optional, e)
	}
	if len(l.faults) > before || l.incomplete(d) {
		return nil
	}
	if len(f.optional) == 0 {
		l.faults.add(l.fset.Position(d.spec.Pos()), "%s has nothing optional: what its members may or may not do comes after a blank line", f.name)
		return nil
	}
	f.nameElements()
	l.constrain(f)
	if len(l.faults) > before {
		return nil
	}
	return f
}

// incomplete reports whether an element of d has no type, and sees to it that
// the compiler's errors are reported.
func (l *loader) incomplete(d *declaration) bool {
	for _, field := range d.iface.Methods.List {
		if t := d.pkg.info.TypeOf(field.Type); t == nil || t == types.Typ[types.Invalid] {
			l.compilation(&l.faults, d.pkg.errors)
			return true
		}
	}
	return false
}

// without returns the methods that are not among others.
func without(methods, others []*types.Func) []*types.Func {
	var rest []*types.Func
	for _, m := range methods {
		if !slices.ContainsFunc(others, sameMethod(m)) {
			rest = append(rest, m)
		}
	}
	return rest
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
		directives: l.directives(field.Doc, field.Comment),
	}
	if len(field.Names) > 0 {
		for _, name := range field.Names {
			m, ok := d.pkg.info.Defs[name].(*types.Func)
			if !ok {
				return nil // the compiler's error says it
			}
			e.methods = append(e.methods, m)
		}
		return e.checked(l)
	}
	e.typ = d.pkg.info.TypeOf(field.Type)
	if e.typ == nil || e.typ == types.Typ[types.Invalid] {
		return nil // the compiler's error says it
	}
	iface, ok := e.typ.Underlying().(*types.Interface)
	if !ok || !iface.IsMethodSet() {
		l.faults.add(e.pos, "%s is not an interface of methods: a family lists interfaces only, and its directive names the struct", types.ExprString(field.Type))
		return nil
	}
	if e.methods = methodsOf(l.fset, iface); len(e.methods) == 0 {
		l.faults.add(e.pos, "%s has no methods: delete the line", types.ExprString(field.Type))
		return nil
	}
	return e.checked(l)
}

// checked returns e, or nil if it has a method that is none of a family's.
func (e *element) checked(l *loader) *element {
	if slices.ContainsFunc(e.methods, func(m *types.Func) bool { return m.Name() == "Unwrap" }) {
		l.faults.add(e.pos, "Unwrap does not go into a family: every member has one, which returns the original")
		return nil
	}
	return e
}

// hidden reports whether a directive leaves the element out.
func (e *element) hidden() bool {
	return slices.ContainsFunc(e.directives, func(d directive) bool { return d.verb == "hide" })
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

func names(methods []*types.Func) []string {
	names := make([]string, len(methods))
	for i, m := range methods {
		names[i] = m.Name()
	}
	return names
}

func methodNames(methods []*types.Func) string { return strings.Join(names(methods), ", ") }
