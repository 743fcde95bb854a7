package gen

import (
	"fmt"
	"go/types"
	"slices"
	"strconv"
	"strings"
)

// proofImports are what the test of a family imports besides the packages of
// its methods' types; the first two only if
// a method returns an error, or there are constraints.
var proofImports = []string{"errors", "reflect", "fmt", "runtime", "slices", "strings", "testing"}

// emitProof returns the test of a generated file: a table of its methods and a
// loop over its sets.
func (l *loader) emitProof(b *binding, combos []*combination) ([]byte, error) {
	if b.original == nil {
		l.faults.add(b.target.pos, "-test: no field of %s holds the original, so a test cannot put one there", b.target.name)
		return nil, nil
	}
	instance, ok := b.instance()
	if !ok {
		l.faults.add(l.fset.Position(b.spec.Pos()), "-test: no type comes to mind that fits the type parameters of %s", b.name)
		return nil, nil
	}
	e := l.newEmitter(b, combos)
	for _, name := range strings.Fields("all allocs alone args c calls do f fit frame frames detours got log method more n name names of ok own p pcs results row s sink t u v want") {
		e.taken[name] = true // a package of this name would be hidden
	}
	var names []string
	for _, suffix := range strings.Fields("Fake Row Rows Alone Base Loop Proof Name") {
		names = append(names, b.name+"Test"+suffix)
	}
	for _, el := range b.optional {
		names = append(names, b.name+"TestAlone"+el.name)
	}
	l.clashes(b, names)
	used := proofImports[2:]
	if len(e.rules) > 0 {
		used = proofImports[1:]
	}
	for _, path := range used {
		e.qualify(types.NewPackage(path, path))
	}
	for range 2 { // as in emit
		e.buf.Reset()
		text := strings.Replace(proof, "$unfit", "", 1)
		if len(e.rules) > 0 {
			text = strings.Replace(proof, "$unfit", unfit, 1)
		}
		if b.has("as") {
			text = strings.Replace(text, "$as", as, 1)
			text += asLoop
		}
		text = strings.Replace(text, "$as", "", 1)
		e.printf("%s", e.replacer(instance).Replace(text))
		e.emitConstraints()
		e.emitRows()
		e.emitAlone()
		e.emitFake()
	}
	return l.file(e, b)
}

// replacer fills in a family's names in the text of its test.
func (e *emitter) replacer(instance string) *strings.Replacer {
	found := "[*" + e.binding.name + "TestFake" + e.args
	if e.args != "" {
		found += ", " + e.args[1:]
	} else {
		found += "]"
	}
	var detours []string
	for _, m := range e.methods(1<<len(e.optional) - 1) {
		if e.detours(m) {
			detours = append(detours, strconv.Quote(e.detour(m)))
		}
	}
	words := []string{
		"$detours", strings.Join(detours, ", "),
		"$Test", "Test" + exported(e.binding.name) + "Family",
		"$instance", instance,
		"$found", found,
		"$params", e.params,
		"$args", e.args,
		"$bits", fmt.Sprint(len(e.optional)),
		"$family", e.binding.name,
		"$core", e.core,
		"$struct", e.target.name,
		"$field", e.original.Name(),
		"$base", e.result,
		"$fit", e.fitted("s"),
	}
	for _, path := range proofImports[1:] {
		words = append(words, "$"+path, e.imports.names[path]) // an unused name is ""
	}
	return strings.NewReplacer(words...)
}

// instance returns type arguments with which a generic family can be tested.
func (b *binding) instance() (string, bool) {
	tparams := b.typ.TypeParams()
	args := make([]types.Type, tparams.Len())
	names := make([]string, len(args))
	for i := range args {
		for _, candidate := range []types.BasicKind{types.Int, types.String, types.Float64, types.Byte} {
			t := types.Typ[candidate]
			if iface, ok := tparams.At(i).Constraint().Underlying().(*types.Interface); ok && types.Satisfies(t, iface) {
				args[i], names[i] = t, t.Name()
				break
			}
		}
		if args[i] == nil {
			return "", false
		}
	}
	if len(args) == 0 {
		return "", true
	}
	return "[" + strings.Join(names, ", ") + "]", true
}

// proof is the part of a test that is the same for every family, but for the
// names.
const proof = `
// $Test proves of every member of $family that it has its methods and
// no others, that they do what those of $struct do, or the original's, that
// Unwrap returns the original, and that a member costs one allocation.
func $Test(t *$testing.T) { $familyTestProof$instance(t) }

func $familyTestProof$params(t *$testing.T) {
	var all any = new($familyTestFake$args)
	if s := $familySetOf$args(nil); s != 0 {
		t.Errorf("$familySetOf(nil) = %s, want none", $familyTestName(s))
	}
	for _, alone := range $familyTestAlone$args() {
		s := alone.set
		if got := $familySetOf$args(alone.v); got != $fit {
			t.Errorf("$familySetOf(%T) = %s, want %s", alone.v, $familyTestName(got), $familyTestName($fit))
		}
	}
	s := $familySet(1<<$bits - 1)
	if got := $familySetOf$args(all); got != $fit {
		t.Errorf("$familySetOf(%T) = %s, want %s", all, $familyTestName(got), $familyTestName($fit))
	}

	for n := 0; n < 1<<$bits; n++ {
		s := $familySet(n)$unfit
		t.Run($familyTestName(s), func(t *$testing.T) {
			for _, row := range $familyTestRows$args() {
				f := new($familyTestFake$args)
				c := &$core{$field: f}
				v := c.$family(s)
				want := row.in == 0 || s&row.in != 0
				if got := row.has(v); got != want {
					t.Errorf("%T has %s: %v, want %v", v, row.name, got, want)
				}
				if !want || !row.has(v) {
					continue
				}
				got := f.log(func() []any { return row.call(v) })
				switch {
				case row.own != nil:
					f := new($familyTestFake$args)
					c := &$core{$field: f}
					if want := f.log(func() []any { return row.own(c) }); !$slices.Equal(got, want) {
						t.Errorf("%T.%s: %q, want what %T.%s does: %q", v, row.name, got, c, row.name, want)
					}
				case row.via != nil:
					f := new($familyTestFake$args)
					c := &$core{$field: f}
					want := f.log(func() []any { return row.via(c) })
					reaches := $strings.Contains(want[0], " through ")
					if reaches && got[0] != want[0] || $slices.Contains(got, row.name) {
						t.Errorf("%T.%s: %q, want first what the method does that it is routed through: %q", v, row.name, got, want)
					}
				default:
					if want := f.log(func() []any { return row.call(f) }); !$slices.Equal(got, want) {
						t.Errorf("%T.%s: %q, want what the original does: %q", v, row.name, got, want)
					}
				}
			}

			f := new($familyTestFake$args)
			v := (&$core{$field: f}).$family(s)
			u, ok := v.(interface{ Unwrap() $base })
			if !ok {
				t.Fatalf("%T has no Unwrap() of the original's type", v)
			}
			if got := u.Unwrap(); any(got) != any(f) {
				t.Errorf("%T.Unwrap() = %v, want the original", v, got)
			}
$as			var sink any
			allocs := $testing.AllocsPerRun(10, func() { sink = (&$core{$field: f}).$family(s) })
			if allocs != 1 {
				t.Errorf("making a %T takes %v allocations, want 1", sink, allocs)
			}
		})
	}
}

// log returns what do comes to: the calls that reach f, each with the method of
// $struct through which it came, and then the results or the panic. The
// results are left out after a call that came through a method of $struct.
func (f *$familyTestFake$args) log(do func() []any) (log []string) {
	f.calls = nil
	results := func() (results []any) {
		defer func() {
			if p := recover(); p != nil {
				results = []any{"panic", $fmt.Sprint(p)}
			}
		}()
		return do()
	}()
	if len(f.calls) > 0 && $strings.Contains(f.calls[0], " through ") {
		return f.calls
	}
	return append(f.calls, $fmt.Sprintf("returns %v", results))
}

// note adds a call of f's method to f.calls.
func (f *$familyTestFake$args) note(method string) {
	detours := []string{$detours} // generated, so not through the struct's own
	pcs := make([]uintptr, 32)
	frames := $runtime.CallersFrames(pcs[:$runtime.Callers(2, pcs)])
	for {
		frame, more := frames.Next()
		name := $strings.ReplaceAll(frame.Function, "[...]", "")
		for _, of := range []string{".(*$struct).", ".$struct."} {
			if _, own, ok := $strings.Cut(name, of); ok && !$slices.Contains(detours, own) {
				f.calls = append(f.calls, method+" through "+own)
				return
			}
		}
		if !more {
			break
		}
	}
	f.calls = append(f.calls, method)
}

`

// unfit is what a test does about sets with methods that do not go together.
const unfit = `
		if fit := s.fit(); fit != s {
			got, want := new($core).$family(s), new($core).$family(fit)
			if $reflect.TypeOf(got) != $reflect.TypeOf(want) {
				t.Errorf("%s is %T, want %T", $familyTestName(s), got, want)
			}
			continue
		}`

// as is what a test does about the helper that as directives ask for.
const as = `			if got, ok := $familyAs$found(v); !ok || got != f {
				t.Errorf("$familyAs(%T) = %v, %v, want the original", v, got, ok)
			}
			loop := new($familyTestLoop$args)
			loop.$familyTestBase = loop
			if got, ok := $familyAs$found(loop); ok {
				t.Errorf("$familyAs of a loop = %v, want none", got)
			}
`

const asLoop = `
type $familyTestLoop$params struct{ $familyTestBase$args }

func (l *$familyTestLoop$args) Unwrap() $base { return l }

`

// emitConstraints writes the part of the test that is about the constraints,
// and the names of sets.
func (e *emitter) emitConstraints() {
	f := e.binding.name
	if len(e.rules) > 0 {
		e.printf("func Test%sConstraints(t *%s.T) {\n", exported(f), e.imports.names["testing"])
		e.printf("for _, c := range []struct{ of, needs, never %s }{\n", e.set)
		for _, r := range e.rules {
			e.printf("{%s, %s, %s},\n", e.constant(r.element), e.expression(r.needs), e.expression(r.without))
		}
		e.printf("} {\n")
		e.printf(`for n := 0; n < 1<<%d; n++ {
			s := %s(n)
			fit := s.fit()
			met := fit&c.needs == c.needs && fit&c.never == 0
			if s&c.of != 0 && (fit&c.of != 0) != met {
				t.Errorf("%%s.fit() = %%s, want %%s in it: %%v", %sTestName(s), %sTestName(fit), %sTestName(c.of), met)
			}
			if s&c.of == 0 && fit&c.of != 0 {
				t.Errorf("%%s.fit() = %%s, which is more", %sTestName(s), %sTestName(fit))
			}
		}
	}
}

`, len(e.optional), e.set, f, f, f, f, f)
	}
	e.printf("// %sTestName returns the names of the elements in s.\n", f)
	e.printf("func %sTestName(s %s) string {\nvar names []string\nfor i, name := range []string{", f, e.set)
	for i, el := range e.optional {
		if i > 0 {
			e.printf(", ")
		}
		e.printf("%q", el.name)
	}
	e.printf("} {\nif s&(1<<i) != 0 {\nnames = append(names, name)\n}\n}\n")
	e.printf("if names == nil {\nreturn \"none\"\n}\nreturn %s.Join(names, \"+\")\n}\n\n", e.imports.names["strings"])
}

// emitRows writes the table of methods.
func (e *emitter) emitRows() {
	f := e.binding.name
	e.printf("// A %sTestRow is a method of the family.\n", f)
	e.printf("type %sTestRow%s struct {\n", f, e.params)
	e.printf("name string\n")
	e.printf("in %s // the elements that add it; 0 if every member has it\n", e.set)
	e.printf("has func(v any) bool\n")
	e.printf("call func(v any) []any\n")
	e.printf("own func(c *%s) []any // nil if %s has no such method\n", e.core, e.target.name)
	e.printf("via func(c *%s) []any // of the method that it is routed through, or nil\n}\n\n", e.core)

	e.printf("func %sTestRows%s() []%sTestRow%s {\nreturn []%sTestRow%s{\n", f, e.params, f, e.args, f, e.args)
	all := e.methods(1<<len(e.optional) - 1)
	for _, m := range all {
		var in set
		for i, el := range e.optional {
			if slices.ContainsFunc(el.added, sameMethod(m)) {
				in |= 1 << i
			}
		}
		asked := e.literal([]*types.Func{m})
		e.printf("{\nname: %q,\n", m.Name())
		if in != 0 {
			e.printf("in: %s,\n", e.expression(in))
		}
		e.printf("has: func(v any) bool { _, ok := v.(%s); return ok },\n", asked)
		e.printf("call: func(v any) []any { %s },\n", e.calling("v.("+asked+")", m))
		if e.own[m.Id()] != nil {
			e.printf("own: func(c *%s) []any { %s },\n", e.core, e.calling("c", m))
		}
		if via := e.routed[m.Id()]; via != "" {
			i := slices.IndexFunc(all, func(m *types.Func) bool { return m.Name() == via })
			e.printf("via: func(c *%s) []any { %s },\n", e.core, e.calling("c", all[i]))
		}
		e.printf("},\n")
	}
	e.printf("}\n}\n\n")
}

// calling returns statements that call m on an expression and return its
// results.
func (e *emitter) calling(on string, m *types.Func) string {
	sig := m.Signature()
	var args []string
	for i := range sig.Params().Len() {
		if sig.Variadic() && i == sig.Params().Len()-1 {
			break
		}
		args = append(args, e.argument(sig.Params().At(i).Type()))
	}
	call := fmt.Sprintf("%s.%s(%s)", on, m.Name(), strings.Join(args, ", "))
	n := sig.Results().Len()
	if n == 0 {
		return call + "; return nil"
	}
	if n == 1 {
		return fmt.Sprintf("return []any{%s}", call)
	}
	vars := make([]string, n)
	for i := range vars {
		vars[i] = fmt.Sprintf("r%d", i)
	}
	list := strings.Join(vars, ", ")
	return fmt.Sprintf("%s := %s; return []any{%s}", list, call, list)
}

// argument returns an expression of type t that does no harm.
func (e *emitter) argument(t types.Type) string {
	switch types.TypeString(t, nil) {
	case "[]byte":
		return `[]byte("abc")`
	case "io.Reader":
		return e.imports.names["strings"] + `.NewReader("abc")`
	case "io.Writer":
		return "new(" + e.imports.names["strings"] + ".Builder)"
	case "context.Context":
		return e.qualify(t.(*types.Named).Obj().Pkg()) + ".Background()"
	case "string":
		return `"abc"`
	}
	switch t.Underlying().(type) {
	case *types.Pointer, *types.Slice, *types.Map, *types.Chan, *types.Signature:
		return "nil"
	}
	return "*new(" + e.typ(t) + ")"
}

// emitAlone writes types that have the methods of one optional element each.
func (e *emitter) emitAlone() {
	f := e.binding.name
	e.printf("// %sTestAlone returns for each optional element a value that has its methods,\n// and the elements that it has so.\n", f)
	e.printf("func %sTestAlone%s() []struct { v any; set %s } {\nreturn []struct { v any; set %s }{\n", f, e.params, e.set, e.set)
	for _, el := range e.optional {
		var s set
		for j, other := range e.optional {
			if contains(el, other) {
				s |= 1 << j
			}
		}
		e.printf("{new(%sTestAlone%s%s), %s},\n", f, el.name, e.args, e.expression(s))
	}
	e.printf("}\n}\n\n")
	e.printf("type %sTestBase%s interface{ %s }\n\n", f, e.params, e.result)
	for _, el := range e.optional {
		name := f + "TestAlone" + el.name
		e.printf("type %s%s struct{ %sTestBase%s }\n\n", name, e.params, f, e.args)
		for _, m := range el.added {
			e.emitFakeMethod(name, m, "")
		}
		e.printf("\n")
	}
}

// emitFake writes the type that stands in for the original: it has all methods
// and notes their calls.
func (e *emitter) emitFake() {
	name := e.binding.name + "TestFake"
	e.printf("// %s has all methods of the family and notes their calls.\n", name)
	e.printf("type %s%s struct { calls []string }\n\n", name, e.params)
	for _, m := range e.methods(1<<len(e.optional) - 1) {
		e.emitFakeMethod(name, m, fmt.Sprintf("f.note(%q); ", m.Name()))
	}
}

// emitFakeMethod writes a method that does what note says and returns zero
// values, and an error where one is to be returned.
func (e *emitter) emitFakeMethod(name string, m *types.Func, note string) {
	sig := m.Signature()
	var params, results []string
	fail := ""
	for i := range sig.Params().Len() {
		t := e.typ(sig.Params().At(i).Type())
		if sig.Variadic() && i == sig.Params().Len()-1 {
			t = "..." + strings.TrimPrefix(t, "[]")
		}
		params = append(params, t)
	}
	for i := range sig.Results().Len() {
		t := sig.Results().At(i).Type()
		results = append(results, fmt.Sprintf("r%d %s", i, e.typ(t)))
		if types.Identical(t, types.Universe.Lookup("error").Type()) {
			fail = fmt.Sprintf("r%d = %s.New(\"not a real %s\"); ", i, e.qualify(types.NewPackage("errors", "errors")), m.Name())
		}
	}
	if len(results) > 0 {
		fail += "return"
	}
	e.printf("func (f *%s%s) %s(%s) (%s) { %s%s }\n", name, e.args, m.Name(), strings.Join(params, ", "), strings.Join(results, ", "), note, fail)
}
