package hypothesis

import (
	"go/constant"
	"go/types"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/tools/go/ssa"
)

// handedOn returns the results of a call that calls functions for a response: that response, if it has one to return.
func handedOn(got set, res []set, sig *types.Signature) []set {
	if len(got) > 0 && len(res) > 0 && IsHTTP(sig.Results().At(0).Type(), "Response") {
		res[0] = got
	}
	return res
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
		fr.mayHave(halfClosed)
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

var missing = regexp.MustCompile(`(?i)empty|blank|zero|missing|lacks|without|not|none|nil|^(is|has)?(no|un)`)

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
	own := dependent && (anyOfResponse(args) || fr.anyHolds(args, isResponse))
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
		} else if own && isFinding(t) {
			out[i] = one(fr.in.vague())
		} else if isBytes(t) && own && carriesBody(args) {
			out[i] = one(blob{original{}, true})
		} else if isBytes(t) && own {
			out[i] = one(nonNil{}) // may be the bytes of the body
		}
	}
	return out
}

// isFinding reports whether a result may say what was found out about an argument: reasons, a date.
func isFinding(t types.Type) bool {
	switch t.Underlying().(type) {
	case *types.Slice, *types.Map:
		return !isBytes(t)
	case *types.Struct:
		return true
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
