package gen

import (
	"go/ast"
	"go/build/constraint"
	"go/parser"
	"go/types"
	"slices"
	"strings"
)

// preferCompilation replaces the faults of u by the compiler's errors in the
// declarations of its packages, if there are any.
func (g *generator) preferCompilation(u *unit) {
	var errs Faults
	for _, p := range u.pkgs {
		g.compilation(&errs, declarationErrors(u, p))
	}
	if len(errs) > 0 {
		g.faults = errs
	}
}

// declarationErrors returns the errors of check, without those that say that
// a name is missing which one of u's families is to have.
func declarationErrors(u *unit, p *pkg) []types.Error {
	return slices.DeleteFunc(slices.Clone(p.errors), func(err types.Error) bool {
		name, ok := strings.CutPrefix(err.Msg, "undefined: ")
		return ok && slices.ContainsFunc(u.decls, func(d *declaration) bool {
			return strings.HasPrefix(name, d.name)
		})
	})
}

// compile type-checks the generated files of u with the rest of their packages.
// An error in a generated file is a fault of its family. An error in another
// file is none: the compiler will report it. compile then renders each file,
// with the build constraints of all files that it depends on.
func (g *generator) compile(u *unit, outputs []*output) error {
	for _, p := range u.pkgs {
		g.compilePackage(p, slices.DeleteFunc(slices.Clone(outputs), func(o *output) bool { return o.dest != p }))
	}
	if len(g.faults) > 0 {
		g.preferCompilation(u)
		return nil
	}
	for _, o := range outputs {
		if err := o.render(); err != nil {
			return err
		}
	}
	return nil
}

// compilePackage does the part of compile that is about the files of one
// package.
func (g *generator) compilePackage(p *pkg, outputs []*output) {
	files := slices.Clone(p.files)
	byPath := make(map[string]*output)
	parsed := make(map[*output]*ast.File)
	for _, o := range outputs {
		file, err := parser.ParseFile(g.fset, o.path, o.unformatted(), parser.SkipObjectResolution)
		if err != nil {
			g.wouldNotCompile(o, err.Error())
			continue
		}
		byPath[o.path], parsed[o] = o, file
		files = append(files, file)
	}
	info := &types.Info{Uses: make(map[*ast.Ident]types.Object)}
	failed := make(map[*output]string)
	conf := g.checker(p, func(err types.Error) {
		o := byPath[g.fset.Position(err.Pos).Filename]
		switch {
		case o == nil || failed[o] != "" || strings.HasPrefix(err.Msg, "\t"):
		case o.proof && err.Msg == "undefined: "+o.newCore: // it is declared in a test file
		default:
			failed[o] = err.Msg
		}
	})
	checked, _ := conf.Check(p.ImportPath, g.fset, files, info) // errors are kept
	reported := make(map[*binding]bool)
	for _, o := range outputs {
		file := parsed[o]
		switch {
		case file == nil || reported[o.binding]:
		case g.shadowed(o, checked, file, info):
			reported[o.binding] = true
		case failed[o] != "":
			reported[o.binding] = true
			g.wouldNotCompile(o, failed[o])
		default:
			o.terms = append(o.terms, g.dependencies(p, checked, file, info)...)
		}
	}
}

// wouldNotCompile reports an error in a generated file, at its family.
func (g *generator) wouldNotCompile(o *output, msg string) {
	what := "the code"
	if o.proof {
		what = "the test"
	}
	g.faults.add(g.fset.Position(o.spec.Pos()), "%s that would be generated for %s does not compile: %s", what, o.name, msg)
}

// shadowed reports names of the universe that file uses and that its package
// declares to mean something else. It reports whether there are any.
func (g *generator) shadowed(o *output, p *types.Package, file *ast.File, info *types.Info) (found bool) {
	ast.Inspect(file, func(n ast.Node) bool {
		id, ok := n.(*ast.Ident)
		if !ok || types.Universe.Lookup(id.Name) == nil {
			return true
		}
		if obj := info.Uses[id]; obj != nil && obj.Parent() == p.Scope() {
			found = true
			g.faults.add(g.fset.Position(obj.Pos()), "%s hides the predeclared name, which the code for the family %s uses: rename it", id.Name, o.name)
		}
		return true
	})
	return found
}

// dependencies returns the constraints of the files of p that declare something
// that file uses.
func (g *generator) dependencies(p *pkg, checked *types.Package, file *ast.File, info *types.Info) []constraint.Expr {
	byPath := make(map[string]*ast.File)
	for _, f := range p.files {
		byPath[g.fset.Position(f.Package).Filename] = f
	}
	var used []string
	ast.Inspect(file, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			if obj := info.Uses[id]; obj != nil && obj.Pkg() == checked {
				used = append(used, g.fset.Position(obj.Pos()).Filename)
			}
		}
		return true
	})
	slices.Sort(used)
	var terms []constraint.Expr
	for _, path := range slices.Compact(used) {
		if f := byPath[path]; f != nil {
			terms = append(terms, g.constraints(f)...)
		}
	}
	return terms
}
