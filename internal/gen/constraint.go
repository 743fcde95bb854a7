package gen

import (
	"slices"
	"strings"
)

// constrain resolves the needs and never directives of f's optional elements.
// An element that has all methods of another one and more needs that one, too.
func (g *generator) constrain(f *family) {
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
				g.faults.add(d.pos, "//wrapgen:%s wants the name of an optional method, such as //wrapgen:%s %s", d.verb, d.verb, f.optional[0].name)
			}
			for _, name := range d.args {
				other := f.lookup(name)
				switch {
				case other == nil:
					g.faults.add(d.pos, "//wrapgen:%s %s: %s has no optional %s, but %s", d.verb, name, f.name, name, f.optionalNames())
				case other == e:
					g.faults.add(d.pos, "//wrapgen:%s %s: %s is this very element", d.verb, name, name)
				case !slices.Contains(*to, other):
					*to = append(*to, other)
				}
			}
		}
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

// lookup returns the optional element that goes by name: a method that it adds,
// its own name or its type's.
func (f *family) lookup(name string) *element {
	for _, e := range f.optional {
		if slices.Contains(names(e.added), name) {
			return e
		}
	}
	for _, e := range f.optional {
		if e.name == name || e.name == exported(name) {
			return e
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

// A rule is the constraints of one element.
type rule struct {
	element        int
	needs, without set
}

// setRules works out the order in which constraints are to be applied, each
// element after those that its constraints name. It reports a circle.
func (g *generator) setRules(f *family) bool {
	f.rules = nil
	const onTheWay, done = 1, 2
	state := make(map[*element]int)
	var visit func(*element) bool
	visit = func(e *element) bool {
		if state[e] != 0 {
			return state[e] == done
		}
		state[e] = onTheWay
		for _, other := range slices.Concat(e.needs, e.never) {
			if !visit(other) {
				return false
			}
		}
		state[e] = done
		if len(e.needs)+len(e.never) > 0 {
			f.rules = append(f.rules, rule{slices.Index(f.optional, e), f.setOf(e.needs), f.setOf(e.never)})
		}
		return true
	}
	for _, e := range f.optional {
		if !visit(e) {
			g.faults.add(e.pos, "%s is in a circle of needs and never: methods that only come together are one element, such as interface{ A(); B() }, and never goes on one of two lines", e.name)
			return false
		}
	}
	return true
}

// setOf returns the set of some of f's optional elements.
func (f *family) setOf(elements []*element) set {
	var s set
	for _, e := range elements {
		s |= 1 << slices.Index(f.optional, e)
	}
	return s
}

// fit returns s without the elements whose constraints it does not meet. The
// generated code does the same.
func (f *family) fit(s set) set {
	for _, r := range f.rules {
		if s&r.needs != r.needs || s&r.without != 0 {
			s &^= 1 << r.element
		}
	}
	return s
}
