package hypothesis

import (
	"go/token"

	"golang.org/x/tools/go/ssa"
)

// again reports whether a request is sent for the second time, or in a loop, here or in a caller: then what is drained is an
// answer that another attempt replaces, whatever the condition looks like to us.
func (fr *frame) again(site ssa.Instruction) bool {
	here := siteKey{fr.path, site}
	if fr.in.firstSent == (siteKey{}) {
		fr.in.firstSent = here
	}
	if fr.in.firstSent != here || inLoop(site.Block()) {
		return true
	}
	for p := fr.path; p != nil; p = p.parent {
		if p.call != nil && inLoop(p.call.Block()) {
			return true
		}
	}
	return false
}

func inLoop(b *ssa.BasicBlock) bool {
	seen := map[*ssa.BasicBlock]bool{}
	var back func(*ssa.BasicBlock) bool
	back = func(at *ssa.BasicBlock) bool {
		for _, s := range at.Succs {
			if s == b {
				return true
			}
			if !seen[s] {
				seen[s] = true
				if back(s) {
					return true
				}
			}
		}
		return false
	}
	return back(b)
}

// discards reports whether a call copies to io.Discard.
func discards(site ssa.Instruction) bool {
	c, ok := site.(ssa.CallInstruction)
	if !ok || len(c.Common().Args) == 0 {
		return false
	}
	load, ok := c.Common().Args[0].(*ssa.UnOp)
	if !ok || load.Op != token.MUL {
		return false
	}
	g, ok := load.X.(*ssa.Global)
	return ok && g.Name() == "Discard" && (g.Pkg.Pkg.Path() == "io" || g.Pkg.Pkg.Path() == "io/ioutil")
}
