package hypothesis

import (
	"go/types"

	"golang.org/x/tools/go/ssa"
)

// implementers returns what the package itself has for a method of one of its interfaces that is handed a response.
func (in *interp) implementers(m *types.Func) []*ssa.Function {
	if m.Pkg() != in.Pkg.Pkg || TakesResponse(m.Signature()) < 0 {
		return nil
	}
	iface, ok := m.Signature().Recv().Type().Underlying().(*types.Interface)
	if !ok {
		return nil
	}
	var fns []*ssa.Function
	scope := in.Pkg.Pkg.Scope()
	for _, name := range scope.Names() {
		obj, ok := scope.Lookup(name).(*types.TypeName)
		if !ok || obj.IsAlias() || types.IsInterface(obj.Type()) {
			continue
		}
		if named, ok := obj.Type().(*types.Named); !ok || named.TypeParams() != nil {
			continue
		}
		t := types.NewPointer(obj.Type())
		if !types.Implements(t, iface) {
			continue
		}
		if fn := in.Pkg.Prog.LookupMethod(t, m.Pkg(), m.Name()); fn != nil {
			fns = append(fns, fn)
		}
	}
	return fns
}

// dispatch runs a method of an interface of the package on a response: any of the package's own implementers may be behind
// it, or none.
func (fr *frame) dispatch(site ssa.Instruction, method *types.Func, args []set) (res []set, handled bool) {
	in := fr.in
	if !handsResponse(args) {
		return nil, false
	}
	before := fr.mem
	after := before.clone()
	for _, fn := range in.implementers(method) {
		fr.mem = before.clone()
		recv := one(unknown{})
		if p, ok := fn.Signature.Recv().Type().(*types.Pointer); ok {
			recv = one(ptr{in.object(fr.path, siteKey{nil, fn}, opaque, p.Elem()), ""})
		}
		got := fr.static(site, fn, nil, method.Signature(), append([]set{recv}, args...))
		if !fr.dead {
			res, after = joinResults(res, got), in.merge(after, fr.mem)
		}
		fr.dead, handled = false, true
	}
	fr.mem = after
	return joinResults(res, fr.fromTypes(method.Signature(), withoutRequest(args), true)), handled
}
