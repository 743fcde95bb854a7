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
func (l *loader) combinations(f *family) []*combination {
	if !l.setRules(f) {
		return nil
	}
	pos := l.fset.Position(f.spec.Pos())
	if n := len(f.optional); n > maxOptional {
		l.faults.add(pos, "%s has %d optional elements, more than %d: put methods that come together into one element, such as interface{ A(); B() }", f.name, n, maxOptional)
		return nil
	}
	var valid []set
	for s := set(0); s < 1<<len(f.optional); s++ {
		if f.fit(s) == s {
			valid = append(valid, s)
		}
	}
	if len(valid) > l.config.Max {
		l.faults.add(pos, "%s", f.tooMany(valid, l.config.Max))
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

// methods returns the methods of the member that s chooses: the base, then
// what each element adds, each method once.
func (f *family) methods(s set) []*types.Func {
	methods := slices.Clone(f.base)
	for i, e := range f.optional {
		if s.has(i) {
			methods = append(methods, without(e.added, methods)...)
		}
	}
	return methods
}

// tooMany words the fault of a family with more than bound combinations. It
// says what grouping would save most: those two elements without the sets that
// have just one of them, and then, while it is still too much, the next.
func (f *family) tooMany(valid []set, bound int) string {
	group, left := f.bestPair(valid)
	msg := fmt.Sprintf("%s has %d combinations, more than %d: with %s and %s as one element there would be %d",
		f.name, len(valid), bound, f.optional[group[0]].name, f.optional[group[1]].name, len(left))
	if len(left) <= bound {
		return msg + "; or raise the bound with -max"
	}
	for len(left) > bound && len(group) < len(f.optional) {
		best, bestLeft := -1, []set(nil)
		for i := range f.optional {
			if slices.Contains(group, i) {
				continue
			}
			if rest := together(left, group[0], i); best < 0 || len(rest) < len(bestLeft) {
				best, bestLeft = i, rest
			}
		}
		group, left = append(group, best), bestLeft
	}
	var names []string
	for _, i := range group[2:] {
		names = append(names, f.optional[i].name)
	}
	msg += fmt.Sprintf(", with %s in it, too, %d", strings.Join(names, ", "), len(left))
	if len(valid) <= MostMax {
		msg += "; or raise the bound with -max"
	}
	return msg
}

// bestPair returns the two elements whose grouping leaves the fewest sets, and
// these sets. Of several it takes the two whose names are most alike.
func (f *family) bestPair(valid []set) (pair []int, left []set) {
	for i := range f.optional {
		for j := range i {
			rest := together(valid, i, j)
			if pair == nil || len(rest) < len(left) ||
				len(rest) == len(left) && alike(f.optional[i].name, f.optional[j].name) > alike(f.optional[pair[0]].name, f.optional[pair[1]].name) {
				pair, left = []int{j, i}, rest
			}
		}
	}
	return pair, left
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
