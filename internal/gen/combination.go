package gen

import (
	"go/types"
	"slices"
)

// A set is a choice of a family's optional elements, a bit for each.
type set uint32

func (s set) has(i int) bool { return s&(1<<i) != 0 }

// A combination is one member of the family: the methods it has, and every
// set that means just these.
type combination struct {
	set     set   // the widest
	sets    []set // all of them, ascending
	methods []*types.Func
}

// fit returns s without the elements whose constraints it does not meet. The
// generated code does the same.
func (f *family) fit(s set) set {
	for _, i := range f.settleOrder() {
		e := f.optional[i]
		for _, other := range e.needs {
			if !s.has(slices.Index(f.optional, other)) {
				s &^= 1 << i
			}
		}
		for _, other := range e.never {
			if s.has(slices.Index(f.optional, other)) {
				s &^= 1 << i
			}
		}
	}
	return s
}

// combinations returns the members of f in the order of their sets. Sets that
// mean the same methods are one.
func (f *family) combinations() []*combination {
	var all []*combination
	byMethods := make(map[string]*combination)
	for s := set(0); s < 1<<len(f.optional); s++ {
		if f.fit(s) != s {
			continue
		}
		methods := f.methods(s)
		key := ""
		for _, id := range sortedIds(methods) {
			key += id + "\n"
		}
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
		if !s.has(i) {
			continue
		}
		for _, m := range e.added {
			if !slices.ContainsFunc(methods, sameMethod(m)) {
				methods = append(methods, m)
			}
		}
	}
	return methods
}

func sameMethod(m *types.Func) func(*types.Func) bool {
	return func(other *types.Func) bool { return other.Id() == m.Id() }
}

func sortedIds(methods []*types.Func) []string {
	ids := make([]string, len(methods))
	for i, m := range methods {
		ids[i] = m.Id()
	}
	slices.Sort(ids)
	return ids
}
