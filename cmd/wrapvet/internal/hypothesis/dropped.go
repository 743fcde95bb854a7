package hypothesis

import (
	"go/types"

	"golang.org/x/tools/go/ssa"
)

// dropped reports whether the response that a call returns is looked at and never handed on, as those of the further
// backends that a request is mirrored to.
func dropped(site ssa.Instruction) bool {
	call, ok := site.(*ssa.Call)
	if !ok {
		return false
	}
	for _, ref := range *call.Referrers() {
		part, ok := ref.(*ssa.Extract)
		if !ok || part.Index == 0 && !onlyLookedAt(part, maxDepth) {
			return false
		}
	}
	return true
}

// onlyLookedAt reports whether a response goes nowhere from v.
func onlyLookedAt(v ssa.Value, depth int) bool {
	for _, ref := range *v.Referrers() {
		switch ref := ref.(type) {
		case *ssa.FieldAddr, *ssa.BinOp, *ssa.DebugRef:
		case ssa.CallInstruction:
			if depth == 0 || !endsIn(ref.Common(), v, depth) {
				return false
			}
		default:
			return false
		}
	}
	return true
}

// endsIn reports whether a function that is called with a response keeps it from everybody else.
func endsIn(c *ssa.CallCommon, resp ssa.Value, depth int) bool {
	fn := c.StaticCallee()
	if fn == nil {
		return false
	}
	for t := range fn.Signature.Results().Variables() {
		if IsHTTP(t.Type(), "Response") {
			return false
		}
	}
	if fn.Blocks == nil {
		return isNetHTTP(fn.Object())
	}
	for i, arg := range c.Args {
		if arg == resp && !onlyLookedAt(fn.Params[i], depth-1) {
			return false
		}
	}
	return true
}

// isNetHTTP reports whether an object is of net/http or of a package below it, which keep no response that they are handed.
func isNetHTTP(obj types.Object) bool {
	if obj == nil || obj.Pkg() == nil {
		return false
	}
	switch obj.Pkg().Path() {
	case "net/http", "net/http/httputil":
		return true
	}
	return false
}
