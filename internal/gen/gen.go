// Package gen writes types that have exactly the optional methods of the value
// they wrap. It is the engine of wrapgen, whose package comment says how its
// input is written.
//
// A family goes through the files of this package in this order: directive.go
// finds its declaration, family.go resolves it to methods, constraint.go and
// combination.go say which sets of them there are, bind.go and relatives.go
// join it to its struct, emit.go writes it, proof.go writes its test. Package
// gen runs the go command and reads files; it writes none.
package gen

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
)

// A Config says how to generate. Its zero value is right for most.
type Config struct {
	Dir    string // where patterns are resolved; if empty, where we stand
	Max    int    // the most combinations a family may have; if 0, 256
	Test   bool   // write a test next to each file
	Output string // the file to write, of one family only; if empty, zz_<family>.go
}

// The bounds of Config.Max.
const (
	defaultMax = 256
	MostMax    = 1024
)

// A Result is what the families of some packages come to.
type Result struct {
	Families []Family
	Files    []File // by path
}

// A Family is a set of types over one struct.
type Family struct {
	Name         string
	Struct       string   // as the family's directive has it
	Path         string   // of the file
	Always       []string // methods
	Optional     []string // elements, each of one method or of several that come together
	Combinations int
}

// A File is a generated file.
type File struct {
	Path    string // relative to Config.Dir
	Content []byte // nil if the file is left from a family that is no more, and has to go
}

// Generate returns what is to be generated for the families in the packages
// that patterns match; no pattern means the package in Config.Dir. It writes
// nothing. The error is of type Faults if what is to be changed has a place in
// somebody's source.
func Generate(config Config, patterns ...string) (*Result, error) {
	if config.Max == 0 {
		config.Max = defaultMax
	}
	if config.Max < 1 || config.Max > MostMax {
		return nil, fmt.Errorf("the bound on combinations is %d: it may be up to %d", config.Max, MostMax)
	}
	dir, err := filepath.Abs(config.Dir)
	if err != nil {
		return nil, err
	}
	if len(patterns) == 0 {
		patterns = []string{"."}
	}
	config.Dir = dir
	l := newLoader(config)
	result := new(Result)
	if err := l.generate(result, patterns); err != nil {
		return nil, err
	}
	if err := l.faults.err(dir); err != nil {
		return nil, err
	}
	for i := range result.Files {
		result.Files[i].Path = relative(dir, result.Files[i].Path)
	}
	for i := range result.Families {
		result.Families[i].Path = relative(dir, result.Families[i].Path)
	}
	slices.SortFunc(result.Files, func(a, b File) int { return cmp.Compare(a.Path, b.Path) })
	slices.SortFunc(result.Families, func(a, b Family) int { return cmp.Compare(a.Path, b.Path) })
	return result, nil
}

// generate adds to result what Generate returns, with absolute paths. Faults
// are recorded, not returned.
func (l *loader) generate(result *Result, patterns []string) error {
	sources, err := l.list(patterns...)
	if err != nil {
		return err
	}
	for _, p := range sources {
		p.source = true
	}
	var decls []*declaration
	for _, p := range sources {
		l.parse(p)
		decls = append(decls, l.families(p)...)
	}
	if err := l.targets(decls); err != nil {
		return err
	}
	if l.config.Output != "" && len(decls) != 1 {
		return fmt.Errorf("-o names one file, and there are %d families", len(decls))
	}
	if len(l.faults) > 0 {
		return nil
	}
	var failed []*unit
	for _, level := range levels(units(decls)) {
		level = slices.DeleteFunc(level, func(u *unit) bool {
			return slices.ContainsFunc(failed, u.imports) // what it is compiled with is not there
		})
		if len(level) == 0 {
			continue
		}
		var pkgs []*pkg
		for _, u := range level {
			pkgs = append(pkgs, u.pkgs...)
		}
		if err := l.exports(pkgs); err != nil {
			return err
		}
		for _, u := range level {
			ok, err := l.unit(result, u)
			if err != nil {
				return err
			}
			if !ok {
				failed = append(failed, u)
			}
		}
	}
	for _, path := range l.left {
		if _, ok := l.generated[path]; !ok && !slices.ContainsFunc(decls, func(d *declaration) bool { return path == testPath(d.output) }) {
			result.Files = append(result.Files, File{Path: path})
		}
	}
	return nil
}

// A unit is families whose packages have to be checked together.
type unit struct {
	decls []*declaration
	pkgs  []*pkg
}

// units groups families that share a package.
func units(decls []*declaration) []*unit {
	var all []*unit
	for _, d := range decls {
		merged := &unit{decls: []*declaration{d}, pkgs: []*pkg{d.pkg}}
		if d.dest != d.pkg {
			merged.pkgs = append(merged.pkgs, d.dest)
		}
		all = slices.DeleteFunc(all, func(u *unit) bool {
			if !slices.ContainsFunc(u.pkgs, func(p *pkg) bool { return slices.Contains(merged.pkgs, p) }) {
				return false
			}
			merged.decls = append(u.decls, merged.decls...)
			for _, p := range u.pkgs {
				if !slices.Contains(merged.pkgs, p) {
					merged.pkgs = append(merged.pkgs, p)
				}
			}
			return true
		})
		all = append(all, merged)
	}
	return all
}

// levels orders units such that each comes after those whose generated files
// it is compiled with.
func levels(units []*unit) [][]*unit {
	var levels [][]*unit
	for len(units) > 0 {
		var now, later []*unit
		for _, u := range units {
			if slices.ContainsFunc(units, func(other *unit) bool { return other != u && u.imports(other) }) {
				later = append(later, u)
			} else {
				now = append(now, u)
			}
		}
		if len(now) == 0 { // families across packages that import each other's
			now, later = later, nil
		}
		levels = append(levels, now)
		units = later
	}
	return levels
}

// imports reports whether a package of u depends on one of other's.
func (u *unit) imports(other *unit) bool {
	for _, p := range u.pkgs {
		for _, q := range other.pkgs {
			if slices.Contains(p.Deps, q.ImportPath) {
				return true
			}
		}
	}
	return false
}

// unit generates the files of u, compiles them with the rest of their packages
// and reports whether there was no fault.
func (l *loader) unit(result *Result, u *unit) (ok bool, err error) {
	before := l.faults
	l.faults = nil
	defer func() {
		ok = len(l.faults) == 0
		l.faults = append(before, l.faults...)
	}()
	for _, p := range u.pkgs {
		l.check(p)
	}
	for _, d := range u.decls {
		f := l.resolve(d)
		if f == nil {
			continue
		}
		combos := l.combinations(f)
		if combos == nil {
			continue
		}
		b := l.bind(f)
		if b == nil {
			continue
		}
		family := Family{
			Name:         f.name,
			Struct:       d.target.source,
			Path:         d.output,
			Always:       names(f.base),
			Combinations: len(combos),
		}
		for _, e := range f.optional {
			family.Optional = append(family.Optional, e.name)
		}
		result.Families = append(result.Families, family)
		content, err := l.emit(b, combos)
		if err != nil {
			return false, err
		}
		l.generated[d.output] = content
		result.Files = append(result.Files, File{d.output, content})
		if l.config.Test {
			path := testPath(d.output)
			if content, err = l.emitProof(b, combos); err != nil {
				return false, err
			}
			l.generated[path] = content
			result.Files = append(result.Files, File{path, content})
		}
	}
	// A fault can be but the trace of something that does not compile; then
	// the compiler's error is what there is to repair.
	if len(l.faults) > 0 {
		var errs Faults
		for _, p := range u.pkgs {
			l.compilation(&errs, l.declarationErrors(u, p))
		}
		if len(errs) > 0 {
			l.faults = errs
		}
		return true, nil
	}
	for _, p := range u.pkgs {
		l.recheck(p)
	}
	return true, nil
}
