package gen

import (
	"bytes"
	"fmt"
	"go/format"
	"go/types"
	"math/bits"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// An emitter writes the file of one family.
type emitter struct {
	*binding
	*imports
	combos []*combination
	doc    func(*types.Func) string
	buf    bytes.Buffer

	set        string // the type of the sets
	core       string // the struct with its type arguments
	params     string // type parameters with constraints, or ""
	args       string // the same without
	result     string // the type as which members are handed around
	recv       string // the receiver of members' methods
	documented map[string]bool
	foreign    bool // a method of another package is called
}

func (l *loader) newEmitter(b *binding, combos []*combination) *emitter {
	e := &emitter{
		binding:    b,
		imports:    newImports(b.dest.types),
		combos:     combos,
		doc:        l.doc,
		set:        b.name + "Set",
		documented: make(map[string]bool),
	}
	tparams := b.typ.TypeParams()
	for i := range tparams.Len() {
		e.taken[tparams.At(i).Obj().Name()] = true
	}
	e.recv = e.receiver()
	e.taken[e.recv] = true
	for _, name := range e.names() {
		e.taken[name] = true
	}
	if n := tparams.Len(); n > 0 {
		with, without := make([]string, n), make([]string, n)
		for i := range n {
			p := tparams.At(i)
			without[i] = p.Obj().Name()
			with[i] = p.Obj().Name() + " " + e.typ(p.Constraint())
		}
		e.params = "[" + strings.Join(with, ", ") + "]"
		e.args = "[" + strings.Join(without, ", ") + "]"
	}
	e.core = b.target.name + e.args
	e.result = e.baseType()
	return e
}

// emit returns the generated file.
func (l *loader) emit(b *binding, combos []*combination) ([]byte, error) {
	e := l.newEmitter(b, combos)
	l.clashes(b, e.names())
	for _, m := range b.methods(1<<len(b.optional) - 1) {
		if e.detours(m) {
			l.clashesOn(b, e.detour(m))
		}
	}
	// Twice: a parameter must not have the name of a package, and which ones
	// there are is known only when everything has been written.
	for range 2 {
		e.buf.Reset()
		clear(e.documented)
		e.emitSet()
		e.emitProbe()
		e.emitChoice()
		if b.has("as") {
			e.emitAs()
		}
		e.emitDetours()
		for _, c := range combos {
			e.emitMember(c)
		}
		if b.pkg == b.dest {
			e.emitAssertion()
		}
	}
	return l.file(e, b)
}

// file returns what e has written, with all that goes above it.
func (l *loader) file(e *emitter, b *binding) ([]byte, error) {
	var file bytes.Buffer
	from := relative(b.dest.Dir, l.fset.Position(b.spec.Pos()).Filename)
	fmt.Fprintf(&file, header+"\n", b.name, filepath.ToSlash(from))
	if c := l.buildConstraint(b.declaration); c != "" {
		fmt.Fprintf(&file, "//go:build %s\n\n", c)
	}
	fmt.Fprintf(&file, "package %s\n\n", b.dest.Name)
	if e.foreign {
		file.WriteString("//lint:file-ignore SA1019 what is deprecated is forwarded, too\n\n")
	}
	file.WriteString(e.imports.String())
	file.Write(e.buf.Bytes())
	return format.Source(file.Bytes())
}

func (e *emitter) printf(format string, args ...any) { fmt.Fprintf(&e.buf, format, args...) }

// names returns what the file declares in the package.
func (e *emitter) names() []string {
	names := []string{e.set, e.set + "Of"}
	if e.has("as") {
		names = append(names, e.binding.name+"As")
	}
	for i := range e.optional {
		names = append(names, e.constant(i))
	}
	for _, c := range e.combos {
		names = append(names, e.member(c))
	}
	return names
}

func (e *emitter) constant(i int) string { return e.binding.name + e.optional[i].name }

// member returns the name of the type of a combination.
func (e *emitter) member(c *combination) string {
	return e.binding.name + strconv.Itoa(int(c.set))
}

// receiver returns a name that no parameter has: by custom the first letter
// of the type's.
func (e *emitter) receiver() string {
	taken := make(map[string]bool)
	for _, m := range e.methods(1<<len(e.optional) - 1) {
		for i := range m.Signature().Params().Len() {
			taken[m.Signature().Params().At(i).Name()] = true
		}
	}
	name := strings.ToLower(e.binding.name[:1])
	for _, next := range []string{"x", "m", "member"} {
		if taken[name] || e.taken[name] {
			name = next
		}
	}
	return name
}

// baseType returns the type as which members are handed around.
func (e *emitter) baseType() string {
	if e.original != nil && e.nameable(e.original.Type()) {
		return e.typ(e.original.Type())
	}
	if len(e.always) == 1 && e.always[0].typ != nil && e.nameable(e.always[0].typ) {
		return e.typ(e.always[0].typ)
	}
	return e.literal(e.base)
}

// nameable reports whether the file can name t.
func (e *emitter) nameable(t types.Type) bool { return unnameable(t, e.home) == nil }

// literal returns an interface type of these methods.
func (e *emitter) literal(methods []*types.Func) string {
	lines := make([]string, len(methods))
	for i, m := range methods {
		lines[i] = m.Name() + strings.TrimPrefix(e.typ(m.Type()), "func")
	}
	if len(lines) == 1 {
		return "interface{ " + lines[0] + " }"
	}
	return "interface {\n" + strings.Join(lines, "\n") + "\n}"
}

// asserted returns the interface that a value is asked for when it is to have
// what el adds.
func (e *emitter) asserted(el *element) string {
	if _, ok := el.typ.(*types.Interface); el.typ != nil && !ok && e.nameable(el.typ) {
		return e.typ(el.typ)
	}
	return e.literal(el.added)
}

// emitSet writes the type of sets, its constants and its fit method.
func (e *emitter) emitSet() {
	size := "uint32"
	switch n := len(e.optional); {
	case n <= 8:
		size = "uint8"
	case n <= 16:
		size = "uint16"
	}
	e.printf("// %s says which optional methods a member of %s has.\n", e.set, e.binding.name)
	e.printf("type %s %s\n\n", e.set, size)
	e.printf("const (\n")
	for i, el := range e.optional {
		first := ""
		if i == 0 {
			first = " " + e.set + " = 1 << iota"
		}
		var remarks []string
		if len(el.added) > 1 {
			remarks = append(remarks, strings.Join(names(el.added), "+"))
		}
		if el.remark != "" {
			remarks = append(remarks, strings.ReplaceAll(el.remark, "\n", " "))
		}
		for _, other := range el.needs {
			remarks = append(remarks, "needs "+other.name)
		}
		for _, other := range el.never {
			remarks = append(remarks, "never with "+other.name)
		}
		remark := strings.Join(remarks, "; ")
		if remark != "" {
			remark = " // " + remark
		}
		e.printf("\t%s%s%s\n", e.constant(i), first, remark)
	}
	e.printf(")\n\n")
	if len(e.rules) == 0 {
		return
	}
	e.printf("// fit returns s without the methods that do not go with the others in it.\n")
	e.printf("func (s %s) fit() %s {\n", e.set, e.set)
	for _, r := range e.rules {
		var conditions []string
		switch bits.OnesCount32(uint32(r.needs)) {
		case 0:
		case 1:
			conditions = append(conditions, fmt.Sprintf("s&%s == 0", e.expression(r.needs)))
		default:
			conditions = append(conditions, fmt.Sprintf("s&(%s) != %s", e.expression(r.needs), e.expression(r.needs)))
		}
		switch bits.OnesCount32(uint32(r.without)) {
		case 0:
		case 1:
			conditions = append(conditions, fmt.Sprintf("s&%s != 0", e.expression(r.without)))
		default:
			conditions = append(conditions, fmt.Sprintf("s&(%s) != 0", e.expression(r.without)))
		}
		e.printf("\tif %s {\n\t\ts &^= %s\n\t}\n", strings.Join(conditions, " || "), e.constant(r.element))
	}
	e.printf("\treturn s\n}\n\n")
}

// fitted returns the call that makes a set fit.
func (e *emitter) fitted(s string) string {
	if len(e.rules) > 0 {
		return s + ".fit()"
	}
	return s
}

// emitProbe writes the function that asks a value for its methods.
func (e *emitter) emitProbe() {
	e.printf("// %sOf returns the optional methods of %s that v has.\n", e.set, e.binding.name)
	e.printf("func %sOf%s(v any) %s {\n\tvar s %s\n", e.set, e.params, e.set, e.set)
	for i, el := range e.optional {
		e.printf("\tif _, ok := v.(%s); ok {\n\t\ts |= %s\n\t}\n", e.asserted(el), e.constant(i))
	}
	e.printf("\treturn %s\n}\n\n", e.fitted("s"))
}

// emitChoice writes the method that picks a member.
func (e *emitter) emitChoice() {
	r := strings.ToLower(e.target.name[:1])
	if r == "s" || e.taken[r] && r != e.recv {
		r = "core"
	}
	e.printf("// %s returns %s as the member that has the optional methods in s", e.binding.name, r)
	if len(e.rules) > 0 {
		e.printf(",\n// less those that do not go with the others in it")
	}
	e.printf(".\n")
	if e.asksOriginal() {
		e.printf("// Those that %s does not do itself, %s.%s has to have.\n", r, r, e.original.Name())
	}
	e.printf("func (%s *%s) %s(s %s) %s {\n", r, e.core, e.binding.name, e.set, e.result)
	e.printf("\tswitch %s {\n", e.fitted("s"))
	for _, c := range e.combos {
		cases := make([]string, len(c.sets))
		for i, s := range c.sets {
			cases[i] = e.expression(s)
		}
		e.printf("\tcase %s:\n\t\treturn (*%s%s)(%s)\n", strings.Join(cases, ",\n\t\t"), e.member(c), e.args, r)
	}
	e.printf("\t}\n\tpanic(\"%s: no such set\")\n}\n\n", e.set)
}

// asksOriginal reports whether an optional method goes straight to the
// original.
func (e *emitter) asksOriginal() bool {
	for _, el := range e.optional {
		for _, m := range el.added {
			if e.own[m.Id()] == nil && e.routed[m.Id()] == "" {
				return true
			}
		}
	}
	return false
}

// expression returns s as an expression of constants.
func (e *emitter) expression(s set) string {
	if s == 0 {
		return "0"
	}
	var names []string
	for rest := uint32(s); rest != 0; rest &= rest - 1 {
		names = append(names, e.constant(bits.TrailingZeros32(rest)))
	}
	return strings.Join(names, "|")
}

// emitAs writes the helper that looks for a type along Unwrap.
func (e *emitter) emitAs() {
	params, t := "[T any]", "T"
	if e.params != "" {
		for e.taken[t] {
			t += "1"
		}
		params = "[" + t + " any, " + e.params[1:]
	}
	name := e.binding.name + "As"
	e.printf("// %s returns the first of v, what it unwraps to, and so on, that is a %s.\n", name, t)
	e.printf("// A chain that loops ends.\n")
	e.printf("func %s%s(v any) (%s, bool) {\n", name, params, t)
	e.printf("\tfor n := 0; n < 100; n++ {\n")
	e.printf("\t\tif found, ok := v.(%s); ok {\n\t\t\treturn found, true\n\t\t}\n", t)
	e.printf("\t\tu, ok := v.(interface{ Unwrap() %s })\n", e.result)
	e.printf("\t\tif !ok {\n\t\t\tbreak\n\t\t}\n\t\tv = u.Unwrap()\n\t}\n")
	e.printf("\tvar none %s\n\treturn none, false\n}\n\n", t)
}

// emitMember writes the type of one combination.
func (e *emitter) emitMember(c *combination) {
	name := e.member(c)
	e.printf("// %s is %s.\n", name, strings.Join(names(c.methods), "+"))
	e.printf("type %s%s %s\n\n", name, e.params, e.core)
	for _, m := range c.methods {
		if !e.documented[m.Id()] {
			e.documented[m.Id()] = true
			if doc := e.doc(m); doc != "" {
				e.printf("%s\n", doc)
			}
		}
		e.emitMethod(c, m)
	}
	unwrap := e.self() + ".Unwrap()"
	if !e.ownUnwrap {
		unwrap = e.recv + "." + e.original.Name()
	}
	e.printf("func (%s *%s%s) Unwrap() %s { return %s }\n\n", e.recv, name, e.args, e.result, unwrap)
}

// emitAssertion has the compiler compare the member that has everything with
// the family, and makes use of the family, which nothing else does.
func (e *emitter) emitAssertion() {
	value := ""
	if last := e.combos[len(e.combos)-1]; last.set == 1<<len(e.optional)-1 && !e.hides {
		value = fmt.Sprintf(" = (*%s%s)(nil)", e.member(last), e.args)
	}
	if e.params == "" {
		e.printf("var _ %s%s\n", e.binding.name, value)
	} else {
		e.printf("func _%s() { var _ %s%s%s }\n", e.params, e.binding.name, e.args, value)
	}
}

// self returns the member as the struct that it is made of.
func (e *emitter) self() string { return "(*" + e.core + ")(" + e.recv + ")" }

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
		on = e.recv + "." + e.original.Name()
		e.foreign = e.foreign || m.Pkg() != e.home
	}
	body := fmt.Sprintf("%s.%s(%s)", on, name, args)
	if result != "" {
		body = "return " + body
	}
	e.printf("func (%s *%s%s) %s(%s) %s { %s }\n", e.recv, e.member(c), e.args, m.Name(), params, result, body)
}

// detours reports whether members have to do more for m than call something:
// ask the original for an interface, or call another method. That is written
// once, on the struct, and kept from being copied into each member, which
// would cost more than all the rest.
func (e *emitter) detours(m *types.Func) bool {
	return e.own[m.Id()] == nil && (e.routed[m.Id()] != "" || !slices.ContainsFunc(e.base, sameMethod(m)))
}

// detour returns the name of the method that does it.
func (e *emitter) detour(m *types.Func) string { return e.binding.name + exported(m.Name()) }

// emitDetours writes these methods.
func (e *emitter) emitDetours() {
	first := true
	for _, m := range e.methods(1<<len(e.optional) - 1) {
		if !e.detours(m) {
			continue
		}
		if first {
			e.printf("// What takes more than a call is written once, and not inlined in every member.\n\n")
			first = false
		}
		params, args, result := e.signature(m)
		body := e.route(m, args)
		if e.routed[m.Id()] == "" {
			body = fmt.Sprintf("%s.%s.(%s).%s(%s)", e.recv, e.original.Name(), e.from(m), m.Name(), args)
			if result != "" {
				body = "return " + body
			}
			e.foreign = e.foreign || m.Pkg() != e.home
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
		results[i] = e.typ(sig.Results().At(i).Type())
	}
	if result = strings.Join(results, ", "); len(results) > 1 {
		result = "(" + result + ")"
	}
	return params, args, result
}

// from returns the interface that the original is asked for to have m: that
// of its element, or, as it may have m by the one or the other of two, one of
// just m.
func (e *emitter) from(m *types.Func) string {
	var of []*element
	for _, el := range e.optional {
		if slices.ContainsFunc(el.added, sameMethod(m)) {
			of = append(of, el)
		}
	}
	if len(of) == 1 {
		return e.asserted(of[0])
	}
	return e.literal([]*types.Func{m})
}

// route returns the body of a detour through an own method, or "".
func (e *emitter) route(m *types.Func, arg string) string {
	if e.routed[m.Id()] == "" {
		return ""
	}
	self := e.recv
	words := []string{"$arg", arg}
	if m.Name() == "ReadFrom" || m.Name() == "WriteTo" {
		param, _ := types.Unalias(m.Signature().Params().At(0).Type()).(*types.Named)
		io := e.qualify(param.Obj().Pkg())
		words = append(words, "$io", io)
		// io.Copy must not find the method again, by which the struct that
		// embeds its original would have it.
		if obj, _, _ := types.LookupFieldOrMethod(types.NewPointer(e.strct), true, e.home, m.Name()); obj != nil {
			via := map[string]string{"ReadFrom": "Writer", "WriteTo": "Reader"}[m.Name()]
			self = fmt.Sprintf("struct{ %s.%s }{%s}", io, via, self)
		}
	}
	return strings.NewReplacer(append(words, "$self", self)...).Replace(routes[m.Name()])
}

// parameters returns a signature's parameters as they are declared and as they
// are passed on. Names that the method's body could mean otherwise, and
// missing ones, are replaced.
func (e *emitter) parameters(sig *types.Signature) (declared, passed string) {
	var decl, pass []string
	used := make(map[string]bool)
	for i := range sig.Params().Len() {
		p := sig.Params().At(i)
		t := e.typ(p.Type())
		arg := ""
		if sig.Variadic() && i == sig.Params().Len()-1 {
			t = "..." + e.typ(p.Type().(*types.Slice).Elem())
			arg = "..."
		}
		name := p.Name()
		if name == "" || name == "_" {
			name = "p"
		}
		for base, n := name, 1; used[name] || e.taken[name] || e.home.Scope().Lookup(name) != nil || types.Universe.Lookup(name) != nil; n++ {
			name = base + strconv.Itoa(n)
		}
		used[name] = true
		decl = append(decl, name+" "+t)
		pass = append(pass, name+arg)
	}
	return strings.Join(decl, ", "), strings.Join(pass, ", ")
}
