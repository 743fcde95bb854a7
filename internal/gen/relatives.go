package gen

import (
	"fmt"
	"go/types"
	"slices"
	"strings"
)

// relatives are methods that carry the same data: whoever has his own version
// of one means the others, too. The first of each row is the one that the
// others can be routed through.
var relatives = [][]string{
	{"Write([]byte) (int, error)", "WriteString(string) (int, error)", "ReadFrom(io.Reader) (int64, error)"},
	{"Read([]byte) (int, error)", "WriteTo(io.Writer) (int64, error)"},
	{"Flush()", "FlushError() error"},
}

// routes are the bodies of routed methods: $self is the struct as a value that
// has the method in the comment and none of the fast paths, $arg the argument.
var routes = map[string]string{
	"WriteString": "return $self.Write([]byte($arg))",
	"ReadFrom":    "return $io.Copy($self, $arg)",
	"WriteTo":     "return $io.Copy($arg, $self)",
	"FlushError":  "$self.Flush(); return nil",
}

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

// kinship returns the first relative of each method of f that has any, by id:
// what wrapgen knows, and what like directives add.
func (l *loader) kinship(f *family) map[string]string {
	kin := make(map[string]string)
	all := f.methods(1<<len(f.optional) - 1)
	for _, m := range all {
		s := shape(m, func(p *types.Package) string { return p.Path() })
		for _, row := range relatives {
			if slices.Contains(row, s) {
				kin[m.Id()] = row[0]
			}
		}
	}
	for _, e := range slices.Concat(f.always, f.optional) {
		for _, d := range e.directives {
			if d.verb != "like" {
				continue
			}
			i := -1
			if len(d.args) == 1 {
				i = slices.IndexFunc(all, func(m *types.Func) bool { return m.Name() == d.args[0] })
			}
			if i < 0 {
				l.faults.add(d.pos, "%slike wants one method of %s that carries the same data", directivePrefix, f.name)
				continue
			}
			first, ok := kin[all[i].Id()]
			if !ok {
				first = all[i].Id()
				kin[first] = first
			}
			for _, m := range e.added {
				kin[m.Id()] = first
			}
		}
	}
	return kin
}

// bindRelatives looks for ways round the struct's own methods: relatives that
// would go straight to the original. Each is routed or passed by a directive,
// or a fault.
func (l *loader) bindRelatives(b *binding) {
	kin := l.kinship(b.family)
	all := b.methods(1<<len(b.optional) - 1)

	own := make(map[string][]*types.Func) // by first relative
	for _, m := range all {
		if first, ok := kin[m.Id()]; ok && b.own[m.Id()] != nil {
			own[first] = append(own[first], m)
		}
	}
	settled := make(map[string]bool)
	for _, e := range slices.Concat(b.always, b.optional) {
		for _, d := range e.directives {
			if d.verb != "route" && d.verb != "pass" {
				continue
			}
			methods := e.added
			if len(d.args) > 0 {
				methods = nil
				for _, name := range d.args {
					i := slices.IndexFunc(e.added, func(m *types.Func) bool { return m.Name() == name })
					if i < 0 {
						l.faults.add(d.pos, "%s%s %s: there is no %s in this line", directivePrefix, d.verb, name, name)
						continue
					}
					methods = append(methods, e.added[i])
				}
			}
			for _, m := range methods {
				first := kin[m.Id()]
				switch {
				case b.own[m.Id()] != nil:
					l.faults.add(d.pos, "%s has its own %s, so it is called: delete %s%s", b.target.name, m.Name(), directivePrefix, d.verb)
				case len(own[first]) == 0:
					l.faults.add(d.pos, "%s has no method of its own that %s would go round: delete %s%s", b.target.name, m.Name(), directivePrefix, d.verb)
				case d.verb == "route":
					l.route(b, e, m, own[first], d)
				}
				settled[m.Id()] = true
			}
		}
	}

	reported := make(map[string]bool)
	for _, m := range all {
		first, ok := kin[m.Id()]
		if !ok || reported[first] || len(own[first]) == 0 {
			continue
		}
		var round []*types.Func
		for _, m := range all {
			if kin[m.Id()] == first && b.own[m.Id()] == nil && !settled[m.Id()] {
				round = append(round, m)
			}
		}
		if len(round) == 0 {
			continue
		}
		reported[first] = true
		verb := "carries"
		if len(round) > 1 {
			verb = "carry"
		}
		l.faults.add(l.fset.Position(b.own[own[first][0].Id()].Pos()),
			"%s has its own %s, but %s, which %s the same data, would go straight to the original: write %s, too, or put %sroute, hide or pass on its line of %s",
			b.target.name, methodNames(own[first]), methodNames(round), verb, methodNames(round), directivePrefix, b.name)
	}
}

// route has m, of element e, call the struct's own method that its data are
// to go through.
func (l *loader) route(b *binding, e *element, m *types.Func, own []*types.Func, d directive) {
	for _, row := range relatives {
		via, _, _ := strings.Cut(row[0], "(")
		s := shape(m, func(p *types.Package) string { return p.Path() })
		i := slices.IndexFunc(own, func(m *types.Func) bool { return m.Name() == via })
		if !slices.Contains(row[1:], s) || i < 0 {
			continue
		}
		b.routed[m.Id()] = via
		// Without the method that it goes through it could do nothing.
		if other := b.lookup(via); other != nil && other != e && !slices.Contains(e.needs, other) {
			e.needs = append(e.needs, other)
		}
		return
	}
	l.faults.add(d.pos, "wrapgen knows no way to route %s through %s: write %s on %s", m.Name(), methodNames(own), m.Name(), b.target.name)
}
