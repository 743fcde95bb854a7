package hypothesis

import (
	"go/constant"
	"go/token"
	"go/types"
	"slices"

	"golang.org/x/tools/go/ssa"
)

// step runs one instruction.
func (fr *frame) step(instr ssa.Instruction) {
	in := fr.in
	switch v := instr.(type) {
	case *ssa.Alloc:
		o := in.object(fr.path, v, plain, v.Type().(*types.Pointer).Elem())
		for c := range fr.mem.cells { // a new one each time round a loop
			if c.obj == o {
				delete(fr.mem.cells, c)
			}
		}
		fr.set(v, one(ptr{o, ""}))
	case *ssa.Phi:
		var s set
		for j, e := range v.Edges {
			if fr.executed(v.Block(), j) {
				s = join(s, fr.get(e))
			}
		}
		fr.set(v, s)
	case *ssa.BinOp:
		fr.set(v, binary(v.Op, fr.get(v.X), fr.get(v.Y)))
	case *ssa.UnOp:
		if v.Op == token.ARROW {
			fr.receive(v)
		} else {
			fr.set(v, fr.unary(v))
		}
	case *ssa.ChangeType:
		fr.set(v, fr.get(v.X))
	case *ssa.ChangeInterface:
		fr.set(v, fr.get(v.X))
	case *ssa.Convert:
		fr.set(v, convert(fr.get(v.X), v.X.Type(), v.Type()))
	case *ssa.MultiConvert:
		fr.set(v, one(unknown{}))
	case *ssa.SliceToArrayPointer:
		fr.set(v, one(nonNil{}))
	case *ssa.MakeInterface:
		fr.set(v, fr.box(v))
	case *ssa.MakeClosure:
		env := in.object(fr.path, v, plain, nil)
		fn := v.Fn.(*ssa.Function)
		for i, b := range v.Bindings {
			fr.mem.store(cell{env, freeName(fn.FreeVars[i])}, fr.get(b))
		}
		fr.set(v, one(closure{fn, env}))
	case *ssa.MakeChan:
		fr.set(v, one(ptr{in.object(fr.path, v, plain, nil), ""}))
	case *ssa.MakeMap, *ssa.MakeSlice:
		fr.set(instr.(ssa.Value), one(nonNil{}))
	case *ssa.FieldAddr:
		st, _ := structOf(v.X.Type().Underlying().(*types.Pointer).Elem())
		fr.set(v, fr.each(v.X, func(a atom) set {
			if a == atom(null{}) && len(fr.get(v.X)) > 1 {
				return nil // would panic: so it is not nil here
			}
			return one(in.fieldOf(a, st.Field(v.Field)))
		}))
	case *ssa.Field:
		st, _ := structOf(v.X.Type())
		fr.set(v, fr.each(v.X, func(a atom) set { return in.at(fr.mem, in.fieldOf(a, st.Field(v.Field))) }))
	case *ssa.IndexAddr:
		fr.set(v, fr.each(v.X, func(a atom) set { return one(in.slot(a)) }))
	case *ssa.Index:
		fr.set(v, fr.each(v.X, func(a atom) set { return one(elementOf(a)) }))
	case *ssa.Lookup:
		fr.lookup(v)
	case *ssa.Slice:
		fr.set(v, fr.each(v.X, func(a atom) set { return one(part(a, v, fr)) }))
	case *ssa.Extract:
		if t := fr.tuples[v.Tuple]; v.Index < len(t) {
			fr.set(v, t[v.Index])
		} else if t != nil {
			fr.set(v, one(unknown{}))
		}
	case *ssa.TypeAssert:
		fr.typeAssert(v)
	case *ssa.Range:
		fr.set(v, fr.get(v.X))
	case *ssa.Next:
		elems := one(unknown{})
		fr.tuples[v] = []set{{unknown{}}, elems, elems}
		for _, a := range fr.get(v.Iter) {
			if ofResponse(a) {
				fr.tuples[v] = []set{{unknown{}}, {undecided{}}, {undecided{}}}
			}
		}
	case *ssa.Select:
		fr.choose(v)
	case *ssa.Store:
		fr.storeAt(v)
	case *ssa.MapUpdate:
		fr.mapUpdate(v)
	case *ssa.Send:
		fr.send(v.Chan, v.X)
	case *ssa.Call:
		res := fr.call(v, v.Common(), fr.mem)
		if tuple, ok := v.Type().(*types.Tuple); ok {
			old := fr.tuples[v]
			t := make([]set, tuple.Len())
			for i := range t {
				if i < len(old) {
					t[i] = old[i]
				}
				if i < len(res) {
					t[i] = join(t[i], res[i])
				}
			}
			fr.tuples[v] = t
		} else if len(res) > 0 {
			fr.set(v, res[0])
		}
	case *ssa.Go:
		fr.start(v)
	case *ssa.RunDefers:
		fr.runDefers()
	case *ssa.If:
		fr.branch(v)
	case *ssa.Jump:
		fr.edges[edge{fr.block, 0}] = true
	case *ssa.Return:
		fr.doReturn(v)
	case *ssa.Panic:
		fr.dead = true
	case *ssa.Defer, *ssa.DebugRef:
	default:
		if v, ok := instr.(ssa.Value); ok {
			fr.set(v, one(unknown{}))
		}
	}
}

func (fr *frame) each(v ssa.Value, f func(atom) set) set {
	var out set
	for _, a := range fr.get(v) {
		out = join(out, f(a))
	}
	return out
}

// box makes an interface value of a concrete one.
func (fr *frame) box(v *ssa.MakeInterface) set {
	t := v.X.Type()
	return fr.each(v.X, func(a atom) set {
		switch a.(type) {
		case noBody, original:
			return one(a)
		}
		return one(iface{t, a})
	})
}

func (fr *frame) unary(v *ssa.UnOp) set {
	switch v.Op {
	case token.MUL:
		return fr.each(v.X, func(a atom) set { return fr.in.at(fr.mem, a) })
	case token.NOT:
		return fr.each(v.X, func(a atom) set {
			if l, ok := a.(lit); ok && l.kind == constant.Bool {
				return one(lit{constant.Bool, boolText(l.text != "true"), l.own})
			}
			return one(a)
		})
	case token.SUB, token.XOR:
		return fr.each(v.X, func(a atom) set {
			if l, ok := a.(lit); ok && l.kind == constant.Int && v.Op == token.SUB {
				return one(fromConstant(constant.UnaryOp(token.SUB, l.value(), 0), l.own))
			}
			return one(unknown{})
		})
	}
	return one(unknown{})
}

func (fr *frame) storeAt(v *ssa.Store) {
	in := fr.in
	addrs, val := fr.get(v.Addr), fr.notNil(v.Val)
	for _, a := range addrs {
		p, ok := a.(ptr)
		if !ok {
			fr.leak(val) // into something that is not seen
			continue
		}
		if p.field == "" {
			if _, isStruct := structOf(p.obj.typ); isStruct {
				from := in.object(fr.path, v, opaque, p.obj.typ)
				if s, ok := sole(val).(strct); ok {
					from = s.obj
				}
				if p.obj.kind == plain {
					in.assign(fr.mem, p.obj, from)
				}
				continue
			}
		}
		if p.obj.kind == opaque {
			fr.leak(val)
		}
		c := cell{p.obj, p.field}
		s := val
		if p.obj.kind == response && p.field == "Header" {
			fr.mayHave(lengthFixed)
		}
		if p.obj.kind == response && p.field == "Body" {
			before := in.load(fr.mem, c)
			fr.wrapped(before, val)
			s = nil
			for _, x := range val {
				s = append(s, stored{v, x, fr.isGuarded(), before.only(original{})})
			}
			if val.only(original{}) { // put back
				s = val
			}
		}
		if len(addrs) > 1 || p.obj.many {
			s = join(in.load(fr.mem, c), s)
		}
		fr.mem.store(c, s)
	}
}

// wrapped notes what was put in the response's place before, and is a part of what is put there now.
func (fr *frame) wrapped(before, val set) {
	in := fr.in
	c := cell{in.story, inside}
	for _, b := range before {
		st, ok := b.(stored)
		if !ok {
			continue
		}
		if in.walkSet(fr.mem, val, map[any]bool{}, func(a atom) bool { return a == st.val }) {
			fr.mem.store(c, join(in.load(fr.mem, c), one(b)))
		}
	}
}

func (fr *frame) mapUpdate(v *ssa.MapUpdate) {
	for _, a := range fr.get(v.Map) {
		if h, ok := a.(headers); ok && h.of.kind == response {
			fr.touchHeader(fr.get(v.Key))
		}
	}
	fr.leak(fr.get(v.Value))
}

func (fr *frame) lookup(v *ssa.Lookup) {
	var elems, oks set
	for _, a := range fr.get(v.X) {
		for _, k := range fr.get(v.Index) {
			e, ok := fr.in.index(a, k)
			if elemType, isMap := v.X.Type().Underlying().(*types.Map); isMap && isBool(ok, false) {
				e = zero(elemType.Elem())[0]
			}
			elems, oks = join(elems, one(e)), join(oks, one(ok))
		}
	}
	if v.CommaOk {
		fr.tuples[v] = []set{elems, oks}
	} else {
		fr.set(v, elems)
	}
}

// index returns a map's element, or a string's byte.
func (in *interp) index(m, key atom) (elem, ok atom) {
	l, isLit := key.(lit)
	switch m := m.(type) {
	case headers:
		if !isLit {
			return undecided{}, undecided{}
		}
		switch v := in.header(m, l.text).(type) {
		case lit:
			return null{}, ownBoolean(false)
		case text:
			return list{v}, ownBoolean(true)
		default:
			return unknown{}, unknown{}
		}
	case null:
		return unknown{}, boolean(false)
	}
	if isMissing(key) {
		return unknown{}, ownBoolean(false)
	}
	if ofResponse(key) || ofResponse(m) {
		return in.vague(), in.vague()
	}
	return unknown{}, unknown{}
}

// vague is a value that depends on the response in an unknown way: a possible guard when upgrades are asked about.
func (in *interp) vague() atom {
	if in.world.upgrade() {
		return undecided{}
	}
	return unknown{}
}

// slot returns the address of an element.
func (in *interp) slot(a atom) atom {
	switch a := a.(type) {
	case list:
		return element(a)
	case ptr:
		// All elements of an array are one cell to us.
		if arr, ok := a.obj.typ.Underlying().(*types.Array); ok && a.field == "" {
			if o := in.parts[partKey{a.obj, "[]"}]; o != nil {
				return ptr{o, ""}
			}
			o := &object{kind: plain, typ: arr.Elem(), many: true}
			in.parts[partKey{a.obj, "[]"}] = o
			return ptr{o, ""}
		}
	case undecided:
		return a
	}
	return unknown{}
}

func elementOf(a atom) atom {
	switch a := a.(type) {
	case list:
		return a.elem
	case undecided:
		return a
	}
	return unknown{}
}

// part returns what slicing yields.
func part(a atom, v *ssa.Slice, fr *frame) atom {
	switch a := a.(type) {
	case blob:
		if v.Low == nil && v.High == nil {
			return a
		}
		return blob{a.src, true}
	case lit, text:
		if v.Low == nil && v.High == nil {
			return a
		}
		if l, ok := a.(lit); ok && !l.own {
			return unknown{}
		}
		return fr.in.vague()
	case null, nonNil, list, undecided, ptr:
		return a
	}
	return unknown{}
}

func convert(s set, from, to types.Type) set {
	var out set
	for _, a := range s {
		switch l := a.(type) {
		case lit:
			b, ok := to.Underlying().(*types.Basic)
			switch {
			case ok && l.kind == constant.Int && b.Info()&types.IsInteger != 0:
			case ok && l.kind == constant.String && b.Info()&types.IsString != 0:
			case l.kind == constant.String && l.text == "" && !ok:
				a = null{} // []byte("")
			case l.kind == constant.String && !ok:
				a = blob{src: l, changed: true}
			default:
				a = unknown{}
			}
		}
		out = join(out, one(a))
	}
	return out
}

func (fr *frame) branch(v *ssa.If) {
	cond := fr.get(v.Cond)
	if len(cond) == 0 {
		cond = one(unknown{})
	}
	for _, a := range cond {
		l, known := a.(lit)
		if _, ok := a.(undecided); ok {
			fr.vague[fr.block] = true
		}
		if !known || l.text == "true" {
			fr.edges[edge{fr.block, 0}] = true
		}
		if !known || l.text == "false" {
			fr.edges[edge{fr.block, 1}] = true
		}
	}
}

func (fr *frame) doReturn(v *ssa.Return) {
	res := make([]set, len(v.Results))
	for i, r := range v.Results {
		res[i] = fr.notNil(r)
	}
	mem := fr.mem
	if !fr.entry && fr.handed && fr.fails(res) {
		fr.failed.results = joinResults(fr.failed.results, res)
		fr.failed.final = fr.in.merge(fr.failed.final, mem)
		return
	}
	fr.results = joinResults(fr.results, res)
	if !fr.entry && !fr.handed && fr.drops(res) {
		mem = fr.in.before(mem)
	}
	fr.final = fr.in.merge(fr.final, mem)
	if fr.entry && fr.in.collect {
		fr.in.exits = append(fr.in.exits, Exit{in: fr.in, mem: fr.mem.clone(), results: res})
	}
}

// runDefers runs the calls that were deferred, last first; one that may not have been deferred counts as a possibility.
func (fr *frame) runDefers() {
	at := fr.block
	blocks := fr.fn.Blocks
	for i := len(blocks) - 1; i >= 0; i-- {
		b := blocks[i]
		if _, ran := fr.out[b]; !ran && b != at {
			continue
		}
		for j := len(b.Instrs) - 1; j >= 0; j-- {
			d, ok := b.Instrs[j].(*ssa.Defer)
			if !ok {
				continue
			}
			before := fr.mem.clone()
			fr.call(d, d.Common(), fr.mem)
			if !b.Dominates(at) {
				fr.mem = fr.in.merge(before, fr.mem)
			}
			if fr.dead {
				return
			}
		}
	}
}

// fails reports whether a return hands on nil for a response: what was done to the response until then is nothing to what
// the other returns hand on.
func (fr *frame) fails(res []set) bool {
	s, _ := fr.responseIn(res)
	return s.only(null{})
}

// drops reports whether a return of a function that gets the response itself hands on something else: what it did to the
// response is nothing to whoever is handed it by another return.
func (fr *frame) drops(res []set) bool {
	s, ok := fr.responseIn(res)
	return ok && !slices.ContainsFunc(s, isResponse)
}

// responseIn returns the result that is a response; false if the function returns none.
func (fr *frame) responseIn(res []set) (set, bool) {
	of := fr.fn.Signature.Results()
	for i, s := range res {
		if IsHTTP(of.At(i).Type(), "Response") {
			return s, true
		}
	}
	return nil, false
}
