package gen

import (
	"fmt"
	"go/types"
	"slices"
	"strconv"
	"strings"
)

// proofImports are what the test of a family can import besides the packages of
// its methods' types.
var proofImports = []string{"errors", "fmt", "reflect", "runtime", "slices", "strings", "testing"}

// testSuffixes are what the names that a test declares end in, but for those of
// emitAlone.
var testSuffixes = []string{"Fake", "Row", "Rows", "Alone", "Base", "Loop", "Proof", "Name", "New", "Member"}

// emitProof writes the test of a generated file: a table of its methods and a
// loop over its sets.
func (g *generator) emitProof(e *emitter) {
	instance, ok := e.instance()
	switch {
	case e.imports.old:
		g.faults.add(e.target.pos, "the test of a family needs type parameters, so a go line of 1.18 or later in go.mod: delete %stest", directivePrefix)
		return
	case !ok:
		g.faults.add(g.fset.Position(e.spec.Pos()), "wrapgen finds no type arguments with which to test %s: delete %stest", e.binding.name, directivePrefix)
		return
	}
	for _, name := range strings.Fields("all allocs alone args c calls detours do f fit frame frames got log method more n name names of ok own p pcs results row s t u v want") {
		e.taken.take(name) // a package of this name would be hidden
	}
	unfitText := ""
	if len(e.rules) > 0 {
		unfitText = unfit
	}
	unwraps, asText, loopText := "", "", ""
	if !e.noUnwrap && !e.passUnwrap {
		unwraps = unwrapped
	}
	if e.as {
		asText = asStruct
		if !e.noUnwrap && !e.passUnwrap {
			asText, loopText = asStruct+as, asLoop
		}
	}
	text := strings.NewReplacer("$unfit", unfitText, "$unwraps", unwraps, "$as", asText, "$loop", loopText).Replace(proof)
	e.printf("%s", e.replacer(instance).Replace(text))
	e.emitConstraints()
	e.emitRows()
	e.emitAlone()
	e.emitFake()
}

// replacer fills in a family's names in the text of its test.
func (e *emitter) replacer(instance string) *strings.Replacer {
	test := e.binding.names.test
	more := "]"
	if e.args != "" {
		more = ", " + e.args[1:]
	}
	var detours []string
	for _, m := range e.methods(e.full()) {
		if e.detours(m) {
			detours = append(detours, strconv.Quote(e.detour(m)))
		}
	}
	newCore := fmt.Sprintf("&%s{%s: %s}", e.core, e.original.Name(), e.local("f"))
	if e.newCore != "" {
		newCore = fmt.Sprintf("%s%s(%s)", e.newCore, e.args, e.local("f"))
	}
	var words []string // $testing before $test
	for _, p := range proofImports[1:] {
		words = append(words, "$"+p, e.path(p))
	}
	words = append(words,
		"$detours", strings.Join(detours, ", "),
		"$Test", "Test"+exported(e.binding.name)+"Family",
		"$instance", instance,
		"$found", "[*"+test+"Fake"+e.args+more,
		"$struct", "[*"+e.core+more,
		"$params", e.params,
		"$args", e.args,
		"$bits", strconv.Itoa(len(e.optional)),
		"$test", test,
		"$newcore", newCore,
		"$setof", e.setOfName(),
		"$set", e.setName(),
		"$asfunc", e.asName(),
		"$way", e.binding.names.structure,
		"$family", e.binding.name,
		"$core", e.core,
		"$name", e.target.name,
		"$base", e.wrapped,
		"$unwrapresult", e.unwrapResult(),
		"$fit", e.fitted("s"),
	)
	for _, name := range []string{"c", "f", "s", "t", "v"} { // after the words that begin so
		words = append(words, "$"+name, e.local(name))
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
// no others, that they do what those of $name do, or the original's, that
// Unwrap and $way lead back, and that a member costs one allocation.
func $Test(t *$testing.T) { $testProof$instance(t) }

func $testProof$params(t *$testing.T) {
	var all any = new($testFake$args)
	if s := $setof$args(nil); s != 0 {
		t.Errorf("$setof(nil) = %s, want none", $testName(s))
	}
	for _, alone := range $testAlone$args() {
		s := alone.set
		if got := $setof$args(alone.v); got != $fit {
			t.Errorf("$setof(%T) = %s, want %s", alone.v, $testName(got), $testName($fit))
		}
	}
	s := $set(1<<$bits - 1)
	if got := $setof$args(all); got != $fit {
		t.Errorf("$setof(%T) = %s, want %s", all, $testName(got), $testName($fit))
	}

	for n := 0; n < 1<<$bits; n++ {
		s := $set(n)$unfit
		t.Run($testName(s), func(t *$testing.T) {
			for _, row := range $testRows$args() {
				f := new($testFake$args)
				v := $testNew$args(f).$family(s)
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
					f := new($testFake$args)
					c := $testNew$args(f)
					if want := f.log(func() []any { return row.own(c) }); !$slices.Equal(got, want) {
						t.Errorf("%T.%s: %q, want what %T.%s does: %q", v, row.name, got, c, row.name, want)
					}
				case row.via != nil:
					f := new($testFake$args)
					c := $testNew$args(f)
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
			$testMember$args(t, s)
		})
	}
}

// $testMember tests the member that has the optional methods in $s.
func $testMember$params($t *$testing.T, $s $set) {
	$f := new($testFake$args)
	$c := $testNew$args($f)
	$v := $c.$family($s)
	allowed := make(map[string]bool)
	for _, row := range $testRows$args() {
		allowed[row.name] = row.in == 0 || $s&row.in != 0
	}
	allowed["Unwrap"] = true
	for i, of := 0, $reflect.TypeOf($v); i < of.NumMethod(); i++ {
		if name := of.Method(i).Name; !allowed[name] {
			$t.Errorf("%T has %s, which is not of the family", $v, name)
		}
	}
	if way, ok := $v.(interface{ $way() *$core }); !ok || way.$way() != $c {
		$t.Errorf("%T.$way() does not return the struct", $v)
	}
$unwraps$as	var sink any
	allocs := $testing.AllocsPerRun(10, func() { sink = $c.$family($s) })
	if allocs != 0 {
		$t.Errorf("making a %T of the struct takes %v allocations, want 0", sink, allocs)
	}
}

// $testNew returns the struct that wraps $f.
func $testNew$params($f *$testFake$args) *$core { return $newcore }

// log returns what do comes to: the calls that reach f, each with the method of
// $name through which it came, and then the results or the panic. The
// results are left out after a call that came through a method of $name.
func (f *$testFake$args) log(do func() []any) (log []string) {
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
func (f *$testFake$args) note(method string) {
	detours := []string{$detours} // generated, so not through the struct's own
	pcs := make([]uintptr, 32)
	frames := $runtime.CallersFrames(pcs[:$runtime.Callers(2, pcs)])
	for {
		frame, more := frames.Next()
		name := $strings.ReplaceAll(frame.Function, "[...]", "")
		for _, of := range []string{".(*$name).", ".$name."} {
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

$loop`

// unfit is what a test does about sets with methods that do not go together.
const unfit = `
		if fit := s.fit(); fit != s {
			f := new($testFake$args)
			got, want := $testNew$args(f).$family(s), $testNew$args(f).$family(fit)
			if $reflect.TypeOf(got) != $reflect.TypeOf(want) {
				t.Errorf("%s is %T, want %T", $testName(s), got, want)
			}
			continue
		}`

// unwrapped is what a test does about Unwrap.
const unwrapped = `	if u, ok := $v.(interface{ Unwrap() $unwrapresult }); !ok {
		$t.Errorf("%T has no Unwrap() of the original's type", $v)
	} else if got := u.Unwrap(); any(got) != any($f) {
		$t.Errorf("%T.Unwrap() = %v, want the original", $v, got)
	}
`

// as, asStruct and asLoop are what a test does about the helper that as
// directives ask for.
const as = `	if got, ok := $asfunc$found($v); !ok || got != $f {
		$t.Errorf("$asfunc(%T) = %v, %v, want the original", $v, got, ok)
	}
	loop := new($testLoop$args)
	loop.$testBase = loop
	if got, ok := $asfunc$found(loop); ok {
		$t.Errorf("$asfunc of a loop = %v, want none", got)
	}
`

const asStruct = `	if got, ok := $asfunc$struct($v); !ok || got != $c {
		$t.Errorf("$asfunc(%T) = %v, %v, want the struct", $v, got, ok)
	}
`

const asLoop = `
type $testLoop$params struct{ $testBase$args }

func (l *$testLoop$args) Unwrap() $unwrapresult { return l }

`

// emitConstraints writes the part of the test that is about the constraints,
// and the names of sets.
func (e *emitter) emitConstraints() {
	f := e.binding.names.test
	if len(e.rules) > 0 {
		e.printf("func Test%sConstraints(t *%s.T) {\n", exported(e.binding.name), e.path("testing"))
		e.printf("for _, c := range []struct{ of, needs, never %s }{\n", e.setName())
		for _, r := range e.rules {
			e.printf("{%s, %s, %s},\n", e.constant(r.element), e.expression(r.needs), e.expression(r.without))
		}
		e.printf("} {\n")
		e.printf(`for n := 0; n < 1<<%d; n++ {
			s := %s(n)
			fit := s.fit()
			met := fit&c.needs == c.needs && fit&c.never == 0
			if s&c.of != 0 && (fit&c.of != 0) != met {
				t.Errorf("%%s.fit() = %%s, want %%s in it: %%v", %sName(s), %sName(fit), %sName(c.of), met)
			}
			if s&c.of == 0 && fit&c.of != 0 {
				t.Errorf("%%s.fit() = %%s, which is more", %sName(s), %sName(fit))
			}
		}
	}
}

`, len(e.optional), e.setName(), f, f, f, f, f)
	}
	e.printf("// %sName returns the names of the elements in s.\n", f)
	e.printf("func %sName(s %s) string {\nvar names []string\nfor i, name := range []string{", f, e.setName())
	for i, el := range e.optional {
		if i > 0 {
			e.printf(", ")
		}
		e.printf("%q", el.name)
	}
	e.printf("} {\nif s&(1<<i) != 0 {\nnames = append(names, name)\n}\n}\n")
	e.printf("if names == nil {\nreturn \"none\"\n}\nreturn %s.Join(names, \"+\")\n}\n\n", e.path("strings"))
}

// emitRows writes the table of methods.
func (e *emitter) emitRows() {
	f := e.binding.names.test
	e.printf("// A %sRow is a method of the family.\n", f)
	e.printf("type %sRow%s struct {\n", f, e.params)
	e.printf("name string\n")
	e.printf("in %s // the elements that add it; 0 if every member has it\n", e.setName())
	e.printf("has func(v any) bool\n")
	e.printf("call func(v any) []any\n")
	e.printf("own func(c *%s) []any // nil if %s has no such method\n", e.core, e.target.name)
	e.printf("via func(c *%s) []any // of the method that it is routed through, or nil\n}\n\n", e.core)

	e.printf("func %sRows%s() []%sRow%s {\nreturn []%sRow%s{\n", f, e.params, f, e.args, f, e.args)
	all := e.methods(e.full())
	c, v, ok := e.local("c"), e.local("v"), e.local("ok")
	for _, m := range all {
		if m.Name() == "Unwrap" || e.promoted(m) {
			continue
		}
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
		e.printf("has: func(%s any) bool { _, %s := %s.(%s); return %s },\n", v, ok, v, asked, ok)
		call := e.calling(v+".("+asked+")", m)
		if r := e.routed[m.Id()]; r != nil && r.use != "" {
			call = e.using(v+".("+asked+")", m, r.use)
		}
		e.printf("call: func(%s any) []any { %s },\n", v, call)
		if e.own[m.Id()] != nil {
			e.printf("own: func(%s *%s) []any { %s },\n", c, e.core, e.calling(c, m))
		}
		if via := e.routed[m.Id()]; via != nil {
			e.printf("via: func(%s *%s) []any { %s },\n", c, e.core, e.calling(c, method(all, via.via)))
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
		vars[i] = e.local(fmt.Sprintf("r%d", i))
	}
	list := strings.Join(vars, ", ")
	return fmt.Sprintf("%s := %s; return []any{%s}", list, call, list)
}

// using returns statements that call m, whose second result is an error, and
// then the method use of its first result.
func (e *emitter) using(on string, m *types.Func, use string) string {
	return strings.NewReplacer(
		"$r", e.local("r0"),
		"$err", e.local("r1"),
		"$call", on+"."+m.Name(),
		"$use", use,
		"$arg", e.argument(m.Signature().Params().At(0).Type()),
	).Replace("$r, $err := $call($arg); if $err == nil { _, $err = $r.$use($arg) }; return []any{$r, $err}")
}

// argument returns an expression of type t that does no harm.
func (e *emitter) argument(t types.Type) string {
	switch types.TypeString(t, nil) {
	case "[]byte":
		return `[]byte("abc")`
	case "io.Reader":
		return e.path("strings") + `.NewReader("abc")`
	case "io.Writer":
		return "new(" + e.path("strings") + ".Builder)"
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
	f := e.binding.names.test
	e.printf("// %sAlone returns for each optional element a value that has its methods,\n// and the elements that it has so.\n", f)
	e.printf("func %sAlone%s() []struct { v any; set %s } {\nreturn []struct { v any; set %s }{\n", f, e.params, e.setName(), e.setName())
	for _, el := range e.optional {
		var s set
		for j, other := range e.optional {
			if contains(el, other) {
				s |= 1 << j
			}
		}
		e.printf("{new(%sAlone%s%s), %s},\n", f, el.name, e.args, e.expression(s))
	}
	e.printf("}\n}\n\n")
	e.printf("type %sBase%s interface{ %s }\n\n", f, e.params, e.wrapped)
	for _, el := range e.optional {
		name := f + "Alone" + el.name
		e.printf("type %s%s struct{ %sBase%s }\n\n", name, e.params, f, e.args)
		for _, m := range el.added {
			e.emitFakeMethod(name, m, "")
		}
		e.printf("\n")
	}
}

// emitFake writes the type that stands in for the original: it has all methods
// and notes their calls.
func (e *emitter) emitFake() {
	name := e.binding.names.test + "Fake"
	e.printf("// %s has all methods of the family and notes their calls.\n", name)
	embedded := ""
	if slices.ContainsFunc(e.base, e.promoted) {
		embedded = e.wrapped + "; "
	}
	e.printf("type %s%s struct { %scalls []string }\n\n", name, e.params, embedded)
	for _, m := range e.methods(e.full()) {
		if e.promoted(m) {
			continue
		}
		e.emitFakeMethod(name, m, fmt.Sprintf("%s.note(%q); ", e.local("f"), m.Name()))
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
		r := e.local(fmt.Sprintf("r%d", i))
		results = append(results, r+" "+e.typ(t))
		if types.Identical(t, types.Universe.Lookup("error").Type()) {
			fail = fmt.Sprintf("%s = %s.New(\"not a real %s\"); ", r, e.path("errors"), m.Name())
		}
	}
	if len(results) > 0 {
		fail += "return"
	}
	e.printf("func (%s *%s%s) %s(%s) (%s) { %s%s }\n", e.local("f"), name, e.args, m.Name(), strings.Join(params, ", "), strings.Join(results, ", "), note, fail)
}
