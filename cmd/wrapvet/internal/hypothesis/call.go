package hypothesis

import (
	"go/types"
	"slices"

	"golang.org/x/tools/go/ssa"
)

// call runs a call and returns its results.
func (fr *frame) call(site ssa.Instruction, c *ssa.CallCommon, m *memory) []set {
	args := make([]set, len(c.Args))
	for i, a := range c.Args {
		args[i] = fr.notNil(a)
	}
	if b, ok := c.Value.(*ssa.Builtin); ok {
		return []set{fr.builtin(b.Name(), args)}
	}
	if c.IsInvoke() {
		return fr.invoke(site, c, args)
	}
	if fn := c.StaticCallee(); fn != nil {
		var env *object
		if _, ok := c.Value.(*ssa.MakeClosure); ok {
			for _, a := range fr.get(c.Value) {
				if cl, ok := a.(closure); ok {
					env = cl.env
				}
			}
		}
		return fr.static(site, fn, env, c.Signature(), args)
	}
	var out []set
	fns := fr.get(c.Value)
	hasDefault := len(fns) > 1 && slices.ContainsFunc(fns, isClosure)
	for _, a := range fns {
		if hasDefault && !isClosure(a) {
			continue // a setting, for which the package has a value of its own
		}
		var res []set
		if cl, ok := a.(closure); ok {
			res = fr.static(site, cl.fn, cl.env, c.Signature(), args)
		} else {
			res = fr.unseen(site, nil, c.Signature(), args)
		}
		out = joinResults(out, res)
	}
	return out
}

func isClosure(a atom) bool {
	_, ok := a.(closure)
	return ok
}

func joinResults(a, b []set) []set {
	for i, s := range b {
		if i < len(a) {
			a[i] = join(a[i], s)
		} else {
			a = append(a, s)
		}
	}
	return a
}

// static calls a function that is known.
func (fr *frame) static(site ssa.Instruction, fn *ssa.Function, env *object, sig *types.Signature, args []set) []set {
	in := fr.in
	if m, ok := in.models[modelName(fn)]; ok {
		return m(fr, call{site, fn, args})
	}
	if res, ok := fr.streamMethod(site, fn, args); ok {
		return res
	}
	if fn.Blocks != nil && fr.mayEnter(fn) {
		if !in.thorough && !fr.matters(fn, env, args) {
			return fr.fromTypes(sig, nil, false)
		}
		return fr.enter(site, fn, env, args)
	}
	return fr.unseen(site, fn, sig, args)
}

// mayEnter keeps to the package itself, and to what the builder wrote for it.
func (fr *frame) mayEnter(fn *ssa.Function) bool {
	if fr.path.depth >= maxDepth {
		return false
	}
	for p := fr.path; p != nil; p = p.parent {
		if p.call != nil && p.call.Parent() == fn {
			return false
		}
	}
	return fn != fr.fn
}

// matters reports whether a function can have to do with the response: it is handed something of it, makes something that
// is, or puts the functions in place that will be asked about it.
func (fr *frame) matters(fn *ssa.Function, env *object, args []set) bool {
	in := fr.in
	res := fn.Signature.Results()
	asked := false // about the request
	for i := range res.Len() {
		t := res.At(i).Type()
		switch u := t.Underlying().(type) {
		case *types.Signature:
			return true
		case *types.Basic:
			asked = true
		case *types.Interface:
			if isReader(t, "Read") || u.NumMethods() == 1 && isRoundTripper(t) {
				return true
			}
		}
		if IsHTTP(t, "Response") {
			return true
		}
		asked = asked || IsHTTP(t, "Request")
	}
	touches := func(a atom) bool {
		switch a := a.(type) {
		case ptr:
			return a.obj.kind == response || a.obj.kind == request && (asked || sends(fn))
		case headers:
			return a.of.kind == response || asked
		case strct:
			return a.obj.kind == response
		case original, text, undecided, blob, foreign, kept, stream:
			return true
		case lit:
			return a.own
		}
		return false
	}
	seen := map[any]bool{}
	for _, s := range args {
		if in.walkSet(fr.mem, s, seen, touches) {
			return true
		}
	}
	return env != nil && in.walk(fr.mem, closure{fn, env}, seen, touches) || setsFunctions(fn)
}

// setsFunctions reports whether a function gives fields or variables a function for a value that has to do with a response.
func setsFunctions(fn *ssa.Function) bool {
	for _, b := range fn.Blocks {
		for _, instr := range b.Instrs {
			st, ok := instr.(*ssa.Store)
			if !ok {
				continue
			}
			if sig, ok := st.Val.Type().Underlying().(*types.Signature); ok && TakesResponse(sig) >= 0 {
				return true
			}
		}
	}
	return false
}

// sends reports whether a function sends a request: then there is a response in it, whatever it returns.
func sends(fn *ssa.Function) bool {
	for _, b := range fn.Blocks {
		for _, instr := range b.Instrs {
			if c, ok := instr.(ssa.CallInstruction); ok && c.Common().IsInvoke() && isRoundTrip(c.Common().Signature()) {
				return true
			}
		}
	}
	return false
}

func isRoundTripper(t types.Type) bool {
	obj, _, _ := types.LookupFieldOrMethod(t, false, nil, "RoundTrip")
	fn, ok := obj.(*types.Func)
	return ok && isRoundTrip(fn.Signature())
}

func (fr *frame) enter(site ssa.Instruction, fn *ssa.Function, env *object, args []set) []set {
	in := fr.in
	keep := struct {
		block *ssa.BasicBlock
	}{fr.block}
	res, out := in.run(fn, args, env, fr.mem.clone(), in.extend(fr.path, site), fr.isGuarded(), false)
	fr.block = keep.block
	if out == nil {
		fr.dead = true
		return res
	}
	fr.mem = out
	return res
}

// invoke calls a method of an interface value.
func (fr *frame) invoke(site ssa.Instruction, c *ssa.CallCommon, args []set) []set {
	var out []set
	recvs := fr.get(c.Value)
	if recvs.only(null{}) {
		recvs = one(unknown{}) // a call through nil would panic
	}
	for _, recv := range recvs {
		if len(recvs) > 1 && recv == atom(null{}) {
			continue
		}
		out = joinResults(out, fr.invokeOn(site, recv, c.Method, args))
	}
	return out
}

func (fr *frame) invokeOn(site ssa.Instruction, recv atom, method *types.Func, args []set) []set {
	in := fr.in
	sig := method.Signature()
	switch r := recv.(type) {
	case iface:
		if fn := in.Pkg.Prog.LookupMethod(r.typ, method.Pkg(), method.Name()); fn != nil {
			return fr.static(site, fn, nil, sig, append([]set{{r.val}}, args...))
		}
	case original, kept, stream, foreign:
		return fr.bodyMethod(site, recv, method.Name(), sig, args)
	case null, noBody:
		return fr.fromTypes(sig, nil, false)
	}
	if method.Name() == "Do" && isRoundTrip(sig) && !in.sent(args) {
		return fr.fromTypes(sig, nil, false)
	}
	if isRoundTrip(sig) {
		return fr.roundTrip(site)
	}
	if res, ok := fr.dispatch(site, method, args); ok {
		return res
	}
	if couldReachCloseWrite(method) {
		fr.mayHave(halfClosed)
	}
	got := fr.callBacks(site, nil, args)
	fr.leakArgs(args)
	return handedOn(got, fr.fromTypes(sig, withoutRequest(args), true), sig)
}

// couldReachCloseWrite reports whether a method of a field that is not known may end the writing side.
func couldReachCloseWrite(m *types.Func) bool {
	switch m.Name() {
	case "CloseWrite", "Close", "Shutdown", "CloseSend", "CloseWithError":
		return true
	}
	return false
}

// roundTrip returns the response that the hypothesis is about, as it came. An ordinary one that is dropped may be treated in
// any way; an upgraded one may not, since nobody is answered before it ends.
func (fr *frame) roundTrip(site ssa.Instruction) []set {
	in := fr.in
	if !in.world.upgrade() && dropped(site) {
		return []set{{nonNil{}}, {null{}}}
	}
	in.retried = in.retried || fr.again(site)
	fr.mem = in.before(fr.mem)
	return []set{{ptr{in.resp, ""}}, {null{}}}
}

// sent reports whether what a client is given to send is what the caller asked for, and not, say, a request for a token.
func (in *interp) sent(args []set) bool {
	return in.world.Client || slices.ContainsFunc(args, func(s set) bool { return s.has(ptr{in.req, ""}) })
}

func isRoundTrip(sig *types.Signature) bool {
	return sig.Params().Len() == 1 && sig.Results().Len() == 2 &&
		IsHTTP(sig.Params().At(0).Type(), "Request") && IsHTTP(sig.Results().At(0).Type(), "Response") &&
		types.Identical(sig.Results().At(1).Type(), errorType)
}

// IsHTTP reports whether t is a pointer to the type of net/http with that name.
func IsHTTP(t types.Type, name string) bool {
	p, ok := t.Underlying().(*types.Pointer) // perhaps of a type defined as one
	return ok && isNamed(p.Elem(), "net/http", name)
}

func isNamed(t types.Type, pkg, name string) bool {
	n, ok := types.Unalias(t).(*types.Named)
	return ok && n.Obj().Name() == name && n.Obj().Pkg() != nil && n.Obj().Pkg().Path() == pkg
}

func isMethodOf(fn *ssa.Function, pkg, typ string) bool {
	recv := fn.Signature.Recv()
	if recv == nil {
		return false
	}
	t := types.Unalias(recv.Type())
	if p, ok := t.(*types.Pointer); ok {
		t = p.Elem()
	}
	return isNamed(t, pkg, typ)
}
