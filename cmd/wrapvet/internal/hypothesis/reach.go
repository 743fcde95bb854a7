package hypothesis

import (
	"slices"

	"golang.org/x/tools/go/ssa"
)

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
	if fr.holds(s, isHeaders) {
		fr.mayHave(lengthFixed)
	}
	if fr.holds(s, func(a atom) bool { return a == atom(original{}) || isOfResponse(a) }) {
		fr.mayHave(escaped, closed, halfClosed, lengthFixed)
	}
}

// mayHave notes that something may have happened to the response.
func (fr *frame) mayHave(names ...string) {
	for _, name := range names {
		c := cell{fr.in.story, name}
		fr.mem.store(c, join(fr.in.load(fr.mem, c), maybe))
	}
}

// holds reports whether something can be reached from a value.
func (fr *frame) holds(s set, f func(atom) bool) bool {
	return fr.in.walkSet(fr.mem, s, map[any]bool{}, f)
}

// anyHolds reports the same of arguments: the response, for one, may be in a struct that describes an attempt.
func (fr *frame) anyHolds(args []set, f func(atom) bool) bool {
	return slices.ContainsFunc(args, func(s set) bool { return fr.holds(s, f) })
}

func isHeaders(a atom) bool {
	h, ok := a.(headers)
	return ok && h.of.kind == response
}

// isOfResponse reports whether a value is the response, a pointer into it or a copy of it.
func isOfResponse(a atom) bool {
	switch a := a.(type) {
	case ptr:
		return a.obj.kind == response
	case strct:
		return a.obj.kind == response
	}
	return false
}

func (fr *frame) leakArgs(args []set) {
	for _, s := range args {
		fr.leak(s)
	}
}

// leakTo notes that a function which is not seen got hold of its arguments; fn is nil if it is not even known which.
func (fr *frame) leakTo(fn *ssa.Function, args []set) {
	if fn != nil && describes(fn) && !fr.anyHolds(args, isOfResponse) {
		return // of the headers
	}
	fr.leakArgs(args)
}

// describes reports whether a function makes text of its arguments, and leaves them as they are.
func describes(fn *ssa.Function) bool {
	obj := fn.Object()
	if obj == nil || obj.Pkg() == nil {
		return false
	}
	switch obj.Pkg().Path() {
	case "encoding/json", "fmt", "log", "log/slog":
		return true
	}
	return false
}
