package gen

import (
	"fmt"
	"go/types"
	"regexp"
	"slices"
	"strings"
)

// shape writes a method without the names of its parameters.
func shape(m *types.Func, qualify types.Qualifier) string {
	sig := m.Signature()
	list := func(t *types.Tuple, variadic bool) string {
		words := make([]string, t.Len())
		for i := range words {
			words[i] = types.TypeString(t.At(i).Type(), qualify)
			if variadic && i == len(words)-1 {
				words[i] = "..." + strings.TrimPrefix(words[i], "[]")
			}
		}
		return strings.Join(words, ", ")
	}
	results := list(sig.Results(), false)
	switch sig.Results().Len() {
	case 0:
	case 1:
		results = " " + results
	default:
		results = " (" + results + ")"
	}
	return fmt.Sprintf("%s(%s)%s", m.Name(), list(sig.Params(), sig.Variadic()), results)
}

// fullShape writes a method as the tables do: with import paths, and with byte
// and rune for the types that have two names.
func fullShape(m *types.Func) string {
	s := shape(m, func(p *types.Package) string { return p.Path() })
	return twoNames.ReplaceAllStringFunc(s, func(name string) string {
		return map[string]string{"uint8": "byte", "int32": "rune", "any": "interface{}"}[name]
	})
}

var twoNames = regexp.MustCompile(`\b(uint8|int32|any)\b`)

// kinship returns groups of methods of f that carry the same data: those that
// the table knows, and those that like directives state.
func (g *generator) kinship(f *family) [][]*types.Func {
	var groups [][]*types.Func
	all := f.methods(f.full())
	for _, row := range relatives {
		var group []*types.Func
		for _, m := range all {
			if slices.Contains(row, fullShape(m)) {
				group = append(group, m)
			}
		}
		groups = append(groups, group)
	}
	for _, e := range slices.Concat(f.always, f.optional) {
		for _, d := range e.directives {
			if d.verb != "like" {
				continue
			}
			var to *types.Func
			if len(d.args) == 1 {
				to = method(all, d.args[0])
			}
			if to == nil {
				g.faults.add(d.pos, "%slike wants one method of %s that carries the same data", directivePrefix, f.name)
				continue
			}
			joined := false
			for i, group := range groups {
				if slices.ContainsFunc(group, sameMethod(to)) {
					groups[i] = append(group, without(e.added, group)...)
					joined = true
				}
			}
			if !joined {
				groups = append(groups, append([]*types.Func{to}, e.added...))
			}
		}
	}
	for _, d := range f.directives {
		if d.verb != "like" {
			continue
		}
		group := g.named(f, d, all)
		if len(group) == 1 {
			g.faults.add(d.pos, "%slike wants the names of two methods or more that carry the same data", directivePrefix)
		}
		groups = append(groups, group)
	}
	return groups
}

// related reports whether a row of relatives has a method named name and the
// method with this shape.
func related(name, shape string) bool {
	return slices.ContainsFunc(relatives, func(row []string) bool {
		return slices.Contains(row, shape) && slices.ContainsFunc(row, func(m string) bool {
			return strings.HasPrefix(m, name+"(")
		})
	})
}

// method returns the method of that name, or nil.
func method(methods []*types.Func, name string) *types.Func {
	i := slices.IndexFunc(methods, func(m *types.Func) bool { return m.Name() == name })
	if i < 0 {
		return nil
	}
	return methods[i]
}

// named returns the methods that a family's directive names, and reports names
// that are none.
func (g *generator) named(f *family, d directive, among []*types.Func) []*types.Func {
	var found []*types.Func
	if len(d.args) == 0 {
		g.faults.add(d.pos, "%s%s beside %[1]sfor wants the names of methods", directivePrefix, d.verb)
	}
	for _, name := range d.args {
		if m := method(among, name); m != nil {
			found = append(found, m)
		} else {
			g.faults.add(d.pos, "%s%s %s: %s has no method %[3]s", directivePrefix, d.verb, name, f.name)
		}
	}
	return found
}

// A decision is what a route or pass directive says of one method.
type decision struct {
	directive
	element *element // nil if the method is not optional
	method  *types.Func
}

// decisions returns what directives say of methods that would go round others.
func (g *generator) decisions(b *binding) []decision {
	var found []decision
	says := func(d directive) bool { return d.verb == "route" || d.verb == "pass" }
	for _, d := range b.directives {
		if says(d) {
			for _, m := range g.named(b.family, d, b.methods(b.full())) {
				found = append(found, decision{d, b.adding(m), m})
			}
		}
	}
	for _, e := range slices.Concat(b.always, b.optional) {
		for _, d := range e.directives {
			if !says(d) {
				continue
			}
			methods := e.added
			if len(d.args) > 0 {
				methods = nil
			}
			for _, name := range d.args {
				if m := method(e.added, name); m != nil {
					methods = append(methods, m)
				} else {
					g.faults.add(d.pos, "%s%s %s: there is no %s in this line", directivePrefix, d.verb, name, name)
				}
			}
			for _, m := range methods {
				found = append(found, decision{d, b.adding(m), m})
			}
		}
	}
	return found
}

// adding returns the optional element that adds m, or nil.
func (f *family) adding(m *types.Func) *element {
	for _, e := range f.optional {
		if slices.ContainsFunc(e.added, sameMethod(m)) {
			return e
		}
	}
	return nil
}

// bindRelatives looks for ways round the struct's own methods: relatives that
// would go straight to the original. Each is routed or passed by a directive,
// or a fault.
func (g *generator) bindRelatives(b *binding) {
	groups := g.kinship(b.family)
	all := b.methods(b.full())
	// ownRelatives returns the struct's own methods that m would go round.
	ownRelatives := func(m *types.Func) []*types.Func {
		var own []*types.Func
		for _, group := range groups {
			if !slices.ContainsFunc(group, sameMethod(m)) {
				continue
			}
			for _, other := range group {
				if b.own[other.Id()] != nil && !slices.Contains(own, other) {
					own = append(own, other)
				}
			}
		}
		return own
	}

	settled := make(map[string]bool)
	for _, d := range g.decisions(b) {
		own := ownRelatives(d.method)
		switch {
		case b.own[d.method.Id()] != nil:
			g.faults.add(d.pos, "%s has its own %s, so it is called: delete %s%s", b.target.name, d.method.Name(), directivePrefix, d.verb)
		case len(own) == 0:
			g.faults.add(d.pos, "%s has no method of its own that %s would go round: delete %s%s", b.target.name, d.method.Name(), directivePrefix, d.verb)
		case d.verb == "route":
			g.route(b, d, own)
		}
		settled[d.method.Id()] = true
	}

	for _, own := range all {
		if b.own[own.Id()] == nil {
			continue
		}
		var round []*types.Func
		for _, m := range all {
			if b.own[m.Id()] == nil && !settled[m.Id()] && slices.ContainsFunc(ownRelatives(m), sameMethod(own)) {
				round = append(round, m)
				settled[m.Id()] = true
			}
		}
		if len(round) > 0 {
			g.reportRound(b, own, round)
		}
	}
}

// reportRound reports the methods that would go round own.
func (g *generator) reportRound(b *binding, own *types.Func, round []*types.Func) {
	verb := "carries"
	if len(round) > 1 {
		verb = "carry"
	}
	say := fmt.Sprintf("put %sroute, hide or pass on its line of %s", directivePrefix, b.name)
	if slices.ContainsFunc(round, func(m *types.Func) bool { return b.adding(m) == nil }) {
		say = fmt.Sprintf("put %sroute or pass, with the name, beside the %[1]sfor of %s", directivePrefix, b.name)
	}
	g.faults.add(g.fset.Position(b.own[own.Id()].Pos()),
		"%s has its own %s, but %s, which %s the same data, would go straight to the original: write %s, too, or %s",
		b.target.name, own.Name(), methodNames(round), verb, methodNames(round), say)
}

// route has a method call one of the struct's own methods.
func (g *generator) route(b *binding, d decision, own []*types.Func) {
	s := fullShape(d.method)
	for i := range routes {
		r := &routes[i]
		via := method(own, r.via)
		if r.method != s || via == nil {
			continue
		}
		// Without the method that it goes through it could do nothing.
		needs := b.adding(via)
		switch {
		case needs == nil || needs == d.element:
		case d.element == nil:
			g.faults.add(d.pos, "%s cannot be routed through %s, which only some members have: write %s on %s", d.method.Name(), r.via, d.method.Name(), b.target.name)
			return
		case !slices.Contains(d.element.needs, needs):
			d.element.needs = append(d.element.needs, needs)
		}
		b.routed[d.method.Id()] = r
		return
	}
	g.faults.add(d.pos, "wrapgen knows no way to route %s through %s: write %s on %s", d.method.Name(), methodNames(own), d.method.Name(), b.target.name)
}
