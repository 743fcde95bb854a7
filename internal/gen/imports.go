package gen

import (
	"fmt"
	"go/types"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// imports gives every package that a generated file mentions a name that
// clashes with nothing, and writes types with these names.
type imports struct {
	home  *pkg // the package of the file
	taken scope
	names map[string]string // by path
	old   bool              // the language version has no any
}

// newImports returns the imports of a file of home, which can have no name that
// is taken. A name that other files of home import is free.
func newImports(home *pkg, taken scope) *imports {
	im := &imports{home: home, taken: taken.with(), names: make(map[string]string), old: home.old()}
	for name := range home.imported {
		delete(im.taken, name)
	}
	return im
}

// qualify is a types.Qualifier.
func (im *imports) qualify(p *types.Package) string {
	if p.Path() == im.home.types.Path() {
		return ""
	}
	name, ok := im.names[p.Path()]
	if !ok {
		name = im.taken.fresh(p.Name())
		im.names[p.Path()] = name
	}
	return name
}

// path is qualify of a package of the standard library.
func (im *imports) path(p string) string { return im.qualify(types.NewPackage(p, path.Base(p))) }

// typ writes a type.
func (im *imports) typ(t types.Type) string {
	text := types.TypeString(t, im.qualify)
	if im.old {
		text = predeclaredAny.ReplaceAllString(text, "interface{}")
	}
	return text
}

var predeclaredAny = regexp.MustCompile(`\bany\b`)

// any writes the empty interface.
func (im *imports) any() string { return im.typ(types.Universe.Lookup("any").Type()) }

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
