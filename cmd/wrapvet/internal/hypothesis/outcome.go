package hypothesis

import (
	"go/types"
	"net/http"
	"slices"

	"golang.org/x/tools/go/ssa"
)

// An Outcome is what a run found out.
type Outcome struct {
	Reads []Read
	Exits []Exit
}

// An Exit is one return of the function that was run.
type Exit struct {
	in      *interp
	mem     *memory
	results []set
}

// Run runs a function in a world. The response is its parameter with that index, or what a RoundTripper returns when
// the index is negative. The outcome is empty if the function is beyond the analysis.
func (p *Program) Run(fn *ssa.Function, respParam int, w World) (out Outcome) {
	in := p.interp(w)
	in.describe()
	defer func() {
		if r := recover(); r != nil {
			if _, ok := r.(gaveUp); !ok {
				panic(r)
			}
			out = Outcome{}
		}
	}()
	args := make([]set, len(fn.Params))
	for i, param := range fn.Params {
		switch {
		case i == respParam:
			args[i] = one(ptr{in.resp, ""})
		case IsHTTP(param.Type(), "Request"):
			args[i] = one(ptr{in.req, ""})
		case i == 0 && fn.Signature.Recv() != nil:
			if p, ok := param.Type().Underlying().(*types.Pointer); ok {
				args[i] = one(ptr{in.object(in.root, param, opaque, p.Elem()), ""})
			}
		}
	}
	in.collect = true
	in.run(fn, args, nil, newMemory(), in.root, false, true)
	return Outcome{in.reads, in.exits}
}

// describe finds the types of net/http that the package knows.
func (in *interp) describe() {
	for _, imp := range append(in.Pkg.Pkg.Imports(), in.Pkg.Pkg) {
		if imp.Path() != "net/http" {
			continue
		}
		if o := imp.Scope().Lookup("Response"); o != nil {
			in.resp.typ = o.Type()
		}
		if o := imp.Scope().Lookup("Request"); o != nil {
			in.req.typ = o.Type()
		}
	}
}

// Succeeds reports whether the exit hands on the response: its error may be nil.
func (e Exit) Succeeds() bool {
	if len(e.results) == 0 {
		return true
	}
	for _, a := range e.results[len(e.results)-1] {
		switch a.(type) {
		case null, unknown, undecided:
			return e.handsOn()
		}
	}
	return false
}

// handsOn reports whether the response itself is what a RoundTripper returns.
func (e Exit) handsOn() bool {
	if len(e.results) < 2 {
		return true
	}
	for _, a := range e.results[0] {
		if isResponse(a) {
			return true
		}
	}
	return false
}

// A Body is one thing that may be the response's Body at an exit, other than the original.
type Body struct {
	Site    ssa.Instruction
	Guarded bool
	First   bool // it replaced the original itself

	in  *interp
	mem *memory
	val atom
}

// Bodies returns what may have replaced the original, and whether the original may still be there.
func (e Exit) Bodies() (bodies []Body, untouched bool) {
	for _, a := range e.in.load(e.mem, cell{e.in.resp, "Body"}) {
		st, ok := a.(stored)
		if !ok {
			untouched = true
			continue
		}
		bodies = append(bodies, Body{st.site, st.guarded, st.first, e.in, e.mem, st.val})
	}
	return bodies, untouched
}

// Refuses reports whether the code that sets the body gives the response a status with it: that makes an answer of its own.
func (b Body) Refuses() bool {
	for _, instr := range b.Site.Block().Instrs {
		st, ok := instr.(*ssa.Store)
		if !ok {
			continue
		}
		a, ok := st.Addr.(*ssa.FieldAddr)
		if !ok || !IsHTTP(a.X.Type(), "Response") {
			continue
		}
		of, _ := structOf(a.X.Type().Underlying().(*types.Pointer).Elem())
		c, isConst := st.Val.(*ssa.Const)
		if of.Field(a.Field).Name() == "StatusCode" && !(isConst && c.Int64() == http.StatusSwitchingProtocols) {
			return true
		}
	}
	return false
}

// Inside returns the bodies that others were made of since.
func (e Exit) Inside() []Body {
	var bodies []Body
	for _, a := range e.in.load(e.mem, cell{e.in.story, inside}) {
		if st, ok := a.(stored); ok {
			bodies = append(bodies, Body{st.site, st.guarded, st.first, e.in, e.mem, st.val})
		}
	}
	return bodies
}

// KeepsStatus reports whether the response still is what it came as: a hook that gives it another status makes an answer
// of its own.
func (e Exit) KeepsStatus() bool {
	c := cell{e.in.resp, "StatusCode"}
	now, was := e.in.load(e.mem, c), e.in.given(c)
	return len(now) > 0 && now.has(was[0])
}

func (e Exit) never(name string) bool { return e.in.load(e.mem, cell{e.in.story, name}).only(no) }

// NeverClosed reports whether nothing so far has closed the original body, read it to its end, or taken it along, before b
// took its place. A part that was read is not all, if b goes on with the rest.
func (e Exit) NeverClosed(b Body) bool {
	if !e.never(closed) || !e.never(escaped) {
		return false
	}
	read := e.in.load(e.mem, cell{e.in.story, consumed})
	return len(read) == 0 || b.Derived() && !slices.ContainsFunc(read, func(a atom) bool { return a.(mark).word != sampled })
}

// LengthNeverFixed reports whether nothing has touched the Content-Length header.
func (e Exit) LengthNeverFixed() bool { return e.never(lengthFixed) }

// Consumed returns the calls that have read from the original body, but for those that drain it before another attempt.
func (e Exit) Consumed() []ssa.Instruction {
	var out []ssa.Instruction
	for _, a := range e.in.load(e.mem, cell{e.in.story, consumed}) {
		if m, ok := a.(mark); ok && m.word != drained {
			out = append(out, m.site)
		}
	}
	return out
}

// A Verdict is an answer that may not be known.
type Verdict int

const (
	Unknown Verdict = iota
	Yes
	No
)

// Can reports whether the body has a method, which net/http's body has when a connection was upgraded.
func (b Body) Can(method string) Verdict {
	if k, ok := b.val.(kept); ok {
		for _, a := range b.in.load(b.mem, cell{b.in.story, inside}) {
			if st, ok := a.(stored); ok && st.val == k.like {
				return Yes // what is lost was lost there
			}
		}
	}
	return b.in.can(b.val, method)
}

func (in *interp) can(a atom, method string) Verdict {
	switch a := a.(type) {
	case iface:
		obj, _, _ := types.LookupFieldOrMethod(a.typ, false, nil, method)
		if _, ok := obj.(*types.Func); !ok {
			return No
		}
		return Yes
	case original, noBody:
		return Yes
	case kept:
		return in.can(a.like, method)
	case stream:
		return No
	case foreign:
		if method == "Write" {
			return a.made.Write
		}
		return a.made.CloseWrite
	}
	return Unknown
}

// Name returns what a reader would call the body.
func (b Body) Name() string {
	switch a := b.val.(type) {
	case iface:
		if _, ok := a.typ.Underlying().(*types.Struct); ok {
			if _, named := types.Unalias(a.typ).(*types.Named); !named {
				return "this struct"
			}
		}
		return types.TypeString(a.typ, func(p *types.Package) string {
			if p == b.in.Pkg.Pkg {
				return ""
			}
			return p.Name()
		})
	case stream:
		return "what " + shortName(a.name) + " returns"
	case foreign:
		return "what " + a.name + " returns"
	}
	return "it"
}

// Type returns the concrete type of the body, or nil.
func (b Body) Type() types.Type {
	if i, ok := b.val.(iface); ok {
		return i.typ
	}
	return nil
}

// Derived reports whether the body is made of the original.
func (b Body) Derived() bool { return b.in.reaches(b.mem, b.val) }

func shortName(full string) string {
	for i := len(full) - 1; i >= 0; i-- {
		if full[i] == '/' {
			return full[i+1:]
		}
	}
	return full
}

// Closes reports whether Close of the body closes the original.
func (b Body) Closes() Verdict { return b.in.closes(b.mem, b.val) }

func (in *interp) closes(m *memory, a atom) Verdict {
	switch a := a.(type) {
	case original, kept:
		return Yes
	case stream:
		if a.closes {
			return in.closes(m, a.src)
		}
		return No
	case foreign:
		return a.made.Closes
	case iface:
		return in.tries(m, a, "Close", closed)
	}
	return Unknown
}

// FakesCloseWrite reports whether CloseWrite of the body returns without error and has not reached the original's.
func (b Body) FakesCloseWrite() Verdict {
	a, ok := b.val.(iface)
	if !ok {
		return Unknown
	}
	switch b.in.tries(b.mem, a, "CloseWrite", halfClosed) {
	case No:
		return Yes
	case Yes:
		return No
	}
	return Unknown
}

// tries calls a method and reports whether it had that effect on the original body.
func (in *interp) tries(m *memory, a iface, method, effect string) Verdict {
	fn := in.method(a.typ, method)
	if fn == nil {
		return Unknown
	}
	if st, ok := a.val.(stream); ok {
		return in.closes(m, st)
	}
	obj, path, _ := types.LookupFieldOrMethod(a.typ, true, in.Pkg.Pkg, method)
	if fn.Synthetic == "" && fn.Pkg != in.Pkg || obj == nil || len(path) == 0 {
		return Unknown
	}
	if a.val == atom(unknown{}) {
		return Unknown
	}
	mem := m.clone()
	was := in.collect
	in.collect, in.thorough = false, true
	defer func() { in.collect, in.thorough = was, false }()
	for _, name := range []string{closed, halfClosed, escaped} {
		mem.store(cell{in.story, name}, one(no))
	}
	fr := &frame{
		in: in, path: in.extend(in.root, nil), mem: mem,
		env: map[ssa.Value]set{}, vague: map[*ssa.BasicBlock]bool{},
	}
	res := fr.static(nil, fn, nil, fn.Signature, []set{{a.val}})
	got := in.load(fr.mem, cell{in.story, effect})
	switch {
	case effect == halfClosed && !in.load(fr.mem, cell{in.story, closed}).only(no):
		return Unknown // the backend is told, if more than was asked
	case got.only(no) && in.load(fr.mem, cell{in.story, escaped}).only(no):
		if len(res) == 1 && !res[0].has(null{}) && !res[0].has(unknown{}) {
			return Unknown // an error says that it did not
		}
		return No
	case got.has(yes):
		return Yes
	}
	return Unknown
}

func (in *interp) method(t types.Type, name string) *ssa.Function {
	ms := in.Pkg.Prog.MethodSets.MethodSet(t)
	sel := ms.Lookup(in.Pkg.Pkg, name)
	if sel == nil {
		return nil
	}
	return in.Pkg.Prog.MethodValue(sel)
}

// A change tells how the bytes of a body compare with the original's.
type change int

const (
	unknownBytes change = iota
	sameBytes
	otherBytes
)

// ChangesBytes reports whether other bytes come out of the body than out of the original.
func (b Body) ChangesBytes() bool { return b.in.content(b.mem, b.val) == otherBytes }

func (in *interp) content(m *memory, a atom) change {
	if b, ok := bufferOf(a); ok {
		a = m.held(b)
	}
	switch a := a.(type) {
	case original:
		return sameBytes
	case kept:
		return in.content(m, a.over)
	case blob:
		if a.changed {
			return otherBytes
		}
		return sameBytes
	case lit:
		if a.text != "" {
			return otherBytes // an empty one may be what an empty body was read as
		}
	case stream:
		inner := in.content(m, a.src)
		switch {
		case inMemory(a.name):
			if a.src == atom(unknown{}) {
				return otherBytes // bytes from elsewhere
			}
			return inner
		case a.name == "io.MultiReader" || a.name == "io.NewSectionReader":
			return unknownBytes
		case a.changed && inner == sameBytes:
			return otherBytes
		case a.changed:
			return unknownBytes // perhaps the opposite of what was done before
		}
		return inner
	case iface:
		if st, ok := a.val.(stream); ok {
			return in.content(m, st)
		}
		return in.promoted(m, a)
	}
	return unknownBytes
}

// inMemory reports whether a reader yields what is in memory.
func inMemory(name string) bool {
	switch name {
	case "bytes.NewReader", "bytes.NewBuffer", "bytes.NewBufferString", "strings.NewReader":
		return true
	}
	return false
}

// promoted follows a Read method that comes from an embedded field.
func (in *interp) promoted(m *memory, a iface) change {
	obj, path, _ := types.LookupFieldOrMethod(a.typ, true, in.Pkg.Pkg, "Read")
	if obj == nil || len(path) != 2 {
		return unknownBytes
	}
	t := a.typ
	if p, ok := t.Underlying().(*types.Pointer); ok {
		t = p.Elem()
	}
	st, ok := structOf(t)
	if !ok {
		return unknownBytes
	}
	got := unknownBytes
	for _, v := range in.at(m, in.fieldOf(a.val, st.Field(path[0]))) {
		c := in.content(m, v)
		if got != unknownBytes && c != got {
			return unknownBytes
		}
		got = c
	}
	return got
}
