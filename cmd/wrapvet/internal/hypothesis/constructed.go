package hypothesis

import (
	"go/types"

	"golang.org/x/tools/go/ssa"
)

// Constructed is what a function makes of a body that it is given: whether its result can still be written to and
// half-closed when the body can, and whether Close of the result closes the body.
type Constructed struct{ Write, CloseWrite, Closes Verdict }

// MayConstruct reports whether a function's signature is that of a constructor of bodies: readers go in, and one
// interface with Read and Close comes out, whose concrete type only the code can tell.
func MayConstruct(sig *types.Signature) bool {
	if sig.TypeParams() != nil || sig.Results().Len() == 0 || sig.Results().Len() > 2 {
		return false
	}
	if sig.Results().Len() == 2 && !types.Identical(sig.Results().At(1).Type(), errorType) {
		return false
	}
	if !isReader(sig.Results().At(0).Type(), "Read", "Close") {
		return false
	}
	for p := range sig.Params().Variables() {
		if isReader(p.Type(), "Read") {
			return true
		}
	}
	return false
}

// isReader reports whether t is an interface with these methods that net/http's upgraded body has.
func isReader(t types.Type, methods ...string) bool {
	it, ok := t.Underlying().(*types.Interface)
	if !ok || it.NumMethods() == 0 || !onlyMethods(it, "Read", "Write", "Close", "CloseWrite") {
		return false
	}
	for _, name := range methods {
		found := false
		for m := range it.Methods() {
			found = found || m.Name() == name
		}
		if !found {
			return false
		}
	}
	return true
}

// Construct runs a constructor and tells what comes out; false if that is not known.
func (p *Program) Construct(fn *ssa.Function) (Constructed, bool) {
	up, ok := p.construct(fn, Upgrade()[0])
	if !ok {
		return Constructed{}, false
	}
	ordinary, ok := p.construct(fn, Ordinary()[0])
	if ok {
		up.Closes = ordinary.Closes
	} else {
		up.Closes = Unknown
	}
	return up, true
}

func (p *Program) construct(fn *ssa.Function, w World) (made Constructed, ok bool) {
	in := p.interp(w)
	in.describe()
	defer func() {
		if r := recover(); r != nil {
			if _, gave := r.(gaveUp); !gave {
				panic(r)
			}
			ok = false
		}
	}()
	args := make([]set, len(fn.Params))
	for i, param := range fn.Params {
		if isReader(param.Type(), "Read") {
			args[i] = one(original{})
		}
	}
	res, m := in.run(fn, args, nil, newMemory(), in.root, false, false)
	if m == nil || len(res) == 0 || len(res[0]) == 0 {
		return Constructed{}, false
	}
	made = Constructed{Write: Yes, CloseWrite: Yes, Closes: Yes}
	for _, a := range res[0] {
		if a == atom(null{}) {
			continue
		}
		made.Write = worse(made.Write, in.can(a, "Write"))
		made.CloseWrite = worse(made.CloseWrite, in.can(a, "CloseWrite"))
		made.Closes = worse(made.Closes, in.closes(m, a))
	}
	return made, true
}

// worse prefers what loses something, and what is not known to what keeps it.
func worse(a, b Verdict) Verdict {
	if a == No || b == No {
		return No
	}
	if a == Unknown || b == Unknown {
		return Unknown
	}
	return Yes
}

// Fakes reports whether CloseWrite of a wrapper returns without error and without reaching the body that it wraps. The
// fields that hold a body are those with an interface of a body's methods.
func (p *Program) Fakes(t *types.Named) (v Verdict) {
	in := p.interp(Upgrade()[0])
	in.describe()
	defer func() {
		if r := recover(); r != nil {
			if _, gave := r.(gaveUp); !gave {
				panic(r)
			}
			v = Unknown
		}
	}()
	st, ok := structOf(t)
	if !ok {
		return Unknown
	}
	obj := &object{kind: opaque, typ: t}
	m := newMemory()
	wraps := false
	for f := range st.Fields() {
		if isReader(f.Type(), "Read", "Close") || isReader(f.Type(), "Read", "Write") {
			m.store(cell{obj, f.Name()}, one(original{}))
			wraps = true
		}
	}
	if !wraps {
		return Unknown
	}
	switch in.tries(m, iface{types.NewPointer(t), ptr{obj, ""}}, "CloseWrite", halfClosed) {
	case No:
		return Yes
	case Yes:
		return No
	}
	return Unknown
}
