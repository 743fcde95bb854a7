package hypothesis

import (
	"go/token"
	"slices"

	"golang.org/x/tools/go/ssa"
)

// notNil returns what a value may be behind a branch that has compared it with nil.
func (fr *frame) notNil(v ssa.Value) set {
	s := fr.get(v)
	if !slices.ContainsFunc(s, mayBeNil) || !slices.ContainsFunc(sameVariable(v), fr.differsFromNil) {
		return s
	}
	var out set
	for _, a := range s {
		if mayBeNil(a) {
			a = nonNil{}
		}
		out = join(out, one(a))
	}
	return out
}

func mayBeNil(a atom) bool {
	switch a.(type) {
	case null, unknown, undecided:
		return true
	}
	return false
}

// sameVariable returns v and, if it is read from a variable, what else is.
func sameVariable(v ssa.Value) []ssa.Value {
	load, ok := v.(*ssa.UnOp)
	if !ok || load.Op != token.MUL {
		return []ssa.Value{v}
	}
	refs := load.X.Referrers()
	if refs == nil {
		return []ssa.Value{v}
	}
	var loads []ssa.Value
	for _, ref := range *refs {
		if other, ok := ref.(*ssa.UnOp); ok {
			loads = append(loads, other)
		}
	}
	return loads
}

// differsFromNil reports whether the current block is only reached if a value was found not to be nil, and the variable that
// it was read from has not been assigned to since.
func (fr *frame) differsFromNil(v ssa.Value) bool {
	if v.Referrers() == nil { // a constant
		return false
	}
	for _, ref := range *v.Referrers() {
		cmp, ok := ref.(*ssa.BinOp)
		if !ok || cmp.Op != token.NEQ && cmp.Op != token.EQL || !isNil(cmp.X) && !isNil(cmp.Y) {
			continue
		}
		for _, ref := range *cmp.Referrers() {
			branch, ok := ref.(*ssa.If)
			if !ok {
				continue
			}
			differs := branch.Block().Succs[0]
			if cmp.Op == token.EQL {
				differs = branch.Block().Succs[1]
			}
			if len(differs.Preds) == 1 && differs.Dominates(fr.block) && !assignedUnder(differs, v) {
				return true
			}
		}
	}
	return false
}

func isNil(v ssa.Value) bool {
	c, ok := v.(*ssa.Const)
	return ok && c.IsNil()
}

// assignedUnder reports whether the variable that v was read from, if so it was, is assigned to in what a block dominates.
func assignedUnder(b *ssa.BasicBlock, v ssa.Value) bool {
	load, ok := v.(*ssa.UnOp)
	if !ok || load.X.Referrers() == nil {
		return false
	}
	return slices.ContainsFunc(*load.X.Referrers(), func(ref ssa.Instruction) bool {
		st, ok := ref.(*ssa.Store)
		if !ok || st.Addr != load.X || !b.Dominates(st.Block()) {
			return false
		}
		again, ok := st.Val.(*ssa.UnOp)
		return !ok || again.X != load.X // return of a named result assigns it to itself
	})
}
