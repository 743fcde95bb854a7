package hypothesis

// reaches reports whether the original body can be reached from a value.
func (in *interp) reaches(m *memory, a atom) bool {
	return in.walk(m, a, map[any]bool{}, func(a atom) bool { return a == atom(original{}) })
}

// walk visits what can be reached from a until f returns true.
func (in *interp) walk(m *memory, a atom, seen map[any]bool, f func(atom) bool) bool {
	if seen[a] {
		return false
	}
	seen[a] = true
	if f(a) {
		return true
	}
	visit := func(o *object) bool {
		if o == nil {
			return false
		}
		if o.kind == response {
			return in.walkSet(m, in.load(m, cell{o, "Body"}), seen, f)
		}
		if seen[o] {
			return false
		}
		seen[o] = true
		for c, s := range m.cells {
			if c.obj == o && in.walkSet(m, s, seen, f) {
				return true
			}
		}
		if o.from != nil && in.walk(m, ptr{o.from, ""}, seen, f) {
			return true
		}
		for k, part := range in.parts {
			if k.obj == o && in.walk(m, ptr{part, ""}, seen, f) {
				return true
			}
		}
		return false
	}
	switch a := a.(type) {
	case ptr:
		return visit(a.obj)
	case strct:
		return visit(a.obj)
	case closure:
		return visit(a.env)
	case iface:
		return in.walk(m, a.val, seen, f)
	case stored:
		return in.walk(m, a.val, seen, f)
	case stream:
		return in.walk(m, a.src, seen, f)
	case kept:
		return in.walk(m, a.over, seen, f) || in.walk(m, a.like, seen, f)
	case list:
		return in.walk(m, a.elem, seen, f)
	case foreign:
		return f(original{})
	}
	return false
}

func (in *interp) walkSet(m *memory, s set, seen map[any]bool, f func(atom) bool) bool {
	for _, a := range s {
		if in.walk(m, a, seen, f) {
			return true
		}
	}
	return false
}

// leak notes that code which is not seen got hold of a value.
func (fr *frame) leak(s set) {
	in := fr.in
	for _, a := range s {
		gone := func(a atom) bool {
			switch a := a.(type) {
			case original, headers:
				return true
			case ptr:
				return a.obj.kind == response
			case strct:
				return a.obj.kind == response
			}
			return false
		}
		if in.walk(fr.mem, a, map[any]bool{}, gone) {
			for _, name := range []string{escaped, closed, halfClosed, lengthFixed} {
				c := cell{in.story, name}
				fr.mem.store(c, join(in.load(fr.mem, c), maybe))
			}
		}
	}
}

func (fr *frame) leakArgs(args []set) {
	for _, s := range args {
		fr.leak(s)
	}
}
