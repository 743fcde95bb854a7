package hypothesis

import (
	"go/types"

	"golang.org/x/tools/go/ssa"
)

func (fr *frame) typeAssert(v *ssa.TypeAssert) {
	var vals, oks set
	for _, a := range fr.get(v.X) {
		val, ok := fr.in.assert(a, v.AssertedType)
		if ok != any(boolean(false)) {
			vals = join(vals, one(val))
		}
		if ok != any(boolean(true)) && v.CommaOk {
			vals = join(vals, zero(v.AssertedType))
		}
		oks = join(oks, one(ok))
	}
	if v.CommaOk {
		fr.tuples[v] = []set{vals, oks}
		return
	}
	if len(vals) == 0 && len(oks) > 0 {
		fr.dead = true // panics
		return
	}
	fr.set(v, vals)
}

// assert returns what a type assertion yields, and whether it holds.
func (in *interp) assert(a atom, t types.Type) (val, ok atom) {
	want, isIface := t.Underlying().(*types.Interface)
	switch a := a.(type) {
	case iface:
		switch {
		case isIface && types.AssertableTo(want, a.typ) && types.Implements(a.typ, want):
			return a, boolean(true)
		case !isIface && types.Identical(a.typ, t):
			return a.val, boolean(true)
		}
		return nil, boolean(false)
	case original, kept:
		if !isIface {
			return nil, boolean(false)
		}
		return a, boolean(in.original(want))
	case stream:
		if isIface && onlyMethods(want, "Read", "Close") {
			return a, boolean(true)
		}
	case foreign:
		if isIface && onlyMethods(want, "Read", "Close") {
			return a, boolean(true)
		}
	case null:
		return nil, boolean(false)
	case noBody:
		return a, unknown{}
	}
	return unknown{}, unknown{}
}

// original reports whether the body that net/http made has all methods of an interface.
func (in *interp) original(want *types.Interface) bool {
	if in.world.upgrade() {
		return onlyMethods(want, "Read", "Write", "Close", "CloseWrite")
	}
	return onlyMethods(want, "Read", "Close")
}

func onlyMethods(want *types.Interface, names ...string) bool {
	for m := range want.Methods() {
		found := false
		for _, n := range names {
			found = found || m.Name() == n
		}
		if !found {
			return false
		}
	}
	return true
}
