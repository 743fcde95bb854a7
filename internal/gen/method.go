package gen

import (
	"fmt"
	"go/types"
	"slices"
	"strings"
)

// emitMember writes the type of one combination.
func (e *emitter) emitMember(c *combination) {
	name := e.member(c)
	has := "no optional method"
	if added := without(c.methods, e.every); len(added) > 0 {
		has = strings.Join(names(added), "+")
	}
	e.printf("// %s has %s.\n", name, has)
	if e.holder != "" {
		e.printf("type %s%s struct{ %s *%s }\n\n", name, e.params, e.holder, e.core)
	} else {
		e.printf("type %s%s %s\n\n", name, e.params, e.core)
	}
	for _, m := range c.methods {
		if m.Name() == "Unwrap" && !e.passUnwrap || e.promoted(m) {
			continue
		}
		if !e.documented[m.Id()] {
			e.documented[m.Id()] = true
			if doc := e.doc(m); doc != "" {
				e.printf("%s\n", doc)
			}
		}
		e.emitMethod(c, m)
	}
	e.emitUnwrap(c)
	e.printf("func (%s) %s() *%s { return %s }\n\n", e.receiver(c), e.binding.names.structure, e.core, e.self())
}

// receiver returns the declaration of a member's receiver.
func (e *emitter) receiver(c *combination) string {
	star := "*"
	if e.holder != "" {
		star = ""
	}
	return e.recv + " " + star + e.member(c) + e.args
}

// self returns the member as the struct that it is made of.
func (e *emitter) self() string {
	if e.holder != "" {
		return e.recv + "." + e.holder
	}
	return "(*" + e.core + ")(" + e.recv + ")"
}

// inner returns the member's original.
func (e *emitter) inner() string {
	if e.holder != "" {
		return e.self() + "." + e.original.Name()
	}
	return e.recv + "." + e.original.Name()
}

// promoted reports whether members have m from the embedded original, since
// only the package of m can declare it.
func (e *emitter) promoted(m *types.Func) bool {
	return !m.Exported() && m.Pkg().Path() != e.dest.types.Path()
}

// emitMethod writes one method of one member: a call of the struct's own, of
// the original's, or of the detour to it.
func (e *emitter) emitMethod(c *combination, m *types.Func) {
	params, args, result := e.signature(m)
	on, name := e.self(), m.Name()
	switch {
	case e.own[m.Id()] != nil:
	case e.detours(m):
		name = e.detour(m)
	default:
		on = e.inner()
		e.foreign = e.foreign || m.Pkg() != e.dest.types
	}
	body := fmt.Sprintf("%s.%s(%s)", on, name, args)
	if result != "" {
		body = "return " + body
	}
	e.printf("func (%s) %s(%s) %s { %s }\n", e.receiver(c), m.Name(), params, result, body)
}

// emitUnwrap writes a member's way back to the original.
func (e *emitter) emitUnwrap(c *combination) {
	body := e.inner()
	switch {
	case e.noUnwrap, e.passUnwrap:
		return
	case e.ownUnwrap:
		body = e.self() + ".Unwrap()"
	}
	e.printf("func (%s) Unwrap() %s { return %s }\n", e.receiver(c), e.unwrapResult(), body)
}

// unwrapResult returns the result type of Unwrap, as which the original is
// returned.
func (e *emitter) unwrapResult() string {
	if e.unwrap != nil && !e.passUnwrap {
		return e.imports.typ(e.unwrap.Results().At(0).Type())
	}
	return e.wrapped
}

// detours reports whether members have to do more for m than call something:
// ask the original for an interface, or call another method. That is written
// once, on the struct, and kept from being copied into each member, which
// would cost more than all the rest.
func (b *binding) detours(m *types.Func) bool {
	return b.own[m.Id()] == nil && (b.routed[m.Id()] != nil || !slices.ContainsFunc(b.every, sameMethod(m)))
}

// detour returns the name of the method that does it.
func (e *emitter) detour(m *types.Func) string { return e.binding.names.detours[m.Id()] }

// emitDetours writes these methods.
func (e *emitter) emitDetours() {
	first := true
	for _, m := range e.methods(e.full()) {
		if !e.detours(m) {
			continue
		}
		if first {
			e.printf("// What takes more than a call is written once, and not inlined in every member.\n\n")
			first = false
		}
		params, args, result := e.signature(m)
		var body string
		if r := e.routed[m.Id()]; r != nil {
			body = e.route(r, args)
		} else {
			body = fmt.Sprintf("%s.%s(%s)", e.asked(m), m.Name(), args)
			if result != "" {
				body = "return " + body
			}
			e.foreign = e.foreign || m.Pkg() != e.dest.types
		}
		e.printf("//go:noinline\nfunc (%s *%s) %s(%s) %s { %s }\n\n", e.recv, e.core, e.detour(m), params, result, body)
	}
}

// signature returns the parts of a method's declaration and call.
func (e *emitter) signature(m *types.Func) (params, args, result string) {
	sig := m.Signature()
	params, args = e.parameters(sig)
	results := make([]string, sig.Results().Len())
	for i := range results {
		results[i] = e.imports.typ(sig.Results().At(i).Type())
	}
	if result = strings.Join(results, ", "); len(results) > 1 {
		result = "(" + result + ")"
	}
	return params, args, result
}

// parameters returns a signature's parameters as they are declared and as they
// are passed on. Names that the method's body could mean otherwise, and
// missing ones, are replaced.
func (e *emitter) parameters(sig *types.Signature) (declared, passed string) {
	var decl, pass []string
	used := []string{e.recv}
	for i := range sig.Params().Len() {
		p := sig.Params().At(i)
		t := e.imports.typ(p.Type())
		arg := ""
		if sig.Variadic() && i == sig.Params().Len()-1 {
			t = "..." + e.imports.typ(p.Type().(*types.Slice).Elem())
			arg = "..."
		}
		name := p.Name()
		if name == "" || name == "_" {
			name = "p"
		}
		name = e.local(name, used...)
		used = append(used, name)
		decl = append(decl, name+" "+t)
		pass = append(pass, name+arg)
	}
	return strings.Join(decl, ", "), strings.Join(pass, ", ")
}

// asked returns the original as a value that has m: as the interface of m's
// element, or, if several elements add m, as one of just m.
func (e *emitter) asked(m *types.Func) string {
	var of []*element
	for _, el := range e.optional {
		if slices.ContainsFunc(el.added, sameMethod(m)) {
			of = append(of, el)
		}
	}
	iface := e.literal([]*types.Func{m})
	if len(of) == 1 {
		iface = e.asserted(of[0])
	}
	original := e.recv + "." + e.original.Name()
	if e.from != "" {
		return fmt.Sprintf("%s[%s](%s)", e.from, iface, original)
	}
	return fmt.Sprintf("%s.(%s)", original, iface)
}

// distracts reports whether the struct has methods, of its own or from an
// embedded field, that package $pkg would prefer to the method of r: io.Copy
// finds ReadFrom, and WriteString if it copies from a strings.Reader. If they
// are the original's, they go round it.
func (e *emitter) distracts(r *route) bool {
	set := types.NewMethodSet(types.NewPointer(e.strct))
	for i := range set.Len() {
		m := set.At(i).Obj().(*types.Func)
		if m.Name() != r.via && related(r.via, fullShape(m)) {
			return true
		}
	}
	return false
}

// route returns the body of a detour through an own method.
func (e *emitter) route(r *route, arg string) string {
	self := e.recv
	words := []string{"$arg", arg, "$tmp", e.local("err", append(e.parameterNames(), e.recv)...)}
	if r.pkg != "" {
		p := e.path(r.pkg)
		words = append(words, "$pkg", p)
		if e.distracts(r) {
			self = fmt.Sprintf("struct{ %s.%s }{%s}", p, r.only, self)
		}
	}
	return strings.NewReplacer(append(words, "$self", self)...).Replace(r.code)
}
