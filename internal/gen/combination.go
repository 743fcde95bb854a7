package gen

import (
	"fmt"
	"go/types"
	"slices"
	"strings"
)

// A set is a choice of a family's optional elements, a bit for each.
type set uint32

func (s set) has(i int) bool { return s&(1<<i) != 0 }

// maxOptional is up to how many optional elements all sets are looked at.
const maxOptional = 20

// A combination is one member of the family: the methods it has, and every
// set that means just these.
type combination struct {
	set     set   // the widest
	sets    []set // all of them, ascending
	methods []*types.Func
}

// combinations returns the members of f in the order of their sets. Sets that
// mean the same methods are one. It returns nil if there are faults.
func (g *generator) combinations(f *family) []*combination {
	if !g.setRules(f) {
		return nil
	}
	pos := g.fset.Position(f.spec.Pos())
	if n := len(f.optional); n > maxOptional {
		g.faults.add(pos, "%s has %d optional elements, more than %d: put methods that come together into one element, such as interface{ A(); B() }", f.name, n, maxOptional)
		return nil
	}
	var valid []set
	for s := set(0); s < 1<<len(f.optional); s++ {
		if f.fit(s) == s {
			valid = append(valid, s)
		}
	}
	if len(valid) > f.max {
		g.faults.add(pos, "%s", f.tooMany(valid))
		return nil
	}

	var all []*combination
	byMethods := make(map[string]*combination)
	for _, s := range valid {
		methods := f.methods(s)
		ids := make([]string, len(methods))
		for i, m := range methods {
			ids[i] = m.Id()
		}
		slices.Sort(ids)
		key := strings.Join(ids, " ")
		c := byMethods[key]
		if c == nil {
			c = &combination{methods: methods}
			byMethods[key] = c
			all = append(all, c)
		}
		c.set = s
		c.sets = append(c.sets, s)
	}
	slices.SortFunc(all, func(a, b *combination) int { return int(a.set) - int(b.set) })
	return all
}

// full returns the set of all optional elements.
func (f *family) full() set { return 1<<len(f.optional) - 1 }

// methods returns the methods of the member that s chooses: those that every
// member has, then those that each element adds, each once.
func (f *family) methods(s set) []*types.Func {
	methods := slices.Clone(f.every)
	for i, e := range f.optional {
		if s.has(i) {
			methods = append(methods, without(e.added, methods)...)
		}
	}
	return methods
}

// tooMany words the fault of a family with more combinations than its bound. It
// says which grouping would save most: two elements without the sets that have
// just one of them, and then, while there are still too many sets, one more.
func (f *family) tooMany(valid []set) string {
	msg := fmt.Sprintf("%s has %d combinations, more than %d", f.name, len(valid), f.max)
	raise := ""
	if len(valid) <= maxMax {
		raise = fmt.Sprintf("raise the bound with %smax %d", directivePrefix, len(valid))
	}
	group, left := f.bestPair(valid)
	switch {
	case group == nil && raise == "":
		return msg + ": make two families of it"
	case group == nil:
		return msg + ": " + raise
	}
	msg += fmt.Sprintf(": with %s and %s as one element there would be %d", f.optional[group[0]].name, f.optional[group[1]].name, len(left))
	var more []string
	for len(left) > f.max {
		best, bestLeft := -1, left
		for i := range f.optional {
			if slices.Contains(group, i) || slices.ContainsFunc(group, func(j int) bool { return !f.groupable(i, j) }) {
				continue
			}
			if rest := together(left, group[0], i); len(rest) < len(bestLeft) {
				best, bestLeft = i, rest
			}
		}
		if best < 0 {
			break
		}
		group, left = append(group, best), bestLeft
		more = append(more, f.optional[best].name)
	}
	if more != nil {
		msg += fmt.Sprintf(", with %s in it, too, %d", strings.Join(more, ", "), len(left))
	}
	if raise != "" {
		msg += "; or " + raise
	}
	return msg
}

// bestPair returns the two elements whose grouping leaves the fewest sets, and
// these sets, or nil if none can be grouped. Of several pairs it takes the one
// whose names are most alike.
func (f *family) bestPair(valid []set) (pair []int, left []set) {
	for i := range f.optional {
		for j := range i {
			if !f.groupable(i, j) {
				continue
			}
			rest := together(valid, i, j)
			if pair == nil || len(rest) < len(left) ||
				len(rest) == len(left) && alike(f.optional[i].name, f.optional[j].name) > alike(f.optional[pair[0]].name, f.optional[pair[1]].name) {
				pair, left = []int{j, i}, rest
			}
		}
	}
	return pair, left
}

// groupable reports whether two optional elements can be one: neither excludes
// the other, even by way of the elements that it needs, and neither has all
// methods of the other.
func (f *family) groupable(i, j int) bool {
	a, b := f.optional[i], f.optional[j]
	return !contains(a, b) && !contains(b, a) && f.fit(1<<i|1<<j|f.needed(a)|f.needed(b))&(1<<i|1<<j) == 1<<i|1<<j
}

// needed returns the elements that e needs, and those that these need.
func (f *family) needed(e *element) set {
	s := f.setOf(e.needs)
	for _, other := range e.needs {
		s |= f.needed(other)
	}
	return s
}

// together returns the sets that have both i and j or neither.
func together(sets []set, i, j int) []set {
	var both []set
	for _, s := range sets {
		if s.has(i) == s.has(j) {
			both = append(both, s)
		}
	}
	return both
}

// alike returns how many letters two names share at their ends.
func alike(a, b string) int {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	m := 0
	for m < min(len(a), len(b))-n && a[len(a)-1-m] == b[len(b)-1-m] {
		m++
	}
	return n + m
}

func sameMethod(m *types.Func) func(*types.Func) bool {
	return func(other *types.Func) bool { return other.Id() == m.Id() }
}
