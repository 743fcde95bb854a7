package gen

import (
	"fmt"
	"go/types"
	"slices"
	"strings"
)

// A binding is a family joined to its struct. It says for every method how a
// member does it: by the struct's own method, by a route through one, or by the
// original's method.
//
// A member is of the type
//
//	type counting3 countingWriter
//
// to whose pointer a pointer to the struct is converted. Then it has all
// methods that the struct has from embedded fields. If it must not have them, a
// member holds a pointer to the struct instead:
//
//	type counting3 struct{ core *countingWriter }
//
// which costs no allocation either, but about twice the binary size, since the
// linker keeps the methods of *counting3, too.
type binding struct {
	*family
	own    map[string]*types.Func // the struct's methods, by the id of the family's
	routed map[string]*route      // by id
	holds  string                 // the embedded field for which members hold a pointer, or ""
	combos []*combination
	names  *familyNames

	unwrap     *types.Signature // of the members' Unwrap, if the family or the struct declares it
	ownUnwrap  bool             // the struct's Unwrap is called
	passUnwrap bool             // the original's Unwrap is called: it is not a way back, by its type
}

// bind decides for each method of f how members do it. It returns nil if there
// are faults.
func (g *generator) bind(f *family) *binding {
	before := len(g.faults)
	b := &binding{family: f, own: make(map[string]*types.Func), routed: make(map[string]*route)}
	for _, m := range f.base {
		g.bindMethod(b, nil, m)
	}
	for _, e := range slices.Concat(f.always, f.optional) {
		for _, m := range e.added {
			g.bindMethod(b, e, m)
		}
	}
	g.bindUnwrap(b)
	g.bindPromoted(b)
	if len(g.faults) > before {
		return nil
	}
	if g.bindRelatives(b); len(g.faults) > before {
		return nil
	}
	return b
}

// bindMethod decides how members do m, which e adds; e is nil for a method of
// the base.
func (g *generator) bindMethod(b *binding, e *element, m *types.Func) {
	pos, line := b.target.pos, "wrap another interface"
	if e != nil {
		pos, line = e.pos, "leave the line out"
	}
	if !m.Exported() && m.Pkg().Path() != b.dest.types.Path() {
		if e == nil && b.original.Embedded() {
			return // every member has it from the embedded field
		}
		if e == nil {
			line = "embed the field " + b.original.Name()
		}
		g.faults.add(pos, "%s cannot be forwarded: only package %s can call it; %s", m.Name(), m.Pkg().Path(), line)
		return
	}
	if why := unnameable(m.Type(), b.dest.types); why != "" {
		g.faults.add(pos, "%s cannot be written in package %s: %s; %s", m.Name(), b.dest.Name, why, line)
		return
	}
	if m.Name() == "Unwrap" {
		return // see bindUnwrap
	}
	obj, index, _ := types.LookupFieldOrMethod(types.NewPointer(b.strct), true, b.dest.types, m.Name())
	switch obj := obj.(type) {
	case *types.Var:
		if len(index) > 1 {
			break // the member's own method comes first
		}
		g.faults.add(g.fset.Position(obj.Pos()), "field %s hides the method %s of %s: give the field another name, or a type of another name", obj.Name(), m.Name(), b.name)
		return
	case *types.Func:
		if len(index) == 1 || b.fields.Field(index[0]) != b.original {
			g.bindOwn(b, e, m, obj, index)
			return
		}
	case nil:
		if index != nil {
			g.faults.add(b.target.pos, "%s has %s from two embedded fields, so Go gives it none: write the method, or give one of the fields a name", b.target.name, m.Name())
			return
		}
	}
	if e != nil && e.has("always") {
		g.faults.add(e.pos, "%s lacks %s, which every member is to have: write the method", b.target.name, m.Name())
	}
}

// bindOwn has the struct's own method do m. The struct has it by index, which
// is longer than 1 if it is that of an embedded field.
func (g *generator) bindOwn(b *binding, e *element, m, own *types.Func, index []int) {
	if types.Identical(own.Type(), m.Type()) {
		b.own[m.Id()] = own
		return
	}
	qualify := g.qualifier(b)
	of := b.name
	switch {
	case e == nil:
		of = types.TypeString(b.original.Type(), qualify)
	case e.typ != nil:
		of = types.TypeString(e.typ, qualify)
	}
	have, want := shape(own, qualify), shape(m, qualify)
	params, results, _ := strings.Cut(want, ") ")
	if haveParams, _, _ := strings.Cut(have, ") "); haveParams == params && results != "" {
		want = results // enough to see it
	}
	if len(index) > 1 {
		field := b.fields.Field(index[0])
		g.faults.add(g.fset.Position(field.Pos()), "%s is embedded and has %s, which does not implement %s: want %s, or give the field a name, %s",
			field.Name(), have, of, want, unexported(field.Name()))
		return
	}
	g.faults.add(g.fset.Position(own.Pos()), "%s does not implement %s: want %s", have, of, want)
}

// qualifier names packages in messages as their users do.
func (g *generator) qualifier(b *binding) types.Qualifier {
	return func(p *types.Package) string {
		if p == b.dest.types {
			return ""
		}
		return p.Name()
	}
}

// bindUnwrap decides what the members' Unwrap returns, and how. The struct or
// the family can say it. Otherwise it returns the original.
func (g *generator) bindUnwrap(b *binding) {
	var declared *types.Func // by the family
	for _, m := range b.every {
		if m.Name() == "Unwrap" {
			declared = m
		}
	}
	obj, index, _ := types.LookupFieldOrMethod(types.NewPointer(b.strct), true, b.dest.types, "Unwrap")
	if obj != nil && len(index) == 1 {
		if _, ok := obj.(*types.Var); ok {
			g.faults.add(g.fset.Position(obj.Pos()), "field Unwrap hides the method Unwrap of %s: rename the field", b.name)
			return
		}
	}
	own, _ := obj.(*types.Func)
	if own != nil && len(index) > 1 && b.fields.Field(index[0]) == b.original {
		own = nil
	}
	switch {
	case b.noUnwrap && declared != nil:
		g.faults.add(b.target.pos, "%s has an Unwrap in every member, so it cannot have %snounwrap: delete one of the two", b.name, directivePrefix)
	case b.noUnwrap:
	case own != nil && declared != nil && !types.Identical(own.Type(), declared.Type()):
		g.bindOwn(b, nil, declared, own, index)
	case own != nil:
		if sig := own.Signature(); sig.Params().Len() != 0 || sig.Results().Len() != 1 || !b.wraps(sig.Results().At(0).Type()) {
			pos := own.Pos()
			if len(index) > 1 {
				pos = b.fields.Field(index[0]).Pos()
			}
			g.faults.add(g.fset.Position(pos), "%s is not what Unwrap is for: it takes nothing and returns the original", shape(own, g.qualifier(b)))
			return
		}
		b.unwrap, b.ownUnwrap = own.Signature(), true
	case declared != nil:
		sig := declared.Signature()
		b.unwrap = sig
		returns := sig.Params().Len() == 0 && sig.Results().Len() == 1 && types.AssignableTo(b.original.Type(), sig.Results().At(0).Type())
		b.passUnwrap = !returns
		if b.passUnwrap && len(without([]*types.Func{declared}, b.base)) > 0 {
			g.faults.add(b.target.pos, "%s lacks Unwrap, which every member is to have: write the method", b.target.name)
		}
	}
}

// wraps reports whether t is an interface that the original, or what it may
// hold, can be returned as.
func (f *family) wraps(t types.Type) bool {
	return isInterface(t) && (types.AssignableTo(f.original.Type(), t) || types.AssignableTo(t, f.original.Type()))
}

// bindPromoted decides whether members hold a pointer to the struct: they do if
// as defined types they would have a method, from an embedded field, that they
// must not have.
func (g *generator) bindPromoted(b *binding) {
	set := types.NewMethodSet(types.NewPointer(b.strct))
	for i := range set.Len() {
		index := set.At(i).Index()
		m := set.At(i).Obj().(*types.Func)
		if len(index) == 1 {
			continue
		}
		if field := b.fields.Field(index[0]); field == b.original {
			continue
		} else if b.promotes(m) {
			b.holds = field.Name()
			break
		}
	}
	if b.holds == "" {
		return
	}
	for _, m := range b.base {
		if !m.Exported() && m.Pkg() != b.dest.types {
			g.faults.add(b.target.pos, "%s can be had only from the embedded %s, and then every member would have the methods of %s, too: give the field a name, %s",
				m.Name(), b.original.Name(), b.holds, unexported(b.holds))
			return
		}
	}
}

// promotes reports whether a promoted method would be one too many for some
// member. Unexported methods are not, unless the family lists them: no other
// package sees them.
func (b *binding) promotes(m *types.Func) bool {
	if m.Name() == "Unwrap" {
		return b.noUnwrap
	}
	if slices.ContainsFunc(b.every, sameMethod(m)) {
		return false
	}
	return m.Exported() || slices.ContainsFunc(b.methods(b.full()), sameMethod(m))
}

// unnameable says why package home cannot write t down, or returns "".
func unnameable(t types.Type, home *types.Package) string {
	seen := make(map[types.Type]bool)
	var walk func(types.Type) string
	first := func(n int, at func(int) types.Type) string {
		for i := range n {
			if why := walk(at(i)); why != "" {
				return why
			}
		}
		return ""
	}
	foreign := func(obj types.Object) bool {
		return obj.Pkg() != nil && obj.Pkg().Path() != home.Path() && !obj.Exported()
	}
	walk = func(t types.Type) string {
		if seen[t] {
			return ""
		}
		seen[t] = true
		switch t := t.(type) {
		case *types.Basic:
			if t.Kind() == types.Invalid {
				return "its type is not known here, or is one of cgo's"
			}
		case interface {
			Obj() *types.TypeName
			TypeArgs() *types.TypeList
		}:
			if p := t.Obj().Pkg(); foreign(t.Obj()) || p != nil && !importable(p.Path(), home.Path()) {
				return fmt.Sprintf("it cannot name the type %s", types.TypeString(t.(types.Type), nil))
			}
			return first(t.TypeArgs().Len(), t.TypeArgs().At)
		case interface{ Elem() types.Type }:
			if m, ok := t.(*types.Map); ok {
				if why := walk(m.Key()); why != "" {
					return why
				}
			}
			return walk(t.Elem())
		case *types.Signature:
			if why := walk(t.Params()); why != "" {
				return why
			}
			return walk(t.Results())
		case *types.Tuple:
			return first(t.Len(), func(i int) types.Type { return t.At(i).Type() })
		case *types.Struct:
			for i := range t.NumFields() {
				if foreign(t.Field(i)) {
					return fmt.Sprintf("it cannot name the field %s of a struct of package %s", t.Field(i).Name(), t.Field(i).Pkg().Path())
				}
			}
			return first(t.NumFields(), func(i int) types.Type { return t.Field(i).Type() })
		case *types.Interface:
			for i := range t.NumMethods() {
				if foreign(t.Method(i)) {
					return fmt.Sprintf("it cannot name the method %s of an interface of package %s", t.Method(i).Name(), t.Method(i).Pkg().Path())
				}
			}
			return first(t.NumMethods(), func(i int) types.Type { return t.Method(i).Type() })
		}
		return ""
	}
	return walk(t)
}

// importable reports whether the rules about internal and main packages let
// home import path.
func importable(path, home string) bool {
	if path == home {
		return true
	}
	i := strings.LastIndex("/"+path+"/", "/internal/")
	if i < 0 {
		return true
	}
	parent := strings.TrimSuffix(path[:max(0, i-1)], "/")
	return parent != "" && (home == parent || strings.HasPrefix(home, parent+"/"))
}
