package follow

import (
	"go/ast"
	"go/types"
	"slices"
	"strings"
)

// spell writes t down with package names, as people write it. It writes an
// interface that has no exported name as its methods in order: what a package
// calls such an interface, and where it declares it, does not matter.
func spell(t types.Type) string {
	t = types.Unalias(t)
	iface, _ := t.Underlying().(*types.Interface)
	named, _ := t.(*types.Named)
	if iface == nil || named != nil && (named.Obj().Exported() || named.Obj().Pkg() == nil) {
		return types.TypeString(t, (*types.Package).Name)
	}
	if isAny(t) {
		return "any"
	}
	var methods []string
	for i := range iface.NumMethods() {
		m := iface.Method(i)
		signature := types.TypeString(nameless(m.Signature()), (*types.Package).Name)
		methods = append(methods, m.Name()+strings.TrimPrefix(signature, "func"))
	}
	slices.Sort(methods)
	return "interface{ " + strings.Join(methods, "; ") + " }"
}

func isAny(t types.Type) bool {
	iface, ok := t.Underlying().(*types.Interface)
	return ok && iface.Empty()
}

// nameless returns s without the names of parameters and results.
func nameless(s *types.Signature) *types.Signature {
	return types.NewSignatureType(nil, nil, nil, namelessAll(s.Params()), namelessAll(s.Results()), s.Variadic())
}

func namelessAll(t *types.Tuple) *types.Tuple {
	var vars []*types.Var
	for i := range t.Len() {
		of := t.At(i).Type()
		if f, ok := of.(*types.Signature); ok {
			of = nameless(f)
		}
		vars = append(vars, types.NewParam(0, nil, "", of))
	}
	return types.NewTuple(vars...)
}

// funcName is ReadRequest for a function, and (*conn).serve for a method.
func funcName(decl *ast.FuncDecl) string {
	if decl.Recv == nil {
		return decl.Name.Name
	}
	return "(" + receiver(decl.Recv.List[0].Type) + ")." + decl.Name.Name
}

// receiver writes down a receiver's type without its type parameters.
func receiver(e ast.Expr) string {
	switch e := ast.Unparen(e).(type) {
	case *ast.StarExpr:
		return "*" + receiver(e.X)
	case *ast.IndexExpr:
		return receiver(e.X)
	case *ast.IndexListExpr:
		return receiver(e.X)
	case *ast.Ident:
		return e.Name
	}
	return "?"
}
