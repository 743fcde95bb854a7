package hypothesis

import (
	"go/constant"
	"go/types"
	"regexp"
	"slices"
	"strings"

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
		fr.mem.store(cell{in.story, halfClosed}, maybe)
	}
	got := fr.callBacks(site, nil, args)
	fr.leakArgs(args)
	return handedOn(got, fr.fromTypes(sig, withoutRequest(args), true), sig)
}

// handedOn returns the results of a call that calls functions for a response: that response, if it has one to return.
func handedOn(got set, res []set, sig *types.Signature) []set {
	if len(got) > 0 && len(res) > 0 && IsHTTP(sig.Results().At(0).Type(), "Response") {
		res[0] = got
	}
	return res
}

// couldReachCloseWrite reports whether a method of a field that is not known may end the writing side.
func couldReachCloseWrite(m *types.Func) bool {
	switch m.Name() {
	case "CloseWrite", "Close", "Shutdown", "CloseSend", "CloseWithError":
		return true
	}
	return false
}

// unseen calls a function whose code is not looked at.
func (fr *frame) unseen(site ssa.Instruction, fn *ssa.Function, sig *types.Signature, args []set) []set {
	in := fr.in
	if isRoundTrip(sig) && (fn == nil || fn.Name() == "RoundTrip" || in.sent(args) && modelName(fn) == "(*net/http.Client).Do") {
		return fr.roundTrip(site)
	}
	if fn != nil {
		if isPredicate(sig) && in.world.upgrade() && asksAboutNothing(fn, args) {
			return []set{one(ownBoolean(false))}
		}
		if made, ok := in.constructed(fn); ok {
			for _, s := range args {
				for _, a := range s {
					if a != (unknown{}) && in.reaches(fr.mem, a) {
						return append([]set{{foreign{made, fn.Name()}}}, fr.fromTypes(sig, args, true)[1:]...)
					}
				}
			}
		}
		if res, ok := fr.treated(site, fn, sig, args); ok {
			return res
		}
	} else if isPredicate(sig) {
		return fr.fromTypes(sig, withoutRequest(args), true)
	} else {
		fr.mem.store(cell{in.story, halfClosed}, maybe)
	}
	got := fr.callBacks(site, fn, args)
	fr.leakTo(fn, args)
	about := args
	if fn == nil {
		about = withoutRequest(args) // a filter that the user sets
	}
	res := fr.fromTypes(sig, about, true)
	if len(res) == 1 && types.Identical(sig.Results().At(0).Type(), errorType) && (fn != nil && makesError(fn) || passesError(sig, args)) {
		res[0] = one(nonNil{})
	}
	return handedOn(got, res, sig)
}

// isPredicate reports whether a function that the user sets is there to say yes or no: it leaves alone what it is asked about.
func isPredicate(sig *types.Signature) bool {
	if sig.Results().Len() != 1 {
		return false
	}
	b, ok := sig.Results().At(0).Type().Underlying().(*types.Basic)
	return ok && b.Kind() == types.Bool
}

// asksAboutNothing reports whether a predicate of another package is asked about a header field that is not there: to say yes,
// it would have to be after what is missing.
func asksAboutNothing(fn *ssa.Function, args []set) bool {
	if missing.MatchString(fn.Name()) {
		return false
	}
	return slices.ContainsFunc(args, func(s set) bool { return len(s) == 1 && isMissing(s[0]) })
}

// isMissing reports whether a value is that of a header field that the response does not have.
func isMissing(a atom) bool { return a == atom(lit{constant.String, "", true}) }

var missing = regexp.MustCompile(`(?i)empty|blank|zero|missing|lacks|without|not|^no|none|nil|un`)

// callBacks runs the functions that are handed to a call, as something that may happen, and returns the responses that they
// get.
func (fr *frame) callBacks(site ssa.Instruction, fn *ssa.Function, args []set) (got set) {
	once := fn != nil && isMethodOf(fn, "sync", "Once")
	for _, s := range args {
		for _, a := range s {
			if i, ok := a.(iface); ok {
				a = i.val
			}
			cl, ok := a.(closure)
			if !ok || cl.fn.Blocks == nil || !fr.mayEnter(cl.fn) {
				continue
			}
			before := fr.mem.clone()
			elsewhere := !once && !isAwaited(cl.fn)
			if elsewhere {
				fr.in.muted++
			}
			res := fr.enter(site, cl.fn, cl.env, nil)
			if elsewhere {
				fr.in.muted--
			}
			if !once {
				fr.mem = fr.in.merge(before, fr.mem)
			}
			fr.dead = false
			if len(res) > 0 && IsHTTP(cl.fn.Signature.Results().At(0).Type(), "Response") {
				got = join(got, res[0])
			}
		}
	}
	return got
}

// isAwaited reports whether a function that is handed to a call is surely not run in another goroutine: it returns more
// than an error, or gets the response itself.
func isAwaited(fn *ssa.Function) bool { return fn.Signature.Results().Len() > 1 || sends(fn) }

// passesError reports whether a function is handed an error: then it is not to be blamed for a response that failed.
func passesError(sig *types.Signature, args []set) bool {
	offset := len(args) - sig.Params().Len() // a receiver comes first
	for i := range sig.Params().Len() {
		if i+offset >= 0 && i+offset < len(args) && types.Identical(sig.Params().At(i).Type(), errorType) && args[i+offset].only(nonNil{}) {
			return true
		}
	}
	return false
}

// makesError reports whether a function of another package that returns an error is there to make one.
func makesError(fn *ssa.Function) bool {
	name := strings.ToLower(fn.Name())
	if strings.Contains(name, "err") || strings.HasPrefix(name, "new") {
		return true
	}
	return fn.Pkg != nil && strings.Contains(strings.ToLower(fn.Pkg.Pkg.Name()), "err") && name != "as" && name != "is"
}

func (in *interp) constructed(fn *ssa.Function) (Constructed, bool) {
	obj, ok := fn.Object().(*types.Func)
	if !ok || in.Constructed == nil || obj.Pkg() == in.Pkg.Pkg {
		return Constructed{}, false
	}
	return in.Program.Constructed(obj)
}

// fromTypes returns what is known of a call's results from their types: an error is nil, unless it is one about a body.
func (fr *frame) fromTypes(sig *types.Signature, args []set, dependent bool) []set {
	out := make([]set, sig.Results().Len())
	own := dependent && (anyOfResponse(args) || fr.holdResponse(args))
	for i := range out {
		t := sig.Results().At(i).Type()
		out[i] = one(unknown{})
		if types.Identical(t, errorType) {
			out[i] = one(null{})
			if dependent && !fr.in.world.upgrade() && carriesBody(args) {
				out[i] = set{null{}, nonNil{}} // the backend may have sent what nobody expects
			}
		} else if IsHTTP(t, "Request") {
			for _, s := range args { // a copy with something added
				for _, a := range s {
					if p, ok := a.(ptr); ok && p.obj.kind == request {
						out[i] = one(a)
					}
				}
			}
		} else if b, ok := t.Underlying().(*types.Basic); ok && own {
			out[i] = one(fr.in.vague())
			if b.Info()&types.IsString != 0 && carriesBody(args) {
				out[i] = one(blob{original{}, true})
			} else if b.Info()&types.IsString != 0 && !fr.in.world.upgrade() {
				out[i] = one(nonNil{})
			}
		} else if isBytes(t) && own && carriesBody(args) {
			out[i] = one(blob{original{}, true})
		} else if isBytes(t) && own {
			out[i] = one(nonNil{}) // may be the bytes of the body
		}
	}
	return out
}

// holdResponse reports whether the response is in what is handed over, such as a struct that describes an attempt.
func (fr *frame) holdResponse(args []set) bool {
	seen := map[any]bool{}
	for _, s := range args {
		if fr.in.walkSet(fr.mem, s, seen, isResponse) {
			return true
		}
	}
	return false
}

// withoutRequest leaves out the arguments that are the request.
func withoutRequest(args []set) []set {
	out := make([]set, len(args))
	for i, s := range args {
		for _, a := range s {
			if p, ok := a.(ptr); !ok || p.obj.kind != request {
				out[i] = append(out[i], a)
			}
		}
	}
	return out
}

// carriesBody reports whether bytes that were read from the body are among the arguments.
func carriesBody(args []set) bool {
	for _, s := range args {
		for _, a := range s {
			if _, ok := a.(blob); ok {
				return true
			}
		}
	}
	return false
}

func isBytes(t types.Type) bool {
	s, ok := t.Underlying().(*types.Slice)
	if !ok {
		return false
	}
	b, ok := s.Elem().Underlying().(*types.Basic)
	return ok && b.Kind() == types.Byte
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
	if !ok {
		return false
	}
	n, ok := types.Unalias(p.Elem()).(*types.Named)
	return ok && n.Obj().Name() == name && n.Obj().Pkg() != nil && n.Obj().Pkg().Path() == "net/http"
}

func isMethodOf(fn *ssa.Function, pkg, typ string) bool {
	recv := fn.Signature.Recv()
	if recv == nil {
		return false
	}
	t := types.Unalias(recv.Type())
	if p, ok := t.(*types.Pointer); ok {
		t = types.Unalias(p.Elem())
	}
	n, ok := t.(*types.Named)
	return ok && n.Obj().Name() == typ && n.Obj().Pkg() != nil && n.Obj().Pkg().Path() == pkg
}

func (fr *frame) builtin(name string, args []set) set {
	switch name {
	case "len", "cap":
		var out set
		for _, a := range args[0] {
			out = join(out, one(length(a)))
		}
		return out
	case "append":
		out := args[0]
		if len(args) > 1 && out.only(null{}) && len(args[1]) == 1 {
			if b, ok := args[1][0].(blob); ok {
				return one(b) // a copy
			}
		}
		if len(args) > 1 {
			for _, a := range args[1] {
				if b, ok := a.(blob); ok {
					return set{blob{b.src, true}}
				}
			}
		}
		if len(args) > 1 && args[1].has(nonNil{}) {
			return one(nonNil{}) // a copy of bytes that may be the body's
		}
		for _, a := range out {
			switch b := a.(type) {
			case blob:
				return set{blob{b.src, true}}
			case list:
				return out
			}
		}
		if len(args) > 1 {
			fr.leak(args[1])
		}
		return one(unknown{})
	case "delete":
		for _, a := range args[0] {
			if h, ok := a.(headers); ok && h.of.kind == response {
				fr.touchHeader(args[1])
			}
		}
	case "close", "recover":
		fr.mem.store(cell{fr.in.story, halfClosed}, maybe)
	case "panic":
		fr.dead = true
	}
	return one(unknown{})
}

func length(a atom) atom {
	switch a := a.(type) {
	case lit:
		return fromConstant(constant.MakeInt64(int64(len(a.text))), a.own)
	case null:
		return fromConstant(constant.MakeInt64(0), true)
	case text, list:
		return positive{}
	case undecided:
		return a
	}
	return unknown{}
}
