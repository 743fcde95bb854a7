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

// A family is a declaration with its types. Every member has the methods of
// base and of always; the combinations of the optional elements make the
// members.
type family struct {
	*declaration
	typ      *types.Named
	strct    *types.Named  // the struct, in terms of the family's type parameters
	fields   *types.Struct // of strct
	original *types.Var    // the field that holds the original
	base     []*types.Func // the methods of its type
	always   []*element
	every    []*types.Func // of base, then of always, each once
	optional []*element
	hides    bool   // an element is left out by a directive
	rules    []rule // see fit
}

// An element is one line of a family: an interface, or a method written out.
// Of an optional element a member has all methods or none.
type element struct {
	pos        token.Position
	typ        types.Type // nil for a method written out
	methods    []*types.Func
	added      []*types.Func // of methods, those that no element before it has for every member
	name       string        // of an optional one, in Go names: Write, Deadlines
	remark     string        // the comment beside it
	directives []directive
	needs      []*element // without one of these it is left out
	never      []*element // beside one of these it is left out
}

// resolve gives a declaration its types. It returns nil if there are faults.
func (g *generator) resolve(d *declaration) *family {
	before := len(g.faults)
	f := &family{declaration: d}
	obj, _ := d.pkg.types.Scope().Lookup(d.name).(*types.TypeName)
	if obj != nil {
		f.typ, _ = obj.Type().(*types.Named)
	}
	if f.typ == nil {
		g.faults.add(g.fset.Position(d.spec.Pos()), "%s is not a defined type: a family is declared as type name interface { ... }", d.name)
		return nil
	}
	if (d.as || d.from != "") && d.dest.old() {
		g.faults.add(d.target.pos, "%sas and %[1]sfrom need type parameters, so a go line of 1.18 or later in go.mod", directivePrefix)
	}
	if !g.resolveStruct(f) {
		return nil
	}

	var optional []*element
	for _, field := range d.iface.Methods.List {
		e := g.element(d, field)
		switch {
		case e == nil:
		case e.has("always"):
			e.added = without(e.methods, f.every)
			f.always = append(f.always, e)
			f.every = append(f.every, e.added...)
		default:
			optional = append(optional, e)
		}
	}
	for _, e := range optional {
		if m, other := e.contradicts(f.every); m != nil {
			qualify := func(p *types.Package) string { return p.Name() }
			g.faults.add(e.pos, "no value has this %s: every member of %s has %s", shape(m, qualify), f.name, shape(other, qualify))
			continue
		}
		if e.has("hide") {
			f.hides = true
			continue
		}
		if e.added = without(e.methods, f.every); len(e.added) == 0 {
			by := "the type of the field " + f.original.Name()
			if len(without(e.methods, f.base)) > 0 {
				by += " and by what is always there"
			}
			g.faults.add(e.pos, "every member of %s has %s already, by %s: a family lists only what is optional, so delete this line", f.name, methodNames(e.methods), by)
			continue
		}
		f.optional = append(f.optional, e)
	}
	if len(g.faults) > before || g.incomplete(d) {
		return nil
	}
	if len(f.optional) == 0 {
		g.faults.add(g.fset.Position(d.spec.Pos()), "%s has nothing optional: list the methods that its members have if the original has them", f.name)
		return nil
	}
	f.nameElements()
	g.constrain(f)
	if len(g.faults) > before {
		return nil
	}
	return f
}

// resolveStruct finds the struct of f and the field that holds the original. It
// reports whether there was no fault.
func (g *generator) resolveStruct(f *family) bool {
	before := len(g.faults)
	obj, _ := f.dest.types.Scope().Lookup(f.target.name).(*types.TypeName)
	if obj == nil {
		g.faults.add(f.target.pos, "package %s has no type %s", f.dest.Name, f.target.name)
		return false
	}
	named, ok := obj.Type().(*types.Named)
	if !ok {
		g.faults.add(f.target.pos, "%s is an alias: name the struct itself", f.target.name)
		return false
	}
	if _, ok = named.Underlying().(*types.Struct); !ok {
		g.faults.add(f.target.pos, "%s is not a struct: the members of a family are made of one, which holds the original", f.target.name)
		return false
	}
	if f.strct = g.instantiate(f, named); f.strct == nil {
		return false
	}
	f.fields = f.strct.Underlying().(*types.Struct)
	if g.findOriginal(f); len(g.faults) > before {
		return false
	}
	f.base = methodsOf(g.fset, f.original.Type().Underlying().(*types.Interface))
	f.every = slices.Clone(f.base)
	return true
}

// instantiate gives a generic struct the type parameters of its family.
func (g *generator) instantiate(f *family, named *types.Named) *types.Named {
	have, want := f.typ.TypeParams(), named.TypeParams()
	if have.Len() != want.Len() {
		g.faults.add(f.target.pos, "%s has %d type parameters and %s has %d: a family has those of its struct", f.name, have.Len(), f.target.name, want.Len())
		return nil
	}
	if have.Len() == 0 {
		return named
	}
	args := make([]types.Type, have.Len())
	for i := range args {
		args[i] = have.At(i)
	}
	inst, err := types.Instantiate(nil, named, args, true)
	if err != nil {
		g.faults.add(f.target.pos, "the type parameters of %s do not fit %s: %v", f.name, f.target.name, err)
		return nil
	}
	return inst.(*types.Named)
}

// findOriginal sets the field that holds the original: the one that the
// directive names; else, of the fields whose type is an interface, the only
// one, or the only embedded one.
func (g *generator) findOriginal(f *family) {
	var fit, embedded []*types.Var
	for i := range f.fields.NumFields() {
		field := f.fields.Field(i)
		if f.target.field != "" {
			if field.Name() != f.target.field {
				continue
			}
			f.original = field
			if !isInterface(field.Type()) {
				g.faults.add(g.fset.Position(field.Pos()), "field %s is not of an interface type: wrapgen wraps what an interface holds", field.Name())
			}
			return
		}
		if isInterface(field.Type()) && field.Name() != "_" {
			fit = append(fit, field)
			if field.Embedded() {
				embedded = append(embedded, field)
			}
		}
	}
	switch {
	case f.target.field != "":
		g.faults.add(f.target.pos, "%s has no field %s", f.target.name, f.target.field)
	case len(fit) == 1:
		f.original = fit[0]
	case len(embedded) == 1:
		f.original = embedded[0]
	case len(fit) == 0:
		if !g.incompleteStruct(f) {
			g.faults.add(f.target.pos, "%s has no field of an interface type: its original is held by one", f.target.name)
		}
	default:
		g.faults.add(f.target.pos, "%s has more than one field that can hold the original: name it, %sfor %s.%s", f.target.name, directivePrefix, f.target.source, fit[0].Name())
	}
}

// isInterface reports whether t is an interface type that values can have.
func isInterface(t types.Type) bool {
	if _, ok := types.Unalias(t).(*types.TypeParam); ok {
		return false
	}
	iface, ok := t.Underlying().(*types.Interface)
	return ok && iface.IsMethodSet()
}

// incompleteStruct reports whether a field of f's struct has no type, and sees
// to it that the compiler's errors are reported.
func (g *generator) incompleteStruct(f *family) bool {
	for i := range f.fields.NumFields() {
		if f.fields.Field(i).Type() == types.Typ[types.Invalid] {
			before := len(g.faults)
			g.compilation(&g.faults, f.dest.errors)
			return len(g.faults) > before
		}
	}
	return false
}

// incomplete reports whether an element of d has no type, and sees to it that
// the compiler's errors are reported.
func (g *generator) incomplete(d *declaration) bool {
	for _, field := range d.iface.Methods.List {
		if t := d.pkg.info.TypeOf(field.Type); t == nil || t == types.Typ[types.Invalid] {
			g.compilation(&g.faults, d.pkg.errors)
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

// element resolves one line of the interface.
func (g *generator) element(d *declaration, field *ast.Field) *element {
	e := &element{
		pos:        g.fset.Position(field.Pos()),
		remark:     remark(field),
		directives: g.elementDirectives(d, field),
	}
	if len(field.Names) > 0 {
		for _, name := range field.Names {
			m, ok := d.pkg.info.Defs[name].(*types.Func)
			if !ok {
				return nil // the compiler's error says it
			}
			e.methods = append(e.methods, m)
		}
		return e.checked(g)
	}
	e.typ = d.pkg.info.TypeOf(field.Type)
	if e.typ == nil || e.typ == types.Typ[types.Invalid] {
		return nil // the compiler's error says it
	}
	if !isInterface(e.typ) {
		g.faults.add(e.pos, "%s is not an interface of methods: a family lists interfaces only, and its directive names the struct", types.ExprString(field.Type))
		return nil
	}
	if e.methods = methodsOf(g.fset, e.typ.Underlying().(*types.Interface)); len(e.methods) == 0 {
		g.faults.add(e.pos, "%s has no methods: delete the line", types.ExprString(field.Type))
		return nil
	}
	return e.checked(g)
}

// checked returns e, or nil if it has a method that no optional element can
// have.
func (e *element) checked(g *generator) *element {
	if !e.has("always") && slices.ContainsFunc(e.methods, func(m *types.Func) bool { return m.Name() == "Unwrap" }) {
		g.faults.add(e.pos, "Unwrap cannot be optional: every member has one, which returns the original; or put %salways on this line", directivePrefix)
		return nil
	}
	return e
}

// contradicts returns a method of e that has another signature than the method
// of the same name among others, and that method, or nil.
func (e *element) contradicts(others []*types.Func) (m, other *types.Func) {
	for _, m := range e.methods {
		i := slices.IndexFunc(others, sameMethod(m))
		if i >= 0 && !types.Identical(m.Type(), others[i].Type()) {
			return m, others[i]
		}
	}
	return nil, nil
}

// has reports whether the element has the directive.
func (e *element) has(verb string) bool {
	return slices.ContainsFunc(e.directives, func(d directive) bool { return d.verb == verb })
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

// nameElements gives each optional element a name of its own: its method's if
// it adds one, else its type's, else its methods' run together.
func (f *family) nameElements() {
	taken := make(scope)
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
		e.name = taken.fresh(names...)
	}
}

// exported returns name with its first letter in upper case.
func exported(name string) string {
	r, n := utf8.DecodeRuneInString(name)
	return string(unicode.ToUpper(r)) + name[n:]
}

// initial returns the first letter of name in lower case.
func initial(name string) string {
	r, _ := utf8.DecodeRuneInString(name)
	return string(unicode.ToLower(r))
}

// unexported returns name with its first letter in lower case.
func unexported(name string) string {
	_, n := utf8.DecodeRuneInString(name)
	return initial(name) + name[n:]
}

func names(methods []*types.Func) []string {
	names := make([]string, len(methods))
	for i, m := range methods {
		names[i] = m.Name()
	}
	return names
}

func methodNames(methods []*types.Func) string { return strings.Join(names(methods), ", ") }
