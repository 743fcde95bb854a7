package follow

import (
	"cmp"
	"go/ast"
	"go/types"
	"maps"
	"slices"
	"strings"
)

// An Ask is one question and where it is asked.
type Ask struct {
	Package string // the import path
	Func    string // such as "(*conn).serve"; of a variable's initial value, "var name"
	Question
}

// A Question is whether an Operand is what it is Asked for. Both are types as
// spell writes them.
type Question struct {
	Operand string
	Asked   string
}

// followed are the types whose values wrappers stand for. Those of package io
// are all of its interfaces that a body, a connection or a writer has.
var followed = []struct{ path, name string }{
	{"net", "Conn"},
	{"net", "Listener"},
	{"net/http", "ResponseWriter"},
	{"syscall", "RawConn"}, // of a connection
	{"io", "Reader"},
	{"io", "Writer"},
	{"io", "Closer"},
	{"io", "ReadWriter"},
	{"io", "ReadCloser"},
	{"io", "WriteCloser"},
	{"io", "ReadWriteCloser"},
	{"io", "ReaderFrom"},
	{"io", "WriterTo"},
	{"io", "StringWriter"},
}

// A survey collects the questions that are asked of followed types. Two things
// make more operands followed, until nothing is added:
//
//   - An interface that somebody asks a followed operand for, because it holds
//     the same value: net/http first asks a connection for ConnectionState,
//     then asks the result for HandshakeContext.
//   - A parameter of type any that somebody passes a followed operand to:
//     package os asks its parameter i for SyscallConn. The question counts as
//     one of the operand.
type survey struct {
	operands map[string]bool                  // as spell writes them
	anys     map[types.Object]map[string]bool // parameters of type any: the operands that are passed to them
	found    map[Ask]bool
	types    map[string]types.Type // all that found names
	grown    bool                  // the last pass has added something
}

// Asks returns all questions in order, each once.
func (lib *Library) Asks() []Ask {
	return slices.SortedFunc(maps.Keys(lib.survey().found), func(a, b Ask) int {
		return cmp.Or(
			strings.Compare(a.Package, b.Package),
			strings.Compare(a.Func, b.Func),
			strings.Compare(a.Operand, b.Operand),
			strings.Compare(a.Asked, b.Asked),
		)
	})
}

func (lib *Library) survey() *survey {
	s := &survey{
		operands: make(map[string]bool),
		anys:     make(map[types.Object]map[string]bool),
		found:    make(map[Ask]bool),
		types:    make(map[string]types.Type),
		grown:    true,
	}
	for _, f := range followed {
		s.follow(lib.packages[f.path].types.Scope().Lookup(f.name).Type())
	}
	for s.grown {
		s.grown = false
		for path, p := range lib.packages {
			if !lib.listed[path].DepOnly {
				s.pass(path, p)
			}
		}
	}
	return s
}

// follow makes t an operand.
func (s *survey) follow(t types.Type) {
	name := spell(t)
	if !s.operands[name] {
		s.operands[name], s.types[name], s.grown = true, t, true
	}
}

// pass looks at all functions and initial values of a package.
func (s *survey) pass(path string, p *loaded) {
	for _, file := range p.files {
		for _, decl := range file.Decls {
			switch decl := decl.(type) {
			case *ast.FuncDecl:
				s.passNode(decl, path, funcName(decl), p.info)
			case *ast.GenDecl:
				for _, spec := range decl.Specs {
					if spec, ok := spec.(*ast.ValueSpec); ok {
						s.passNode(spec, path, "var "+spec.Names[0].Name, p.info)
					}
				}
			}
		}
	}
}

func (s *survey) passNode(root ast.Node, path, name string, info *types.Info) {
	ask := func(operand, asked ast.Expr) {
		t := info.Types[asked]
		if !t.IsType() { // case nil
			return
		}
		for _, operand := range s.operandsOf(operand, info) {
			s.note(Ask{path, name, Question{operand, spell(t.Type)}}, t.Type)
		}
	}
	ast.Inspect(root, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.TypeAssertExpr:
			if n.Type != nil { // nil is x.(type), which the switch around it has
				ask(n.X, n.Type)
			}
		case *ast.TypeSwitchStmt:
			operand := switched(n)
			for _, clause := range n.Body.List {
				for _, asked := range clause.(*ast.CaseClause).List {
					ask(operand, asked)
				}
			}
		case *ast.CallExpr:
			s.passCall(n, info)
		}
		return true
	})
}

func (s *survey) note(a Ask, asked types.Type) {
	if s.found[a] {
		return
	}
	s.found[a], s.types[a.Asked], s.grown = true, asked, true
	if types.IsInterface(asked) {
		s.follow(asked)
	}
}

// passCall notes which operands go to parameters of type any.
func (s *survey) passCall(call *ast.CallExpr, info *types.Info) {
	fn := called(call, info)
	if fn == nil {
		return
	}
	params := fn.Signature().Params()
	for i, arg := range call.Args {
		if i >= params.Len() || !isAny(params.At(i).Type()) {
			continue
		}
		param := params.At(i)
		for _, operand := range s.operandsOf(arg, info) {
			if s.anys[param] == nil {
				s.anys[param] = make(map[string]bool)
			}
			if !s.anys[param][operand] {
				s.anys[param][operand], s.grown = true, true
			}
		}
	}
}

// called returns the function that call names, or nil.
func called(call *ast.CallExpr, info *types.Info) *types.Func {
	var id *ast.Ident
	switch fun := ast.Unparen(call.Fun).(type) {
	case *ast.Ident:
		id = fun
	case *ast.SelectorExpr:
		id = fun.Sel
	default:
		return nil
	}
	fn, _ := info.Uses[id].(*types.Func)
	return fn
}

// operandsOf returns the followed operands that e can hold: the one of its
// type, or those that are passed to it if it is a parameter of type any.
func (s *survey) operandsOf(e ast.Expr, info *types.Info) []string {
	e = converted(e, info)
	if id, ok := e.(*ast.Ident); ok && s.anys[info.Uses[id]] != nil {
		return slices.Sorted(maps.Keys(s.anys[info.Uses[id]]))
	}
	t := info.Types[e].Type
	if t == nil || !types.IsInterface(t) || !s.operands[spell(t)] {
		return nil
	}
	return []string{spell(t)}
}

// switched returns the x of switch v := x.(type).
func switched(s *ast.TypeSwitchStmt) ast.Expr {
	var e ast.Expr
	switch s := s.Assign.(type) {
	case *ast.ExprStmt:
		e = s.X
	case *ast.AssignStmt:
		e = s.Rhs[0]
	}
	return ast.Unparen(e).(*ast.TypeAssertExpr).X
}

// converted returns e without conversions to other interfaces, as any(conn) is
// one.
func converted(e ast.Expr, info *types.Info) ast.Expr {
	e = ast.Unparen(e)
	call, ok := e.(*ast.CallExpr)
	if !ok || len(call.Args) != 1 || !info.Types[call.Fun].IsType() || !types.IsInterface(info.Types[call.Args[0]].Type) {
		return e
	}
	return converted(call.Args[0], info)
}
