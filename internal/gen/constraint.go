package gen

import (
	"slices"
	"strings"
)

// constrain resolves the needs and never directives of f's optional elements.
// An element that has all methods of another one and more needs that one, too.
func (l *loader) constrain(f *family) {
	for _, e := range f.optional {
		for _, other := range f.optional {
			if other != e && len(other.added) < len(e.added) && contains(e, other) {
				e.needs = append(e.needs, other)
			}
		}
		for _, d := range e.directives {
			var to *[]*element
			switch d.verb {
			case "needs":
				to = &e.needs
			case "never":
				to = &e.never
			default:
				continue
			}
			if len(d.args) == 0 {
				l.faults.add(d.pos, "//wrapgen:%s wants the name of an optional method, such as //wrapgen:%s %s", d.verb, d.verb, f.optional[0].name)
			}
			for _, name := range d.args {
				other := f.lookup(name)
				switch {
				case other == nil:
					l.faults.add(d.pos, "//wrapgen:%s %s: %s has no optional %s, but %s", d.verb, name, f.name, name, f.optionalNames())
				case other == e:
					l.faults.add(d.pos, "//wrapgen:%s %s: %s is this very element", d.verb, name, name)
				case !slices.Contains(*to, other):
					*to = append(*to, other)
				}
			}
		}
	}
	order := f.settleOrder()
	if order == nil {
		l.faults.add(l.fset.Position(f.spec.Pos()), "the needs and never lines of %s go in a circle: put methods that come together into one element, and never on one of two elements only", f.name)
	}
}

// contains reports whether e adds every method that other adds.
func contains(e, other *element) bool {
	for _, m := range other.added {
		if !slices.ContainsFunc(e.added, sameMethod(m)) {
			return false
		}
	}
	return true
}

// lookup returns the optional element that goes by name: its own, its type's
// or that of a method which it adds.
func (f *family) lookup(name string) *element {
	for _, e := range f.optional {
		if e.name == name || exported(name) == e.name {
			return e
		}
	}
	for _, e := range f.optional {
		for _, m := range e.added {
			if m.Name() == name {
				return e
			}
		}
	}
	return nil
}

func (f *family) optionalNames() string {
	names := make([]string, len(f.optional))
	for i, e := range f.optional {
		names[i] = e.name
	}
	return strings.Join(names, ", ")
}

// settleOrder returns the indexes of the optional elements such that each
// comes after those that its constraints name, or nil if there is no such
// order.
func (f *family) settleOrder() []int {
	var order []int
	state := make(map[*element]int) // 1: on the way, 2: done
	var visit func(*element) bool
	visit = func(e *element) bool {
		switch state[e] {
		case 1:
			return false
		case 2:
			return true
		}
		state[e] = 1
		for _, other := range slices.Concat(e.needs, e.never) {
			if !visit(other) {
				return false
			}
		}
		state[e] = 2
		order = append(order, slices.Index(f.optional, e))
		return true
	}
	for _, e := range f.optional {
		if !visit(e) {
			return nil
		}
	}
	return order
}
