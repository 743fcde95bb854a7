package analyzer

import (
	"bytes"
	"go/ast"
	"go/format"
	"go/token"
	"go/types"
	"path"
	"strconv"
	"strings"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/ast/astutil"

	"github.com/bodywrap/bodywrap/cmd/wrapvet/internal/hypothesis"
	"github.com/bodywrap/bodywrap/cmd/wrapvet/internal/roles"
)

const wrapPath = "github.com/bodywrap/bodywrap/wrap"

// keepFix passes the new body through wrap.Keep, if that is certain to mean what it says: the body is made of the
// original, and the original still is in its place.
func (c *checker) keepFix(b hypothesis.Body) []analysis.SuggestedFix {
	if !b.First || !b.Derived() {
		return nil
	}
	f := c.file(b.Site.Pos())
	if f == nil {
		return nil
	}
	nodes, _ := astutil.PathEnclosingInterval(f, b.Site.Pos(), b.Site.Pos())
	for _, n := range nodes {
		assign, ok := n.(*ast.AssignStmt)
		if !ok {
			continue
		}
		if assign.Tok != token.ASSIGN || len(assign.Lhs) != 1 || len(assign.Rhs) != 1 {
			return nil
		}
		sel, ok := assign.Lhs[0].(*ast.SelectorExpr)
		if !ok || sel.Sel.Name != "Body" || !plain(sel.X) {
			return nil
		}
		name, edit := c.importWrap(f)
		var lhs bytes.Buffer
		if format.Node(&lhs, c.pass.Fset, assign.Lhs[0]) != nil {
			return nil
		}
		rhs := assign.Rhs[0]
		edits := append(edit,
			analysis.TextEdit{Pos: rhs.Pos(), End: rhs.Pos(), NewText: []byte(name + ".Keep(" + lhs.String() + ", ")},
			analysis.TextEdit{Pos: rhs.End(), End: rhs.End(), NewText: []byte(")")},
		)
		return []analysis.SuggestedFix{{Message: "Keep what the original body can do", TextEdits: edits}}
	}
	return nil
}

// plain reports whether an expression can be written twice.
func plain(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.Ident:
		return true
	case *ast.SelectorExpr:
		return plain(e.X)
	case *ast.ParenExpr:
		return plain(e.X)
	}
	return false
}

// importWrap returns the name of package wrap in a file, and the edit that imports it unless it is.
func (c *checker) importWrap(f *ast.File) (string, []analysis.TextEdit) {
	for _, spec := range f.Imports {
		if p, _ := strconv.Unquote(spec.Path.Value); p == wrapPath {
			switch {
			case spec.Name == nil:
				return path.Base(wrapPath), nil
			case spec.Name.Name != "_" && spec.Name.Name != ".":
				return spec.Name.Name, nil
			}
		}
	}
	name, spec := path.Base(wrapPath), strconv.Quote(wrapPath)
	if c.pass.Pkg.Scope().Lookup(name) != nil || mentions(f, name) {
		name = "bodywrap"
		spec = name + " " + spec
	}
	var last *ast.GenDecl
	for _, d := range f.Decls {
		if d, ok := d.(*ast.GenDecl); ok && d.Tok == token.IMPORT && !isCgo(d) {
			last = d
		}
	}
	insert := func(pos token.Pos, text string) []analysis.TextEdit {
		return []analysis.TextEdit{{Pos: pos, End: pos, NewText: []byte(text)}}
	}
	switch {
	case last == nil:
		return name, insert(f.Name.End(), "\n\nimport "+spec)
	case !last.Lparen.IsValid():
		return name, insert(last.End(), "\nimport "+spec)
	}
	gap := "\n"
	if n := len(last.Specs); n > 0 {
		p, _ := strconv.Unquote(last.Specs[n-1].(*ast.ImportSpec).Path.Value)
		if first, _, _ := strings.Cut(p, "/"); !strings.Contains(first, ".") {
			gap = "\n\n" // the standard library stands alone
		}
	}
	return name, insert(last.Rparen, strings.TrimPrefix(gap, "\n")+"\t"+spec+"\n")
}

func isCgo(d *ast.GenDecl) bool {
	return len(d.Specs) == 1 && d.Specs[0].(*ast.ImportSpec).Path.Value == `"C"`
}

func mentions(f *ast.File, name string) bool {
	found := false
	ast.Inspect(f, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && id.Name == name {
			found = true
		}
		return !found
	})
	return found
}

// guardFix lets a hook leave alone what is a 101, just before it would read the body.
func (c *checker) guardFix(r roles.Role, read hypothesis.Read) []analysis.SuggestedFix {
	sig := r.Func.Signature
	if r.Kind != roles.Hook || sig.Results().Len() != 1 || sig.Params().Len() != 1 {
		return nil
	}
	at := read.Site
	if len(read.Path) > 0 {
		at = read.Path[0]
	}
	if at.Parent() != r.Func {
		return nil
	}
	f := c.file(at.Pos())
	if f == nil {
		return nil
	}
	param := sig.Params().At(0)
	if param.Name() == "" || param.Name() == "_" {
		return nil
	}
	if scope := c.pass.Pkg.Scope().Innermost(at.Pos()); scope == nil {
		return nil
	} else if _, obj := scope.LookupParent(param.Name(), at.Pos()); obj != types.Object(param) {
		return nil
	}
	pkg := httpName(f)
	stmt := c.statement(f, at.Pos())
	if pkg == "" || stmt == nil {
		return nil
	}
	guard := "if " + param.Name() + ".StatusCode == " + pkg + ".StatusSwitchingProtocols {\n\treturn nil\n}\n"
	return []analysis.SuggestedFix{{
		Message:   "Leave upgraded connections alone",
		TextEdits: []analysis.TextEdit{{Pos: stmt.Pos(), End: stmt.Pos(), NewText: []byte(guard)}},
	}}
}

// statement returns the innermost statement of a list that a position is in.
func (c *checker) statement(f *ast.File, pos token.Pos) ast.Stmt {
	nodes, _ := astutil.PathEnclosingInterval(f, pos, pos)
	for i, n := range nodes[:max(0, len(nodes)-1)] {
		stmt, ok := n.(ast.Stmt)
		if !ok {
			continue
		}
		switch nodes[i+1].(type) {
		case *ast.BlockStmt, *ast.CaseClause, *ast.CommClause:
			if _, ok := stmt.(*ast.CaseClause); ok {
				continue
			}
			if _, ok := stmt.(*ast.CommClause); ok {
				continue
			}
			if clause, ok := nodes[i+1].(*ast.CommClause); ok && clause.Comm == stmt {
				continue
			}
			return stmt
		}
	}
	return nil
}

// httpName returns what net/http is called in a file, or "" if it cannot be named there.
func httpName(f *ast.File) string {
	for _, spec := range f.Imports {
		if spec.Path.Value != `"net/http"` {
			continue
		}
		switch {
		case spec.Name == nil:
			return "http"
		case spec.Name.Name != "_" && spec.Name.Name != ".":
			return spec.Name.Name
		}
	}
	return ""
}
