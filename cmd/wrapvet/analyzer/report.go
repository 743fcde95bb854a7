package analyzer

import (
	"cmp"
	"go/ast"
	"go/token"
	"slices"
	"strings"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/ast/astutil"
)

// report hands over what is left after the ignore comments, in the order of the source.
func (c *checker) report(ignores []*ignore) {
	var out []finding
	for _, f := range c.findings {
		if !c.ignored(f, ignores) {
			out = append(out, f)
		}
	}
	out = append(out, c.uselessIgnores(ignores)...)
	slices.SortStableFunc(out, func(a, b finding) int {
		x, y := c.pass.Fset.Position(a.pos), c.pass.Fset.Position(b.pos)
		return cmp.Or(cmp.Compare(x.Filename, y.Filename), cmp.Compare(x.Offset, y.Offset), cmp.Compare(a.rule, b.rule))
	})
	for _, f := range out {
		c.pass.Report(analysis.Diagnostic{
			Pos:            f.pos,
			End:            f.end,
			Category:       f.rule,
			Message:        f.message,
			URL:            readme + "#" + f.rule,
			SuggestedFixes: f.fixes,
		})
	}
}

func (c *checker) file(pos token.Pos) *ast.File {
	if !pos.IsValid() {
		return nil
	}
	for _, f := range c.pass.Files {
		if f.FileStart <= pos && pos < f.FileEnd {
			return f
		}
	}
	return nil
}

// skipped reports whether a file is generated or a test: neither is a proxy that somebody runs.
func (c *checker) skipped(f *ast.File) bool {
	return ast.IsGenerated(f) || strings.HasSuffix(c.pass.Fset.File(f.FileStart).Name(), "_test.go")
}

// extent returns the assignment, call or name that a position of the SSA form stands for.
func (c *checker) extent(f *ast.File, pos token.Pos) (token.Pos, token.Pos) {
	path, _ := astutil.PathEnclosingInterval(f, pos, pos)
	for _, n := range path {
		switch n := n.(type) {
		case *ast.AssignStmt, *ast.CallExpr:
			return n.Pos(), n.End()
		case *ast.FuncDecl:
			return n.Name.Pos(), n.Name.End()
		}
	}
	return pos, token.NoPos
}
