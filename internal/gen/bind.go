package gen

import (
	"go/types"
)

// A binding is a family joined to its struct: for every method, who does it.
type binding struct {
	*family
	pkg       *pkg            // the struct's; the generated file goes there
	strct     *types.Named    // in terms of the family's type parameters
	original  *types.Var      // the field that holds the original, or nil
	own       map[string]bool // by method id: the struct has it
	ownUnwrap bool
}

// bind finds the struct of f and decides for each method who does it: the
// struct, or the original. It returns nil if there are faults.
func (l *loader) bind(f *family, p *pkg) *binding {
	before := len(*l.faults)
	b := &binding{family: f, pkg: p, own: make(map[string]bool)}
	pos := f.target.pos
	obj, _ := p.types.Scope().Lookup(f.target.name).(*types.TypeName)
	if obj == nil {
		l.faults.add(pos, "package %s has no type %s", p.Name, f.target.name)
		return nil
	}
	named, ok := obj.Type().(*types.Named)
	if !ok {
		l.faults.add(pos, "%s is an alias: name the struct itself", f.target.name)
		return nil
	}
	if named = l.instantiate(f, named); named == nil {
		return nil
	}
	b.strct = named
	strct, ok := named.Underlying().(*types.Struct)
	if !ok {
		l.faults.add(pos, "%s is not a struct", f.target.name)
		return nil
	}
	l.findOriginal(b, strct)

	for _, m := range f.base {
		l.bindMethod(b, m, false)
	}
	for _, e := range f.optional {
		for _, m := range e.added {
			l.bindMethod(b, m, true)
		}
	}
	l.bindUnwrap(b)
	if len(*l.faults) > before {
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

// findOriginal sets the field that holds the original: the one that the
// directive names, else the only one whose type has just the base's methods.
func (l *loader) findOriginal(b *binding, strct *types.Struct) {
	var found []*types.Var
	for i := range strct.NumFields() {
		field := strct.Field(i)
		if b.target.field != "" {
			if field.Name() == b.target.field {
				b.original = field
				if !b.isBase(field.Type()) {
					l.faults.add(b.target.pos, "field %s of %s is not of the type that %s begins with", field.Name(), b.target.name, b.name)
				}
				return
			}
		} else if b.isBase(field.Type()) {
			found = append(found, field)
		}
	}
	if b.target.field != "" {
		l.faults.add(b.target.pos, "%s has no field %s", b.target.name, b.target.field)
	}
	if len(found) == 1 {
		b.original = found[0]
	}
}

// isBase reports whether t is an interface of exactly the base's methods.
func (f *family) isBase(t types.Type) bool {
	iface, ok := t.Underlying().(*types.Interface)
	if !ok || iface.NumMethods() != len(f.base) {
		return false
	}
	for _, m := range f.base {
		obj, _, _ := types.LookupFieldOrMethod(t, false, m.Pkg(), m.Name())
		have, ok := obj.(*types.Func)
		if !ok || !types.Identical(have.Signature(), m.Signature()) {
			return false
		}
	}
	return true
}

// bindMethod decides who does m.
func (l *loader) bindMethod(b *binding, m *types.Func, optional bool) {
	pos := b.target.pos
	if !m.Exported() && m.Pkg() != b.pkg.types {
		l.faults.add(pos, "%s cannot be forwarded: it is not exported by package %s", m.Name(), m.Pkg().Path())
		return
	}
	obj, index, _ := types.LookupFieldOrMethod(types.NewPointer(b.strct), true, b.pkg.types, m.Name())
	switch obj := obj.(type) {
	case *types.Var:
		if len(index) == 1 {
			l.faults.add(l.fset.Position(obj.Pos()), "field %s of %s hides the method %s: rename the field", m.Name(), b.target.name, m.Name())
		}
	case *types.Func:
		promoted := len(index) > 1
		if promoted && b.original != nil && b.strct.Underlying().(*types.Struct).Field(index[0]) == b.original {
			return // straight to the original
		}
		if promoted && optional {
			l.faults.add(pos, "%s has %s from the embedded field %s, so every member of %s would have it: give that field a name",
				b.target.name, m.Name(), b.strct.Underlying().(*types.Struct).Field(index[0]).Name(), b.name)
			return
		}
		if !types.Identical(obj.Signature(), m.Signature()) {
			l.faults.add(l.fset.Position(obj.Pos()), "%s of %s has the wrong signature", m.Name(), b.target.name)
			return
		}
		b.own[m.Id()] = true
	default:
		if b.original == nil {
			l.faults.add(pos, "%s has no method %s, nor one field with the original that could do it", b.target.name, m.Name())
		}
	}
}

// bindUnwrap finds out whether the struct says itself what Unwrap returns.
func (l *loader) bindUnwrap(b *binding) {
	obj, index, _ := types.LookupFieldOrMethod(types.NewPointer(b.strct), true, b.pkg.types, "Unwrap")
	if m, ok := obj.(*types.Func); ok && len(index) == 1 {
		sig := m.Signature()
		if sig.Params().Len() != 0 || sig.Results().Len() != 1 || !b.isBase(sig.Results().At(0).Type()) {
			l.faults.add(l.fset.Position(m.Pos()), "Unwrap of %s has to return the original and take nothing", b.target.name)
			return
		}
		b.ownUnwrap = true
		return
	}
	if b.original == nil {
		l.faults.add(b.target.pos, "%s has no method Unwrap, nor one field with the original that it could return", b.target.name)
	}
}
