package hypothesis

import (
	"go/constant"
	"go/types"
	"maps"
)

type cell struct {
	obj  *object
	name string
}

// A memory is what the cells hold at one point of the run; a cell that is absent holds its initial value.
type memory struct{ cells map[cell]set }

func newMemory() *memory { return &memory{map[cell]set{}} }

func (m *memory) clone() *memory { return &memory{maps.Clone(m.cells)} }

func (in *interp) load(m *memory, c cell) set {
	if s, ok := m.cells[c]; ok {
		return s
	}
	if c.obj.from != nil {
		return in.load(m, cell{c.obj.from, c.name})
	}
	return in.initial(c)
}

func (m *memory) store(c cell, s set) { m.cells[c] = s }

// merge returns what holds after either of two paths.
func (in *interp) merge(a, b *memory) *memory {
	if a == nil {
		return b
	}
	if b == nil {
		return a
	}
	out := a.clone()
	for c, s := range b.cells {
		out.cells[c] = join(in.load(a, c), s)
	}
	for c, s := range a.cells {
		if _, ok := b.cells[c]; !ok {
			out.cells[c] = join(s, in.load(b, c))
		}
	}
	return out
}

// before returns the memory as if nothing had happened to the response.
func (in *interp) before(m *memory) *memory {
	m = m.clone()
	for c := range m.cells {
		if c.obj == in.resp || c.obj == in.story {
			delete(m.cells, c)
		}
	}
	return m
}

// initial returns what a cell holds before anything is stored there.
func (in *interp) initial(c cell) set {
	switch c.obj.kind {
	case response, request, story:
		return in.given(c)
	case opaque:
		t := cellType(c)
		if c.name == "" && t != nil && types.Identical(t, errorType) {
			return one(nonNil{}) // a declared error is an error
		}
		return one(unknown{})
	}
	return zero(cellType(c))
}

func cellType(c cell) types.Type {
	if c.name == "" {
		return c.obj.typ
	}
	if st, ok := structOf(c.obj.typ); ok {
		for f := range st.Fields() {
			if f.Name() == c.name {
				return f.Type()
			}
		}
	}
	return nil
}

func zero(t types.Type) set {
	if t == nil {
		return one(unknown{})
	}
	switch u := t.Underlying().(type) {
	case *types.Basic:
		switch {
		case u.Info()&types.IsBoolean != 0:
			return one(boolean(false))
		case u.Info()&types.IsInteger != 0:
			return one(lit{kind: constant.Int, text: "0"})
		case u.Info()&types.IsString != 0:
			return one(lit{kind: constant.String})
		}
	case *types.Pointer, *types.Slice, *types.Map, *types.Chan, *types.Signature, *types.Interface:
		if _, ok := t.(*types.TypeParam); !ok {
			return one(null{})
		}
	}
	return one(unknown{})
}

func structOf(t types.Type) (*types.Struct, bool) {
	if t == nil {
		return nil, false
	}
	st, ok := t.Underlying().(*types.Struct)
	return st, ok
}

var errorType = types.Universe.Lookup("error").Type()

// at returns what a pointer leads to.
func (in *interp) at(m *memory, a atom) set {
	switch a := a.(type) {
	case ptr:
		if a.field == "" {
			if _, ok := structOf(a.obj.typ); ok {
				return one(strct{a.obj})
			}
		}
		return unwrapStored(in.load(m, cell{a.obj, a.field}))
	case element:
		return one(a.elem)
	case undecided:
		return one(a)
	}
	return one(unknown{})
}

func unwrapStored(s set) set {
	var out set
	for _, a := range s {
		if st, ok := a.(stored); ok {
			a = st.val
		}
		out = join(out, one(a))
	}
	return out
}

// fieldOf returns the address of a field: an object of its own when the field is a struct.
func (in *interp) fieldOf(a atom, f *types.Var) atom {
	var obj *object
	switch a := a.(type) {
	case ptr:
		if a.field != "" {
			return unknown{}
		}
		obj = a.obj
	case strct:
		obj = a.obj
	case undecided:
		return a
	default:
		return unknown{}
	}
	if _, ok := structOf(f.Type()); ok {
		return ptr{in.part(obj, f), ""}
	}
	return ptr{obj, f.Name()}
}

func (in *interp) part(obj *object, f *types.Var) *object {
	key := partKey{obj, f.Name()}
	if o := in.parts[key]; o != nil {
		return o
	}
	kind := obj.kind
	if kind != plain {
		kind = opaque
	}
	o := &object{kind: kind, typ: f.Type()}
	in.parts[key] = o
	if obj.from != nil {
		o.from = in.part(obj.from, f)
	}
	return o
}

type partKey struct {
	obj  *object
	name string
}

// assign copies a struct.
func (in *interp) assign(m *memory, to, from *object) {
	if to == from {
		return
	}
	for c := range m.cells {
		if c.obj == to {
			delete(m.cells, c)
		}
	}
	to.from = from
	for o := from; o != nil; o = o.from { // a copy of a copy of itself would never end
		if o.from == to {
			to.from = nil
			break
		}
	}
	for c, s := range m.cells {
		if c.obj == from {
			m.cells[cell{to, c.name}] = s
		}
	}
	st, ok := structOf(from.typ)
	if !ok {
		return
	}
	for f := range st.Fields() {
		if o := in.parts[partKey{from, f.Name()}]; o != nil {
			in.assign(m, in.part(to, f), o)
		}
	}
}
