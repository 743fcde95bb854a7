package gen

import (
	"go/ast"
	"go/types"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A scope is the names that are taken in some part of a package.
type scope map[string]bool

// fresh takes the first of the names that is free, or the first that becomes
// free with a number at its end.
func (s scope) fresh(names ...string) string {
	name := names[0]
	for _, n := range names {
		if !s[n] {
			name = n
			break
		}
	}
	name = unused(name, func(n string) bool { return s[n] })
	s[name] = true
	return name
}

// unused returns name, or name with a number at its end if it is taken.
func unused(name string, taken func(string) bool) string {
	for base, n := name, 2; taken(name); n++ {
		name = base + strconv.Itoa(n)
	}
	return name
}

// take takes all names.
func (s scope) take(names ...string) {
	for _, name := range names {
		s[name] = true
	}
}

// with returns a copy of s in which names are taken, too.
func (s scope) with(names ...string) scope {
	c := make(scope, len(s)+len(names))
	for name := range s {
		c[name] = true
	}
	c.take(names...)
	return c
}

// packageScope returns the names that a generated file of p cannot declare: all
// that the files of p declare or import, tests and the files of other builds
// included, the names of the universe, and the names that users expect of the
// families in decls.
func (g *generator) packageScope(p *pkg, decls []*declaration) scope {
	s := make(scope)
	s.take(types.Universe.Names()...)
	s.take("init", "main", "_")
	for _, file := range slices.Concat(p.files, p.others) {
		for _, decl := range file.Decls {
			switch decl := decl.(type) {
			case *ast.FuncDecl:
				if decl.Recv == nil {
					s.take(decl.Name.Name)
				}
			case *ast.GenDecl:
				for _, spec := range decl.Specs {
					switch spec := spec.(type) {
					case *ast.TypeSpec:
						s.take(spec.Name.Name)
					case *ast.ValueSpec:
						for _, name := range spec.Names {
							s.take(name.Name)
						}
					}
				}
			}
		}
	}
	for _, d := range decls {
		if d.dest == p {
			s.take(d.setName(), d.setOfName(), d.asName())
		}
	}
	p.imported = make(scope)
	for _, file := range slices.Concat(p.files, p.others) {
		for _, spec := range file.Imports {
			p.imported.take(importNames(spec)...)
		}
	}
	for _, imported := range p.types.Imports() {
		p.imported.take(imported.Name())
	}
	for name := range s {
		delete(p.imported, name)
	}
	return s.with(slices.Collect(maps.Keys(p.imported))...)
}

// importNames returns the names that an import can have in its file.
func importNames(spec *ast.ImportSpec) []string {
	if spec.Name != nil {
		return []string{spec.Name.Name}
	}
	p, err := strconv.Unquote(spec.Path.Value)
	if err != nil {
		return nil
	}
	names := []string{path.Base(p), path.Base(path.Dir(p))} // the last can be a version
	for _, name := range slices.Clone(names) {
		names = append(names, strings.TrimPrefix(name, "go-"), strings.TrimSuffix(name, "-go"))
	}
	return names
}

// The names by which the package of a family uses it, beside the method
// <family> of its struct.

func (d *declaration) setName() string   { return d.name + "Set" }
func (d *declaration) setOfName() string { return d.name + "SetOf" }
func (d *declaration) asName() string    { return d.name + "As" }

// familyNames are the names of what is generated for one family.
type familyNames struct {
	pkg       scope             // all names of the package
	members   string            // a member's name without its number
	constants []string          // of the optional elements
	structure string            // the method of members that returns the struct
	detours   map[string]string // methods of the struct, by the id of the family's method; see detours
	test      string            // what the names in the test begin with
}

// nameFamily chooses the names for b. It reports names that users expect and
// that the package has already.
func (g *generator) nameFamily(b *binding, taken scope) *familyNames {
	n := &familyNames{pkg: taken, detours: make(map[string]string)}
	for _, f := range []string{b.newCore, b.from} {
		if f != "" && (!taken[f] || b.dest.imported[f]) {
			g.faults.add(b.target.pos, "package %s and its tests declare no %s, which a directive of %s names", b.dest.Name, f, b.name)
		}
	}
	expected := []string{b.setName(), b.setOfName()}
	if b.as {
		expected = append(expected, b.asName())
	}
	for _, name := range expected {
		if obj := b.dest.types.Scope().Lookup(name); obj != nil {
			g.faults.add(g.fset.Position(obj.Pos()), "%s is also the name of something that the family %s generates: rename one of the two", name, b.name)
		}
	}
	obj, index, _ := types.LookupFieldOrMethod(types.NewPointer(b.strct), true, b.dest.types, b.name)
	if obj != nil && len(index) == 1 {
		g.faults.add(g.fset.Position(obj.Pos()), "%s is also the name of a method that the family %[1]s generates on %s: rename one of the two", b.name, b.target.name)
	}

	numbers := make([]string, len(b.combos))
	for i, c := range b.combos {
		numbers[i] = strconv.Itoa(int(c.set))
	}
	n.members = taken.prefix(numbers, b.name, b.name+"Member")
	for _, e := range b.optional {
		n.constants = append(n.constants, taken.fresh(b.name+e.name, b.name+"Has"+e.name))
	}
	if b.test {
		suffixes := slices.Clone(testSuffixes)
		for _, e := range b.optional {
			suffixes = append(suffixes, "Alone"+e.name)
		}
		n.test = taken.prefix(suffixes, b.name+"Test", b.name+"Proof")
	}

	// The struct's own methods, its fields, and those that it is to have.
	onStruct := make(scope)
	for i := range b.fields.NumFields() {
		onStruct.take(b.fields.Field(i).Name())
	}
	for set, i := types.NewMethodSet(types.NewPointer(b.strct)), 0; i < set.Len(); i++ {
		onStruct.take(set.At(i).Obj().Name())
	}
	onStruct.take(methodsDeclared(b.dest, b.target.name)...)
	all := b.methods(b.full())
	onStruct.take(names(all)...)
	onStruct.take(b.name, "Unwrap")
	n.structure = onStruct.fresh(b.target.name, "as"+exported(b.target.name))
	for _, m := range all {
		if b.detours(m) {
			n.detours[m.Id()] = onStruct.fresh(b.name + exported(m.Name()))
		}
	}
	return n
}

// prefix returns the first of the prefixes with which the names that end in
// the suffixes are all free, and takes these names.
func (s scope) prefix(suffixes []string, prefixes ...string) string {
	free := func(prefix string) bool {
		return !slices.ContainsFunc(suffixes, func(suffix string) bool { return s[prefix+suffix] })
	}
	last := prefixes[len(prefixes)-1]
	for n := 2; ; n++ {
		for _, prefix := range prefixes {
			if free(prefix) {
				for _, suffix := range suffixes {
					s.take(prefix + suffix)
				}
				return prefix
			}
		}
		prefixes = []string{last + strconv.Itoa(n) + "x"}
	}
}

// methodsDeclared returns the names of the methods that any file of p declares
// on the type name, those of other builds and of tests included.
func methodsDeclared(p *pkg, name string) []string {
	var found []string
	for _, file := range p.others {
		for _, decl := range file.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if !ok || fn.Recv == nil || len(fn.Recv.List) != 1 {
				continue
			}
			t := fn.Recv.List[0].Type
			if star, ok := t.(*ast.StarExpr); ok {
				t = star.X
			}
			if id, ok := t.(*ast.Ident); ok && id.Name == name {
				found = append(found, fn.Name.Name)
			}
		}
	}
	return found
}

// receiver returns the customary name of a receiver of type name: its first
// letter, or m if it does not begin with a letter.
func receiver(name string) string {
	if r, _ := utf8.DecodeRuneInString(name); !unicode.IsLetter(r) {
		return "m"
	}
	return initial(name)
}
