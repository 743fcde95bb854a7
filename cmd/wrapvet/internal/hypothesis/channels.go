package hypothesis

import (
	"go/types"

	"golang.org/x/tools/go/ssa"
)

// All that is sent over a channel is one cell to us: a response that a goroutine gets is waited for at the other end.
const sent = "<-"

func (fr *frame) send(to, what ssa.Value) {
	val := fr.get(what)
	known := true
	for _, a := range fr.get(to) {
		ch, ok := a.(ptr)
		if !ok {
			known = false
			continue
		}
		c := cell{ch.obj, sent}
		fr.mem.store(c, join(fr.mem.cells[c], val))
	}
	if !known {
		fr.leak(val)
	}
}

// received returns what may come out of a channel.
func (fr *frame) received(ch ssa.Value) set {
	return fr.each(ch, func(a atom) set {
		if p, ok := a.(ptr); ok {
			if s, ok := fr.mem.cells[cell{p.obj, sent}]; ok {
				return s
			}
		}
		return one(unknown{})
	})
}

// receive runs <-ch.
func (fr *frame) receive(v *ssa.UnOp) {
	got := fr.received(v.X)
	if v.CommaOk {
		fr.tuples[v] = []set{got, one(unknown{})}
		return
	}
	fr.set(v, got)
}

// choose runs a select: the index, whether something was received, and what.
func (fr *frame) choose(v *ssa.Select) {
	t := []set{one(unknown{}), one(unknown{})}
	for _, s := range v.States {
		if s.Dir == types.RecvOnly {
			t = append(t, fr.received(s.Chan))
		} else {
			fr.send(s.Chan, s.Send)
		}
	}
	fr.tuples[v] = t
}

// start runs a go statement. What other goroutines do to a response is not looked at, unless they get it and send it back.
func (fr *frame) start(v *ssa.Go) {
	fn := v.Call.StaticCallee()
	if fn != nil && sendsBack(fn) && fr.mayEnter(fn) {
		fr.call(v, v.Common(), fr.mem)
		fr.dead = false
		return
	}
	fr.in.muted++
	for _, arg := range v.Call.Args {
		fr.leak(fr.get(arg))
	}
	if c, ok := v.Call.Value.(*ssa.MakeClosure); ok {
		for _, b := range c.Bindings {
			fr.leak(fr.get(b))
		}
	}
	fr.in.muted--
}

// sendsBack reports whether a function sends a response over a channel, alone or in a struct.
func sendsBack(fn *ssa.Function) bool {
	for _, b := range fn.Blocks {
		for _, instr := range b.Instrs {
			switch v := instr.(type) {
			case *ssa.Send:
				if holdsResponse(v.X.Type()) {
					return true
				}
			case *ssa.Select:
				for _, s := range v.States {
					if s.Dir == types.SendOnly && holdsResponse(s.Send.Type()) {
						return true
					}
				}
			}
		}
	}
	return false
}

func holdsResponse(t types.Type) bool {
	if p, ok := t.Underlying().(*types.Pointer); ok && !IsHTTP(t, "Response") {
		t = p.Elem()
	}
	if st, ok := structOf(t); ok {
		for f := range st.Fields() {
			if IsHTTP(f.Type(), "Response") {
				return true
			}
		}
	}
	return IsHTTP(t, "Response")
}
