// Package gen writes types that have exactly the optional methods of the value
// they wrap. It is the engine of wrapgen, whose package comment documents the
// input.
//
// A family goes through the files of this package in this order:
//
//   - load.go lists and parses packages, and type-checks them.
//   - directive.go finds the declarations of families, target.go the struct and
//     the file of each, owner.go the generated files that are on the disk.
//   - family.go resolves a declaration to methods, bind.go joins it to its
//     struct, relatives.go looks for ways round the struct's methods.
//   - constraint.go and combination.go work out the members.
//   - scope.go chooses names, emit.go and method.go write the file, proof.go
//     writes its test, check.go compiles both with the rest of the package.
//
// Package gen runs the go command and reads files. It writes none.
package gen

import (
	"cmp"
	"os/exec"
	"path/filepath"
	"slices"
)

// A Config says where to generate.
type Config struct {
	Dir string // where patterns are resolved; if empty, the current directory

	// Run runs a go command, whose Stdout and Stderr are of type
	// *bytes.Buffer. If nil, it is (*exec.Cmd).Run.
	Run func(*exec.Cmd) error
}

// The bounds of a family's number of combinations.
const (
	defaultMax = 256
	maxMax     = 1024 // the highest bound that a family can set
)

// A Result is what the families of some packages come to.
type Result struct {
	Families []Family // by path
	Files    []File   // by path
}

// A Family is a set of types over one struct.
type Family struct {
	Name         string
	Struct       string   // as the family's directive names it
	Path         string   // of the file
	Always       []string // methods that every member has
	Optional     []string // elements, each one method or several that come together
	Combinations int      // the number of members
	Holds        string   // the embedded field for which members hold a pointer to the struct, or ""
	Size         int      // of the generated file and its test, in bytes
}

// A File is a generated file.
type File struct {
	Path    string // relative to Config.Dir
	Content []byte // nil if the file's family is gone, so that the file has to go
}

// Generate returns the files of the families in the packages that patterns
// match. Without a pattern it takes the package in Config.Dir. It writes
// nothing. The error is of type Faults if the user can repair it at a position
// in the source.
func Generate(config Config, patterns ...string) (*Result, error) {
	dir, err := filepath.Abs(config.Dir)
	if err != nil {
		return nil, err
	}
	if len(patterns) == 0 {
		patterns = []string{"."}
	}
	g := &generator{loader: newLoader(dir)}
	if config.Run != nil {
		g.runCmd = config.Run
	}
	if err := g.run(patterns); err != nil {
		return nil, err
	}
	if err := g.faults.err(dir); err != nil {
		return nil, err
	}
	result := &g.result
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

// A generator generates the families of one run. It records faults; its errors
// are those that have no position in a source.
type generator struct {
	*loader
	docs   map[string]string // the doc comments of methods, by position; see doc
	result Result            // with absolute paths
}

// run does what Generate does.
func (g *generator) run(patterns []string) error {
	sources, err := g.list(patterns...)
	if err != nil {
		return err
	}
	for _, p := range sources {
		p.source = true
	}
	var decls []*declaration
	for _, p := range sources {
		g.parse(p)
		decls = append(decls, g.families(p)...)
	}
	if err := g.targets(decls); err != nil {
		return err
	}
	left, err := g.own(sources, decls)
	if err != nil {
		return err
	}
	if len(g.faults) > 0 {
		return nil
	}
	var failed []*unit
	for _, level := range levels(units(decls)) {
		level = slices.DeleteFunc(level, func(u *unit) bool {
			return slices.ContainsFunc(failed, u.imports) // it is compiled with files that are missing
		})
		if len(level) == 0 {
			continue
		}
		var pkgs []*pkg
		for _, u := range level {
			pkgs = append(pkgs, u.pkgs...)
		}
		if err := g.exports(pkgs, generatedImports(level)...); err != nil {
			return err
		}
		for _, u := range level {
			ok, err := g.unit(u)
			if err != nil {
				return err
			}
			if !ok {
				failed = append(failed, u)
			}
		}
	}
	for _, path := range left {
		g.result.Files = append(g.result.Files, File{Path: path})
	}
	return nil
}

// generatedImports returns the packages that the files of units can import
// besides those of their methods' types.
func generatedImports(units []*unit) []string {
	var paths []string
	for _, r := range routes {
		if r.pkg != "" {
			paths = append(paths, r.pkg)
		}
	}
	for _, u := range units {
		if slices.ContainsFunc(u.decls, func(d *declaration) bool { return d.test }) {
			paths = append(paths, proofImports...)
		}
	}
	return paths
}

// unit generates the files of u, compiles them with the rest of their packages
// and reports whether there was no fault.
func (g *generator) unit(u *unit) (ok bool, err error) {
	before := g.faults
	g.faults = nil
	defer func() {
		ok = len(g.faults) == 0
		g.faults = append(before, g.faults...)
	}()
	for _, p := range u.pkgs {
		g.check(p)
	}
	if err := g.imp.newer; err != nil {
		return false, err
	}
	var outputs []*output
	names := make(map[*pkg]scope)
	for _, d := range u.decls {
		f := g.resolve(d)
		if f == nil {
			continue
		}
		b := g.bind(f)
		if b == nil {
			continue
		}
		b.combos = g.combinations(f)
		if b.combos == nil {
			continue
		}
		if names[d.dest] == nil {
			names[d.dest] = g.packageScope(d.dest, u.decls)
		}
		b.names = g.nameFamily(b, names[d.dest])
		outputs = append(outputs, &output{binding: b, path: d.output})
		if d.test {
			outputs = append(outputs, &output{binding: b, path: testPath(d.output), proof: true})
		}
	}
	// A fault can be the consequence of something that does not compile.
	// Then the compiler's error is the one to repair.
	if len(g.faults) > 0 {
		g.preferCompilation(u)
		return true, nil
	}
	for _, o := range outputs {
		g.write(o)
	}
	if len(g.faults) > 0 {
		return true, nil
	}
	if err := g.compile(u, outputs); err != nil || len(g.faults) > 0 {
		return true, err
	}
	for _, o := range outputs {
		g.generated[o.path] = o.content
		g.result.Files = append(g.result.Files, File{o.path, o.content})
		if o.proof {
			g.result.Families[len(g.result.Families)-1].Size += len(o.content)
		} else {
			g.result.Families = append(g.result.Families, o.summary())
		}
	}
	return true, nil
}

// summary returns what a Result says of the family of o.
func (o *output) summary() Family {
	f := Family{
		Name:         o.name,
		Struct:       o.target.source,
		Path:         o.path,
		Always:       names(o.every),
		Combinations: len(o.combos),
		Holds:        o.holds,
		Size:         len(o.content),
	}
	for _, e := range o.optional {
		f.Optional = append(f.Optional, e.name)
	}
	return f
}
