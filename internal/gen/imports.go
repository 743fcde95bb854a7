package gen

import (
	"fmt"
	"go/types"
	"path"
	"slices"
	"strconv"
	"strings"
)

// imports gives every package that a generated file mentions a name that
// clashes with nothing, and writes types with these names.
type imports struct {
	home  *types.Package // the package of the file
	taken map[string]bool
	names map[string]string // by path
}

func newImports(home *types.Package) *imports {
	return &imports{home: home, taken: make(map[string]bool), names: make(map[string]string)}
}

// qualify is a types.Qualifier.
func (im *imports) qualify(p *types.Package) string {
	if p == im.home {
		return ""
	}
	if name, ok := im.names[p.Path()]; ok {
		return name
	}
	name := p.Name()
	for i := 2; im.taken[name] || im.home.Scope().Lookup(name) != nil || types.Universe.Lookup(name) != nil; i++ {
		name = p.Name() + strconv.Itoa(i)
	}
	im.taken[name] = true
	im.names[p.Path()] = name
	return name
}

func (im *imports) typ(t types.Type) string { return types.TypeString(t, im.qualify) }

// String returns the import declaration, the standard library first.
func (im *imports) String() string {
	var std, other []string
	for p, name := range im.names {
		line := strconv.Quote(p)
		if name != path.Base(p) {
			line = name + " " + line
		}
		if first, _, _ := strings.Cut(p, "/"); strings.Contains(first, ".") {
			other = append(other, line)
		} else {
			std = append(std, line)
		}
	}
	byPath := func(a, b string) int {
		return strings.Compare(a[strings.Index(a, `"`):], b[strings.Index(b, `"`):])
	}
	slices.SortFunc(std, byPath)
	slices.SortFunc(other, byPath)
	switch {
	case len(std)+len(other) == 0:
		return ""
	case len(std)+len(other) == 1:
		return "import " + slices.Concat(std, other)[0] + "\n\n"
	case len(std) > 0 && len(other) > 0:
		std = append(std, "")
	}
	return fmt.Sprintf("import (\n\t%s\n)\n\n", strings.Join(slices.Concat(std, other), "\n\t"))
}
