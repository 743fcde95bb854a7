// Package analyzer finds the code of HTTP proxies that loses what a response's body could do: above all, that the body of
// an upgraded connection can be written to and half-closed.
//
// It looks at ModifyResponse hooks and RoundTrippers. README.md beside the command has the rules, and what it does not
// see.
package analyzer

import (
	"go/ast"
	"go/types"
	"slices"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/ssa"

	"github.com/bodywrap/bodywrap/cmd/wrapvet/internal/hypothesis"
	"github.com/bodywrap/bodywrap/cmd/wrapvet/internal/roles"
)

const doc = `find code that loses what the body of an HTTP response could do

On a 101 Switching Protocols, httputil.ReverseProxy writes to Response.Body and half-closes it. A hook or RoundTripper that
replaces the body with one that lacks Write or CloseWrite breaks every WebSocket, docker attach and kubectl exec through
that proxy, without an error anywhere. wrapvet reports such code, and code that leaks or empties ordinary bodies.

To keep a finding, write //wrapvet:ignore RULE REASON on its line or on the one above.`

// Analyzer is the analyzer with its flags at their defaults.
var Analyzer = New()

// New returns an analyzer with flags of its own.
func New() *analysis.Analyzer {
	a := &analysis.Analyzer{
		Name:      "wrapvet",
		Doc:       doc,
		URL:       readme,
		FactTypes: []analysis.Fact{(*wrapsBody)(nil), (*takesHooks)(nil), (*treatsResponse)(nil)},
	}
	clients := a.Flags.Bool("clients", false, "look at RoundTrippers that serve the package's own http.Clients alone, too")
	a.Run = func(pass *analysis.Pass) (any, error) {
		c := &checker{pass: pass, clients: *clients, found: map[key]bool{}}
		c.run()
		return nil, nil
	}
	return a
}

type checker struct {
	pass    *analysis.Pass
	clients bool

	prog     *hypothesis.Program
	ordinary []hypothesis.World
	findings []finding
	found    map[key]bool
}

func (c *checker) run() {
	ignores := c.ignores()
	look := c.worth()
	if look.rules || look.facts {
		pkg, funcs := build(c.pass)
		c.prog = hypothesis.NewProgram(pkg)
		c.prog.Constructed, c.prog.Treated = c.constructed, c.treated
		found, hooked := roles.Find(pkg, funcs, roles.Settings{Clients: c.clients, Hooked: c.takesHooks})
		if look.rules {
			c.ordinary = hypothesis.Ordinary(funcs...)
			for _, r := range found {
				if c.looksAt(r.Func) {
					c.judge(r)
				}
			}
			c.judgeTypes()
			c.judgeConns(funcs)
		}
		c.exportFacts(funcs, found, hooked)
	}
	c.report(ignores)
}

// looksAt leaves out tests and generated files.
func (c *checker) looksAt(fn *ssa.Function) bool {
	f := c.file(fn.Pos())
	return f != nil && !c.skipped(f)
}

// interest says what a package is worth looking at for.
type interest struct{ rules, facts bool }

// worth decides from the syntax, since most packages have nothing to do with bodies.
func (c *checker) worth() interest {
	var look interest
	scope := c.pass.Pkg.Scope()
	for _, name := range scope.Names() {
		switch obj := scope.Lookup(name).(type) {
		case *types.Func:
			if obj.Exported() && hypothesis.MayConstruct(obj.Signature()) {
				look.facts = true
			}
		case *types.TypeName:
			named, ok := obj.Type().(*types.Named)
			if !ok || named.TypeParams() != nil {
				continue
			}
			for m := range named.Methods() {
				if m.Exported() && hypothesis.MayConstruct(m.Signature()) {
					look.facts = true
				}
			}
		}
	}
	knows := slices.ContainsFunc(c.pass.Pkg.Imports(), func(p *types.Package) bool { return p.Path() == "net/http" })
	if !knows && c.pass.Pkg.Path() != "net/http" {
		return look
	}
	bodies, roles, takes := false, false, false
	for _, f := range c.pass.Files {
		if c.skipped(f) {
			continue
		}
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				if n.Name.Name == "CloseWrite" && n.Recv != nil {
					look.rules = true
				}
				if obj, ok := c.pass.TypesInfo.Defs[n.Name].(*types.Func); ok && obj.Exported() {
					takes = takes || hypothesis.TakesResponse(obj.Signature()) >= 0
				}
			case *ast.FuncType:
				roles = roles || c.isRole(n)
			case *ast.CallExpr:
				bodies = bodies || c.handsOver(n)
			case *ast.SelectorExpr:
				switch n.Sel.Name {
				case "Body", "Write", "DumpResponse":
					bodies = bodies || c.touchesBody(n)
				}
			}
			return true
		})
	}
	look.rules = look.rules || bodies && roles
	look.facts = look.facts || roles || bodies && takes
	return look
}

// isRole reports whether a function may get a response as hooks and RoundTrippers do.
func (c *checker) isRole(n *ast.FuncType) bool {
	isResponse := func(list *ast.FieldList) bool {
		return list != nil && slices.ContainsFunc(list.List, func(f *ast.Field) bool {
			t := c.pass.TypesInfo.TypeOf(f.Type)
			return t != nil && hypothesis.IsHTTP(t, "Response")
		})
	}
	return isResponse(n.Params) || isResponse(n.Results)
}

// handsOver reports whether a call gives a response to another package, which may have a fact about it.
func (c *checker) handsOver(n *ast.CallExpr) bool {
	sel, ok := n.Fun.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	fn, ok := c.pass.TypesInfo.Uses[sel.Sel].(*types.Func)
	return ok && fn.Pkg() != nil && fn.Pkg() != c.pass.Pkg && fn.Pkg().Path() != "net/http" && hypothesis.TakesResponse(fn.Signature()) >= 0
}

func (c *checker) touchesBody(n *ast.SelectorExpr) bool {
	if n.Sel.Name == "DumpResponse" {
		return true
	}
	t := c.pass.TypesInfo.TypeOf(n.X)
	if t == nil {
		return false
	}
	if hypothesis.IsHTTP(t, "Response") {
		return true
	}
	obj, ok := c.pass.TypesInfo.Uses[n.Sel].(*types.Var)
	return ok && obj.IsField() && obj.Pkg() != nil && obj.Pkg().Path() == "net/http"
}
