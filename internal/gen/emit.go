package gen

import (
	"bytes"
	"fmt"
	"go/build/constraint"
	"go/format"
	"go/types"
	"math/bits"
	"slices"
	"strconv"
	"strings"
)

// An output is a file that is generated for one family.
type output struct {
	*binding
	path    string
	proof   bool              // it is the family's test
	terms   []constraint.Expr // the constraints of the files that it depends on
	text    string            // what follows the package clause
	content []byte            // the whole file, formatted; nil before render
}

// unformatted returns the whole file before gofmt.
func (o *output) unformatted() []byte {
	var file bytes.Buffer
	fmt.Fprintf(&file, "%s\n\n", header{o.name, relative(o.dest.Dir, o.source)})
	if c := conjunction(o.terms); c != "" {
		fmt.Fprintf(&file, "//go:build %s\n\n", c)
	}
	fmt.Fprintf(&file, "package %s\n\n%s", o.dest.Name, o.text)
	return file.Bytes()
}

// render formats the file.
func (o *output) render() (err error) {
	if o.content, err = format.Source(o.unformatted()); err != nil {
		return fmt.Errorf("%s: %w", o.path, err)
	}
	return nil
}

// An emitter writes the file of one family.
type emitter struct {
	*binding
	*imports
	doc func(*types.Func) string
	buf bytes.Buffer

	core       string // the struct with its type arguments
	params     string // type parameters with constraints, or ""
	args       string // the same without constraints
	wrapped    string // the type of the original
	recv       string // the receiver of members' methods
	holder     string // the field of a member that holds the struct, or ""
	documented map[string]bool
	foreign    bool // a method of another package is called
}

// write writes the code of o.
func (g *generator) write(o *output) {
	e := &emitter{
		binding:    o.binding,
		imports:    newImports(o.dest, o.names.pkg),
		doc:        g.doc,
		documented: make(map[string]bool),
	}
	if o.holds != "" {
		e.holder = make(scope).with(names(o.methods(o.full()))...).with(o.names.structure, "Unwrap").fresh("core")
	}
	if o.pkg != o.dest {
		o.terms = g.constraints(o.file)
	}
	tparams := o.typ.TypeParams()
	for i := range tparams.Len() {
		e.taken.take(tparams.At(i).Obj().Name())
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
	e.core = o.target.name + e.args
	// Twice: a variable must not have the name of a package, and which
	// packages there are is known only when everything has been written.
	for range 2 {
		e.buf.Reset()
		clear(e.documented)
		e.wrapped = e.originalType()
		if o.proof {
			g.emitProof(e)
		} else {
			e.emitFamily()
		}
	}
	o.text = ""
	if e.foreign {
		o.text = "//lint:file-ignore SA1019 what is deprecated is forwarded, too\n\n"
	}
	o.text += e.imports.String() + e.buf.String()
}

// emitFamily writes all of a family but its test.
func (e *emitter) emitFamily() {
	e.recv = e.local(receiver(e.binding.name), e.parameterNames()...)
	e.emitSet()
	e.emitProbe()
	e.emitChoice()
	if e.as {
		e.emitAs()
	}
	e.emitDetours()
	for _, c := range e.combos {
		e.emitMember(c)
	}
	if e.pkg == e.dest {
		e.emitAssertion()
	}
	if e.from != "" && !e.asksOriginal() {
		e.printf("// No optional method goes straight to the original so far.\n")
		e.printf("var _ = %s[%s]\n", e.from, e.any())
	}
}

func (e *emitter) printf(format string, args ...any) { fmt.Fprintf(&e.buf, format, args...) }

// local returns a name for a variable that hides nothing that the file uses,
// and is none of the others.
func (e *emitter) local(name string, others ...string) string {
	visible := e.visible()
	return unused(name, func(n string) bool {
		return e.binding.names.pkg[n] || slices.Contains(others, n) || slices.Contains(visible, n)
	})
}

// visible returns the names of the imported packages and the type parameters.
func (e *emitter) visible() []string {
	var found []string
	for _, name := range e.imports.names {
		found = append(found, name)
	}
	for i, tparams := 0, e.binding.typ.TypeParams(); i < tparams.Len(); i++ {
		found = append(found, tparams.At(i).Obj().Name())
	}
	return found
}

// parameterNames returns the names of all parameters of the family's methods.
func (e *emitter) parameterNames() []string {
	var found []string
	for _, m := range e.methods(e.full()) {
		for i := range m.Signature().Params().Len() {
			found = append(found, m.Signature().Params().At(i).Name())
		}
	}
	return found
}

func (e *emitter) constant(i int) string { return e.binding.names.constants[i] }

// member returns the name of the type of a combination.
func (e *emitter) member(c *combination) string {
	return e.binding.names.members + strconv.Itoa(int(c.set))
}

// originalType returns the type of the original.
func (e *emitter) originalType() string {
	if t := e.original.Type(); e.nameable(t) {
		return e.imports.typ(t)
	}
	return e.literal(e.base)
}

// resultType returns the type as which members are handed around. It is that of
// the original, unless the family declares methods that every member has. The
// test of a family does not name it.
func (e *emitter) resultType() string {
	if len(e.always) == 0 {
		return e.wrapped
	}
	for _, el := range e.always {
		if el.typ != nil && e.nameable(el.typ) && len(without(e.every, el.methods)) == 0 {
			return e.imports.typ(el.typ)
		}
	}
	return e.literal(e.every)
}

// nameable reports whether the file can name t.
func (e *emitter) nameable(t types.Type) bool { return unnameable(t, e.dest.types) == "" }

// literal returns an interface type of these methods.
func (e *emitter) literal(methods []*types.Func) string {
	lines := make([]string, len(methods))
	for i, m := range methods {
		lines[i] = m.Name() + strings.TrimPrefix(e.imports.typ(m.Type()), "func")
	}
	switch len(lines) {
	case 0:
		return "interface{}"
	case 1:
		return "interface{ " + lines[0] + " }"
	}
	return "interface {\n" + strings.Join(lines, "\n") + "\n}"
}

// asserted returns the interface that a value is asked for when it is to have
// what el adds.
func (e *emitter) asserted(el *element) string {
	if _, ok := el.typ.(*types.Interface); el.typ != nil && !ok && e.nameable(el.typ) {
		return e.imports.typ(el.typ)
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
	set := e.setName()
	e.printf("// %s says which optional methods a member of %s has.\n", set, e.binding.name)
	e.printf("type %s %s\n\n", set, size)
	e.printf("const (\n")
	for i, el := range e.optional {
		first := ""
		if i == 0 {
			first = " " + set + " = 1 << iota"
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
	s := e.local("s")
	e.printf("// fit returns %s without the methods that do not go with the others in it.\n", s)
	e.printf("func (%s %s) fit() %s {\n", s, set, set)
	for _, r := range e.rules {
		var conditions []string
		switch bits.OnesCount32(uint32(r.needs)) {
		case 0:
		case 1:
			conditions = append(conditions, fmt.Sprintf("%s&%s == 0", s, e.expression(r.needs)))
		default:
			conditions = append(conditions, fmt.Sprintf("%s&(%s) != %s", s, e.expression(r.needs), e.expression(r.needs)))
		}
		switch bits.OnesCount32(uint32(r.without)) {
		case 0:
		case 1:
			conditions = append(conditions, fmt.Sprintf("%s&%s != 0", s, e.expression(r.without)))
		default:
			conditions = append(conditions, fmt.Sprintf("%s&(%s) != 0", s, e.expression(r.without)))
		}
		e.printf("\tif %s {\n\t\t%s &^= %s\n\t}\n", strings.Join(conditions, " || "), s, e.constant(r.element))
	}
	e.printf("\treturn %s\n}\n\n", s)
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
	v, s, ok := e.local("v"), e.local("s"), e.local("ok")
	e.printf("// %s returns the optional methods of %s that %s has.\n", e.setOfName(), e.binding.name, v)
	e.printf("func %s%s(%s %s) %s {\n\tvar %s %s\n", e.setOfName(), e.params, v, e.any(), e.setName(), s, e.setName())
	for i, el := range e.optional {
		e.printf("\tif _, %s := %s.(%s); %s {\n\t\t%s |= %s\n\t}\n", ok, v, e.asserted(el), ok, s, e.constant(i))
	}
	e.printf("\treturn %s\n}\n\n", e.fitted(s))
}

// emitChoice writes the method that picks a member.
func (e *emitter) emitChoice() {
	s := e.local("s")
	r := e.local(receiver(e.target.name), s)
	e.printf("// %s returns %s as the member that has the optional methods in %s", e.binding.name, r, s)
	if len(e.rules) > 0 {
		e.printf(",\n// less those that do not go with the others in it")
	}
	e.printf(".\n")
	if e.asksOriginal() {
		e.printf("// Those that %s does not do itself, %s.%s has to have.\n", r, r, e.original.Name())
	}
	e.printf("func (%s *%s) %s(%s %s) %s {\n", r, e.core, e.binding.name, s, e.setName(), e.resultType())
	e.printf("\tswitch %s {\n", e.fitted(s))
	for _, c := range e.combos {
		cases := make([]string, len(c.sets))
		for i, s := range c.sets {
			cases[i] = e.expression(s)
		}
		e.printf("\tcase %s:\n\t\treturn %s\n", strings.Join(cases, ",\n\t\t"), e.made(c, r))
	}
	e.printf("\t}\n\tpanic(\"%s: no such set\")\n}\n\n", e.setName())
}

// made returns a pointer to the struct as the member c.
func (e *emitter) made(c *combination, pointer string) string {
	if e.holder != "" {
		return fmt.Sprintf("%s%s{%s}", e.member(c), e.args, pointer)
	}
	return fmt.Sprintf("(*%s%s)(%s)", e.member(c), e.args, pointer)
}

// asksOriginal reports whether an optional method goes straight to the
// original.
func (e *emitter) asksOriginal() bool {
	for _, el := range e.optional {
		for _, m := range el.added {
			if e.own[m.Id()] == nil && e.routed[m.Id()] == nil {
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
	v, found, ok, n := e.local("v"), e.local("found"), e.local("ok"), e.local("n")
	t, m, u, none := e.local("T"), e.local("m"), e.local("u"), e.local("none")
	params := "[" + t + " " + e.any() + "]"
	if e.params != "" {
		params = "[" + t + " " + e.any() + ", " + e.params[1:]
	}
	name := e.asName()
	e.printf("// %s returns the first of %s, the value that it unwraps to, and so on, that\n// is a %s, or a member of %s made of one. A chain that loops ends.\n", name, v, t, e.binding.name)
	e.printf("func %s%s(%s %s) (%s, bool) {\n", name, params, v, e.any(), t)
	e.printf("\tfor %s := 0; %s < 100; %s++ {\n", n, n, n)
	e.printf("\t\tif %s, %s := %s.(%s); %s {\n\t\t\treturn %s, true\n\t\t}\n", found, ok, v, t, ok, found)
	e.printf("\t\tif %s, %s := %s.(interface{ %s() *%s }); %s {\n", m, ok, v, e.binding.names.structure, e.core, ok)
	e.printf("\t\t\tif %s, %s := %s(%s.%s()).(%s); %s {\n\t\t\t\treturn %s, true\n\t\t\t}\n\t\t}\n", found, ok, e.any(), m, e.binding.names.structure, t, ok, found)
	if e.passUnwrap {
		e.printf("\t\tbreak\n\t}\n\tvar %s %s\n\treturn %s, false\n}\n\n", none, t, none)
		return
	}
	e.printf("\t\t%s, %s := %s.(interface{ Unwrap() %s })\n", u, ok, v, e.unwrapResult())
	e.printf("\t\tif !%s {\n\t\t\tbreak\n\t\t}\n\t\t%s = %s.Unwrap()\n\t}\n", ok, v, u)
	e.printf("\tvar %s %s\n\treturn %s, false\n}\n\n", none, t, none)
}

// emitAssertion has the compiler compare the member that has everything with
// the family, and makes use of the family, which nothing else does.
func (e *emitter) emitAssertion() {
	value := ""
	if last := e.combos[len(e.combos)-1]; last.set == e.full() && !e.hides {
		value = " = " + e.made(last, "nil")
	}
	if e.params == "" {
		e.printf("var _ %s%s\n", e.binding.name, value)
	} else {
		e.printf("func _%s() { var _ %s%s%s }\n", e.params, e.binding.name, e.args, value)
	}
}
