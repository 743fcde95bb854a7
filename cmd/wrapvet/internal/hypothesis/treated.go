package hypothesis

import (
	"go/types"
	"slices"

	"golang.org/x/tools/go/ssa"
)

// Treated is what a function does to a 101 that it is handed: whether it reads its body, and whether it puts another in
// its place, and what that one can do.
type Treated struct {
	Reads, Replaces   bool
	Write, CloseWrite Verdict
}

// TakesResponse returns the index of the parameter that is a response, or -1 unless there is exactly one.
func TakesResponse(sig *types.Signature) int {
	at := -1
	for i := range sig.Params().Len() {
		if IsHTTP(sig.Params().At(i).Type(), "Response") {
			if at >= 0 {
				return -1
			}
			at = i
		}
	}
	return at
}

// Treat runs a function that is handed a response, and tells what becomes of it; false if that is nothing to tell of.
func (p *Program) Treat(fn *ssa.Function) (Treated, bool) {
	at := TakesResponse(fn.Signature)
	if at < 0 {
		return Treated{}, false
	}
	if fn.Signature.Recv() != nil {
		at++
	}
	var t Treated
	for _, w := range Upgrade() {
		out := p.Run(fn, at, w)
		t.Reads = t.Reads || slices.ContainsFunc(out.Reads, func(r Read) bool { return !r.Guarded })
		for _, e := range out.Exits {
			bodies, _ := e.Bodies()
			if !e.KeepsStatus() {
				continue
			}
			for _, b := range bodies {
				if b.Guarded || Chosen(b, bodies) {
					continue
				}
				write, closeWrite := b.Can("Write"), b.Can("CloseWrite")
				if write != No && closeWrite != No {
					continue
				}
				t.Replaces = true
				t.Write, t.CloseWrite = worse(t.Write, write), worse(t.CloseWrite, closeWrite)
			}
		}
	}
	return t, t.Reads || t.Replaces
}

// Chosen reports whether a body is one of several that the same assignment picks from, with one among them that keeps
// everything: then the code picks by what the original can do, in a way that the run did not follow.
func Chosen(b Body, from []Body) bool {
	return slices.ContainsFunc(from, func(other Body) bool {
		return other.Site == b.Site && other.Type() != nil &&
			other.Can("Write") == Yes && other.Can("CloseWrite") == Yes && b.FakesCloseWrite() != Yes
	})
}

// treated runs a function of another package on an upgraded response.
func (fr *frame) treated(site ssa.Instruction, fn *ssa.Function, sig *types.Signature, args []set) ([]set, bool) {
	in := fr.in
	obj, ok := fn.Object().(*types.Func)
	if !ok || in.Treated == nil || obj.Pkg() == in.Pkg.Pkg || !in.world.upgrade() || in.muted > 0 {
		return nil, false
	}
	if !handsResponse(args) {
		return nil, false
	}
	t, ok := in.Program.Treated(obj)
	if !ok {
		return nil, false
	}
	body := cell{in.resp, "Body"}
	before := in.load(fr.mem, body)
	if t.Replaces {
		made := foreign{Constructed{Write: t.Write, CloseWrite: t.CloseWrite}, fn.Name()}
		fr.mem.store(body, join(before, one(stored{site, made, fr.isGuarded(), false})))
	}
	if t.Reads {
		fr.read(site, before)
	}
	return fr.fromTypes(sig, args, true), true
}
