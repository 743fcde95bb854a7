package gen

import (
	"go/types"
	"slices"
	"strings"
)

// A binding is a family joined to its struct: for every method, who does it.
// What is neither own nor routed goes straight to the original.
type binding struct {
	*family
	strct     *types.Named           // in terms of the family's type parameters
	fields    *types.Struct          // of strct
	original  *types.Var             // the field that holds the original, or nil
	own       map[string]*types.Func // the struct's methods, by the id of the family's
	routed    map[string]string      // the name of the own method that it calls, by id
	ownUnwrap bool
	missing   []string // methods that nobody does
}

// bind finds the struct of f and decides for each method who does it. It
// returns nil if there are faults.
func (l *loader) bind(f *family) *binding {
	before := len(l.faults)
	b := &binding{family: f, own: make(map[string]*types.Func), routed: make(map[string]string)}
	obj, _ := f.dest.types.Scope().Lookup(f.target.name).(*types.TypeName)
	if obj == nil {
		l.faults.add(f.target.pos, "package %s has no type %s", f.dest.Name, f.target.name)
		return nil
	}
	named, ok := obj.Type().(*types.Named)
	if !ok {
		l.faults.add(f.target.pos, "%s is an alias: name the struct itself", f.target.name)
		return nil
	}
	if b.fields, ok = named.Underlying().(*types.Struct); !ok {
		l.faults.add(f.target.pos, "%s is not a struct: the members of a family are made of one, which holds the original", f.target.name)
		return nil
	}
	if b.strct = l.instantiate(f, named); b.strct == nil {
		return nil
	}
	b.fields = b.strct.Underlying().(*types.Struct)
	if l.bindOriginal(b); len(l.faults) > before {
		return nil
	}
	for _, e := range f.always {
		for _, m := range e.added {
			l.bindMethod(b, e, m, false)
		}
	}
	for _, e := range f.optional {
		for _, m := range e.added {
			l.bindMethod(b, e, m, true)
		}
	}
	l.bindUnwrap(b)
	if len(b.missing) > 0 {
		l.faults.add(f.target.pos, "%s lacks %s, and has not one field with the original, of just the methods %s, that could do it: write the methods, or name the field, %sfor %s.field",
			f.target.name, strings.Join(b.missing, ", "), methodNames(f.base), directivePrefix, f.target.source)
	}
	if len(l.faults) > before {
		return nil
	}
	l.bindRelatives(b)
	if len(l.faults) > before {
		return nil
	}
	return b
}

// instantiate gives a generic struct the type parameters of its family.
func (l *loader) instantiate(f *family, named *types.Named) *types.Named {
	have, want := f.typ.TypeParams(), named.TypeParams()
	if have.Len() != want.Len() {
		l.faults.add(f.target.pos, "%s has %d type parameters and %s has %d: a family has those of its struct", f.name, have.Len(), f.target.name, want.Len())
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
		l.faults.add(f.target.pos, "the type parameters of %s do not fit %s: %v", f.name, f.target.name, err)
		return nil
	}
	return inst.(*types.Named)
}

// bindOriginal sets the field that holds the original: the one that the
// directive names; else of those whose type has just the base's methods the
// only one, or the only embedded one.
func (l *loader) bindOriginal(b *binding) {
	var fit, embedded []*types.Var
	for i := range b.fields.NumFields() {
		field := b.fields.Field(i)
		if b.target.field != "" {
			if field.Name() != b.target.field {
				continue
			}
			b.original = field
			if !b.isBase(field.Type()) {
				l.faults.add(l.fset.Position(field.Pos()), "field %s is not of the type that %s begins with: it has to have just the methods %s", field.Name(), b.name, methodNames(b.base))
			}
			return
		}
		if b.isBase(field.Type()) {
			fit = append(fit, field)
			if field.Embedded() {
				embedded = append(embedded, field)
			}
		}
	}
	switch {
	case b.target.field != "":
		l.faults.add(b.target.pos, "%s has no field %s", b.target.name, b.target.field)
	case len(fit) == 1:
		b.original = fit[0]
	case len(embedded) == 1:
		b.original = embedded[0]
	}
}

// isBase reports whether t is an interface of exactly the base's methods.
func (f *family) isBase(t types.Type) bool {
	iface, ok := t.Underlying().(*types.Interface)
	if !ok || iface.NumMethods() != len(f.base) {
		return false
	}
	return !slices.ContainsFunc(f.base, func(m *types.Func) bool {
		obj, _, _ := types.LookupFieldOrMethod(t, false, m.Pkg(), m.Name())
		have, ok := obj.(*types.Func)
		return !ok || !types.Identical(have.Type(), m.Type())
	})
}

// bindMethod decides who does m, which e adds.
func (l *loader) bindMethod(b *binding, e *element, m *types.Func, optional bool) {
	if !m.Exported() && m.Pkg().Path() != b.dest.types.Path() {
		l.faults.add(e.pos, "%s cannot be forwarded: only package %s can call it; leave the line out", m.Name(), m.Pkg().Path())
		return
	}
	if name := unnameable(m.Type(), b.dest.types); name != nil {
		l.faults.add(e.pos, "%s cannot be written in package %s, which cannot name its type %s: leave the line out", m.Name(), b.dest.Name, types.TypeString(name.Type(), nil))
		return
	}
	obj, index, _ := types.LookupFieldOrMethod(types.NewPointer(b.strct), true, b.dest.types, m.Name())
	switch obj := obj.(type) {
	case *types.Var:
		if len(index) > 1 {
			break // the member's own method comes first
		}
		l.faults.add(l.fset.Position(obj.Pos()), "field %s hides the method %s of %s: give the field another name, or a type of another name", obj.Name(), m.Name(), b.name)
		return
	case *types.Func:
		if len(index) == 1 {
			l.bindOwn(b, e, m, obj)
			return
		}
		field := b.fields.Field(index[0])
		switch {
		case field == b.original: // the same as straight
		case optional:
			l.faults.add(l.fset.Position(field.Pos()), "%s is embedded and has %s, so every member of %s would have it: give the field a name, %s %s",
				field.Name(), m.Name(), b.name, unexported(field.Name()), types.TypeString(field.Type(), l.qualifier(b)))
		default:
			l.bindOwn(b, e, m, obj)
		}
		return
	}
	if index != nil {
		l.faults.add(b.target.pos, "%s has %s from two embedded fields, so Go gives it none: write the method, or give one of the fields a name", b.target.name, m.Name())
		return
	}
	if b.original == nil {
		b.missing = append(b.missing, m.Name())
	}
}

// bindOwn has the struct's own method do m.
func (l *loader) bindOwn(b *binding, e *element, m, own *types.Func) {
	if types.Identical(own.Type(), m.Type()) {
		b.own[m.Id()] = own
		return
	}
	qualify := l.qualifier(b)
	of := b.name
	if e.typ != nil {
		of = types.TypeString(e.typ, qualify)
	}
	have, want := shape(own, qualify), shape(m, qualify)
	params, results, _ := strings.Cut(want, ") ")
	if haveParams, _, _ := strings.Cut(have, ") "); haveParams == params && results != "" {
		want = results // enough to see it
	}
	l.faults.add(l.fset.Position(own.Pos()), "%s does not implement %s: want %s", have, of, want)
}

// qualifier names packages in messages as their users do.
func (l *loader) qualifier(b *binding) types.Qualifier {
	return func(p *types.Package) string {
		if p == b.dest.types {
			return ""
		}
		return p.Name()
	}
}

// bindUnwrap finds out whether the struct says itself what Unwrap returns.
func (l *loader) bindUnwrap(b *binding) {
	obj, index, _ := types.LookupFieldOrMethod(types.NewPointer(b.strct), true, b.dest.types, "Unwrap")
	if m, ok := obj.(*types.Func); ok && len(index) == 1 {
		if sig := m.Signature(); sig.Params().Len() != 0 || sig.Results().Len() != 1 || !b.isBase(sig.Results().At(0).Type()) {
			l.faults.add(l.fset.Position(m.Pos()), "%s is not what Unwrap is for: it takes nothing and returns the original", shape(m, l.qualifier(b)))
			return
		}
		b.ownUnwrap = true
		return
	}
	if obj != nil && len(index) == 1 {
		l.faults.add(l.fset.Position(obj.Pos()), "field Unwrap hides the method Unwrap of %s: rename the field", b.name)
	}
	if b.original == nil {
		b.missing = append(b.missing, "Unwrap")
	}
}

// clashes reports names of the generated file that the struct's package has
// already.
func (l *loader) clashes(b *binding, names []string) {
	scope := b.dest.types.Scope()
	for _, name := range names {
		if obj := scope.Lookup(name); obj != nil {
			l.faults.add(l.fset.Position(obj.Pos()), "%s is also the name of something that the family %s generates: rename one of the two", name, b.name)
		}
	}
	l.clashesOn(b, b.name)
}

// clashesOn reports a field or method of the struct that has the name of a
// method that is generated on it.
func (l *loader) clashesOn(b *binding, name string) {
	obj, index, _ := types.LookupFieldOrMethod(types.NewPointer(b.strct), true, b.dest.types, name)
	if obj != nil && len(index) == 1 {
		l.faults.add(l.fset.Position(obj.Pos()), "%s is also the name of a method that the family %s generates on %s: rename one of the two", name, b.name, b.target.name)
	}
}

// unnameable returns a type within t that package home cannot write down, or
// nil.
func unnameable(t types.Type, home *types.Package) *types.TypeName {
	seen := make(map[types.Type]bool)
	var walk func(types.Type) *types.TypeName
	first := func(n int, at func(int) types.Type) *types.TypeName {
		for i := range n {
			if name := walk(at(i)); name != nil {
				return name
			}
		}
		return nil
	}
	walk = func(t types.Type) *types.TypeName {
		if seen[t] {
			return nil
		}
		seen[t] = true
		switch t := t.(type) {
		case interface {
			Obj() *types.TypeName
			TypeArgs() *types.TypeList
		}:
			if p := t.Obj().Pkg(); p != nil && p.Path() != home.Path() && (!t.Obj().Exported() || !importable(p.Path(), home.Path())) {
				return t.Obj()
			}
			return first(t.TypeArgs().Len(), t.TypeArgs().At)
		case interface{ Elem() types.Type }:
			if m, ok := t.(*types.Map); ok {
				if name := walk(m.Key()); name != nil {
					return name
				}
			}
			return walk(t.Elem())
		case *types.Signature:
			if name := walk(t.Params()); name != nil {
				return name
			}
			return walk(t.Results())
		case *types.Tuple:
			return first(t.Len(), func(i int) types.Type { return t.At(i).Type() })
		case *types.Struct:
			return first(t.NumFields(), func(i int) types.Type { return t.Field(i).Type() })
		case *types.Interface:
			return first(t.NumMethods(), func(i int) types.Type { return t.Method(i).Type() })
		}
		return nil
	}
	return walk(t)
}

// importable reports whether the rule about internal packages lets home import
// path.
func importable(path, home string) bool {
	i := strings.LastIndex("/"+path+"/", "/internal/")
	if i < 0 {
		return true
	}
	parent := strings.TrimSuffix(path[:max(0, i-1)], "/")
	return parent != "" && (home == parent || strings.HasPrefix(home, parent+"/"))
}

func unexported(name string) string { return strings.ToLower(name[:1]) + name[1:] }
