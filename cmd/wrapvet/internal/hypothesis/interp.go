// Package hypothesis runs functions in SSA form on what is known of one response, and tells what becomes of its body.
//
// Types alone do not decide whether a proxy loses an upgrade: most of the code that replaces a body does so behind a
// guard. So a function is run abstractly in a [World], such as "this response is a 101": constants are propagated
// through branches, memory, closures and the helpers of the same package, and what cannot be reached is not looked at.
//
// Whatever is not understood counts in favor of the code: it is never the reason of a finding.
package hypothesis

import (
	"go/types"
	"slices"

	"golang.org/x/tools/go/ssa"
)

// A Program is a package that functions are run in.
type Program struct {
	Pkg *ssa.Package

	models map[string]model

	// Constructed returns what is known of a function of another package that makes a body of one. May be nil.
	Constructed func(*types.Func) (Constructed, bool)

	// Treated returns what is known of a function of another package that is handed a response. May be nil.
	Treated func(*types.Func) (Treated, bool)
}

// NewProgram returns a program that runs the functions of pkg.
func NewProgram(pkg *ssa.Package) *Program { return &Program{Pkg: pkg, models: makeModels()} }

const (
	maxSteps  = 50_000 // instructions in one run
	maxDepth  = 10     // calls
	maxRounds = 12     // passes over a function with loops
	maxNested = 6      // standard readers over each other
)

type interp struct {
	*Program
	world World

	resp, req, story *object
	root             *path

	objects map[siteKey]*object
	globals map[*ssa.Global]*object
	parts   map[partKey]*object
	paths   map[siteKey]*path

	steps    int
	collect  bool // events count
	thorough bool // enter every helper
	retried  bool // the request is sent more than once
	muted    int  // calls in other goroutines
	reads    []Read
	exits    []Exit

	firstSent siteKey // the call that sends the request
}

// A path is a chain of calls.
type path struct {
	parent *path
	call   ssa.Instruction
	depth  int
}

type siteKey struct {
	path *path
	site any
}

type gaveUp struct{}

func (p *Program) interp(w World) *interp {
	return &interp{
		Program: p,
		world:   w,
		resp:    &object{kind: response},
		req:     &object{kind: request},
		story:   &object{kind: story},
		root:    &path{},
		objects: map[siteKey]*object{},
		globals: map[*ssa.Global]*object{},
		parts:   map[partKey]*object{},
		paths:   map[siteKey]*path{},
	}
}

func (in *interp) object(p *path, site any, kind objectKind, t types.Type) *object {
	key := siteKey{p, site}
	o := in.objects[key]
	if o == nil {
		o = &object{kind: kind, typ: t}
		in.objects[key] = o
	}
	return o
}

func (in *interp) global(g *ssa.Global) *object {
	o := in.globals[g]
	if o == nil {
		o = &object{kind: opaque, typ: g.Type().(*types.Pointer).Elem()}
		in.globals[g] = o
	}
	return o
}

func (in *interp) extend(p *path, call ssa.Instruction) *path {
	key := siteKey{p, call}
	q := in.paths[key]
	if q == nil {
		q = &path{p, call, p.depth + 1}
		in.paths[key] = q
	}
	return q
}

// A frame is one function being run.
type frame struct {
	in      *interp
	fn      *ssa.Function
	path    *path
	guarded bool // called from behind a branch that is not understood

	env    map[ssa.Value]set
	tuples map[ssa.Value][]set
	out    map[*ssa.BasicBlock]*memory
	edges  map[edge]bool
	vague  map[*ssa.BasicBlock]bool // blocks that end in a branch that is not understood

	block   *ssa.BasicBlock
	mem     *memory // at the current instruction
	dead    bool    // the current instruction does not return
	results []set
	final   *memory // joined over the returns
	failed  struct {
		results []set
		final   *memory
	} // the same over those that hand on no response

	handed bool // the response is one of its arguments
	entry  bool // its returns are what the outcome tells of
}

type edge struct {
	from *ssa.BasicBlock
	succ int
}

// run runs a function; it returns nil memory if the function does not return.
func (in *interp) run(fn *ssa.Function, args []set, env *object, m *memory, p *path, guarded, entry bool) ([]set, *memory) {
	fr := &frame{
		in: in, fn: fn, path: p, guarded: guarded, entry: entry,
		env:    map[ssa.Value]set{},
		tuples: map[ssa.Value][]set{},
		out:    map[*ssa.BasicBlock]*memory{},
		edges:  map[edge]bool{},
		vague:  map[*ssa.BasicBlock]bool{},
	}
	for i, param := range fn.Params {
		if i < len(args) && len(args[i]) > 0 {
			fr.env[param] = args[i]
			fr.handed = fr.handed || slices.ContainsFunc(args[i], isResponse)
		} else {
			fr.env[param] = one(unknown{})
		}
	}
	for _, fv := range fn.FreeVars {
		s := one(unknown{})
		if env != nil {
			s = in.load(m, cell{env, freeName(fv)})
		}
		fr.env[fv] = s
	}
	order := reversePostorder(fn)
	cyclic := hasCycle(order)
	collect := in.collect
	if cyclic {
		in.collect = false
		for range maxRounds {
			before := fr.size()
			fr.pass(order, m)
			if fr.size() == before {
				break
			}
		}
		in.collect = collect
	}
	if !cyclic || collect {
		fr.pass(order, m)
	}
	if fr.final == nil {
		return fr.failed.results, fr.failed.final
	}
	return fr.results, fr.final
}

// size grows as long as a pass finds out more.
func (fr *frame) size() int {
	n := len(fr.edges)
	for _, s := range fr.env {
		n += len(s)
	}
	for _, m := range fr.out {
		for _, s := range m.cells {
			n += len(s)
		}
	}
	return n
}

func (fr *frame) pass(order []*ssa.BasicBlock, entry *memory) {
	fr.results, fr.final = nil, nil
	fr.failed.results, fr.failed.final = nil, nil
	for i, b := range order {
		if fr.entry && fr.in.collect && len(b.Preds) > 1 && onlyReturns(b) {
			fr.runApart(b)
			continue
		}
		var m *memory
		if i == 0 {
			m = entry
		}
		for j, pred := range b.Preds {
			if fr.executed(b, j) {
				m = fr.in.merge(m, fr.out[pred])
			}
		}
		if m == nil {
			continue
		}
		if i == 0 || len(b.Preds) != 1 || len(b.Preds[0].Succs) != 1 {
			m = m.clone() // somebody else may go on from there
		}
		fr.runBlock(b, m)
	}
}

// runApart runs a block that does nothing but return once for each body that its predecessors hand on, so that what was
// done for one is not taken for done for another.
func (fr *frame) runApart(b *ssa.BasicBlock) {
	body := cell{fr.in.resp, "Body"}
	executed := fr.edges
	left := slices.DeleteFunc(slices.Clone(b.Preds), func(pred *ssa.BasicBlock) bool { return fr.out[pred] == nil })
	for len(left) > 0 {
		first := fr.in.load(fr.out[left[0]], body)
		var m *memory
		fr.edges = map[edge]bool{}
		left = slices.DeleteFunc(left, func(pred *ssa.BasicBlock) bool {
			if !slices.Equal(fr.in.load(fr.out[pred], body), first) {
				return false
			}
			for i, s := range pred.Succs {
				if e := (edge{pred, i}); s == b && executed[e] {
					fr.edges[e] = true
					m = fr.in.merge(m, fr.out[pred])
				}
			}
			return true
		})
		if m != nil {
			for _, instr := range b.Instrs {
				if v, ok := instr.(ssa.Value); ok {
					delete(fr.env, v)
				}
			}
			fr.runBlock(b, m.clone())
		}
		fr.edges = executed
	}
}

// onlyReturns reports whether a block is the end of several branches, and no more.
func onlyReturns(b *ssa.BasicBlock) bool {
	for _, instr := range b.Instrs {
		switch instr.(type) {
		case *ssa.Phi, *ssa.RunDefers, *ssa.UnOp, *ssa.DebugRef, *ssa.Return:
		default:
			return false
		}
	}
	return true
}

// executed reports whether control may come from b's j-th predecessor.
func (fr *frame) executed(b *ssa.BasicBlock, j int) bool {
	pred := b.Preds[j]
	for i, s := range pred.Succs {
		if s == b && fr.edges[edge{pred, i}] {
			return true
		}
	}
	return false
}

func (fr *frame) runBlock(b *ssa.BasicBlock, m *memory) {
	fr.block, fr.mem, fr.dead = b, m, false
	for _, instr := range b.Instrs {
		if fr.in.steps++; fr.in.steps > maxSteps {
			panic(gaveUp{})
		}
		fr.step(instr)
		if fr.dead {
			delete(fr.out, b)
			return
		}
	}
	fr.out[b] = fr.mem
}

func (fr *frame) set(v ssa.Value, s set) { fr.env[v] = join(fr.env[v], s) }

// get returns what an operand may be.
func (fr *frame) get(v ssa.Value) set {
	switch v := v.(type) {
	case *ssa.Const:
		if v.Value == nil {
			return zero(v.Type())
		}
		return one(fromConstant(v.Value, false))
	case *ssa.Function:
		return one(closure{fn: v})
	case *ssa.Global:
		if v.Pkg != nil && v.Pkg.Pkg.Path() == "net/http" && v.Name() == "NoBody" {
			return one(element{noBody{}})
		}
		return one(ptr{fr.in.global(v), ""})
	case *ssa.Builtin:
		return one(nonNil{})
	}
	return fr.env[v]
}

// isGuarded reports whether a branch that is not understood leads here.
func (fr *frame) isGuarded() bool {
	if fr.guarded {
		return true
	}
	for b := range fr.vague {
		for _, s := range b.Succs {
			if len(s.Preds) == 1 && s.Dominates(fr.block) {
				return true
			}
		}
	}
	return false
}

func freeName(fv *ssa.FreeVar) string {
	for i, f := range fv.Parent().FreeVars {
		if f == fv {
			return "free" + string(rune('0'+i))
		}
	}
	return ""
}

func reversePostorder(fn *ssa.Function) []*ssa.BasicBlock {
	var order []*ssa.BasicBlock
	seen := make([]bool, len(fn.Blocks))
	var visit func(*ssa.BasicBlock)
	visit = func(b *ssa.BasicBlock) {
		seen[b.Index] = true
		for _, s := range b.Succs {
			if !seen[s.Index] {
				visit(s)
			}
		}
		order = append(order, b)
	}
	if len(fn.Blocks) > 0 {
		visit(fn.Blocks[0])
	}
	for i, j := 0, len(order)-1; i < j; i, j = i+1, j-1 {
		order[i], order[j] = order[j], order[i]
	}
	return order
}

func hasCycle(order []*ssa.BasicBlock) bool {
	at := map[*ssa.BasicBlock]int{}
	for i, b := range order {
		at[b] = i
	}
	for i, b := range order {
		for _, s := range b.Succs {
			if at[s] <= i {
				return true
			}
		}
	}
	return false
}
