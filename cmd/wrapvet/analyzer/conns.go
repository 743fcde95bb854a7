package analyzer

import (
	"go/types"

	"golang.org/x/tools/go/ssa"

	"github.com/bodywrap/bodywrap/cmd/wrapvet/internal/hypothesis"
)

// judgeConns looks at bodies that are made of a connection, as transports of one's own make them: one that can be written
// to is there for upgrades, whatever the run says of the response.
func (c *checker) judgeConns(funcs []*ssa.Function) {
	for _, fn := range funcs {
		for _, b := range fn.Blocks {
			for _, instr := range b.Instrs {
				store, ok := instr.(*ssa.Store)
				if !ok || !isBodyField(store.Addr) {
					continue
				}
				t, overConn := concrete(store.Val, c.pass.Pkg)
				if t == nil || !overConn || method(t, "Write") == nil || method(t, "CloseWrite") != nil {
					continue
				}
				c.add(store.Pos(), losesCloseWrite, types.TypeString(t, types.RelativeTo(c.pass.Pkg)), nil)
			}
		}
	}
}

func isBodyField(addr ssa.Value) bool {
	a, ok := addr.(*ssa.FieldAddr)
	if !ok || !hypothesis.IsHTTP(a.X.Type(), "Response") {
		return false
	}
	st := a.X.Type().Underlying().(*types.Pointer).Elem().Underlying().(*types.Struct)
	return st.Field(a.Field).Name() == "Body"
}

// concrete returns the package's own type that a value of an interface has, directly or from a constructor, and whether
// a connection goes into it.
func concrete(v ssa.Value, pkg *types.Package) (t types.Type, overConn bool) {
	switch v := v.(type) {
	case *ssa.ChangeInterface:
		return concrete(v.X, pkg)
	case *ssa.MakeInterface:
		alloc, ok := v.X.(*ssa.Alloc)
		if !ok || !declaredIn(alloc.Type(), pkg) {
			return nil, false
		}
		for _, ref := range *alloc.Referrers() {
			field, ok := ref.(*ssa.FieldAddr)
			if !ok {
				continue
			}
			for _, r := range *field.Referrers() {
				if st, ok := r.(*ssa.Store); ok && st.Addr == ssa.Value(field) {
					overConn = overConn || isConn(st.Val)
				}
			}
		}
		return alloc.Type(), overConn
	case *ssa.Call:
		fn := v.Common().StaticCallee()
		if fn == nil || fn.Pkg == nil || fn.Pkg.Pkg != pkg {
			return nil, false
		}
		for _, b := range fn.Blocks {
			if ret, ok := b.Instrs[len(b.Instrs)-1].(*ssa.Return); ok && len(ret.Results) == 1 {
				if made, ok := ret.Results[0].(*ssa.MakeInterface); ok {
					t, overConn = concrete(made, pkg)
				}
			}
		}
		for _, a := range v.Common().Args {
			overConn = overConn || isConn(a)
		}
		return t, overConn
	}
	return nil, false
}

func declaredIn(t types.Type, pkg *types.Package) bool {
	p, ok := t.(*types.Pointer)
	if !ok {
		return false
	}
	n, ok := types.Unalias(p.Elem()).(*types.Named)
	return ok && n.Obj().Pkg() == pkg
}

// isConn reports whether a value is a net.Conn, whatever it is handed on as.
func isConn(v ssa.Value) bool {
	switch c := v.(type) {
	case *ssa.ChangeInterface:
		v = c.X
	case *ssa.MakeInterface:
		v = c.X
	}
	for _, name := range []string{"Read", "Write", "RemoteAddr", "SetReadDeadline"} {
		obj, _, _ := types.LookupFieldOrMethod(v.Type(), false, nil, name)
		if _, ok := obj.(*types.Func); !ok {
			return false
		}
	}
	return true
}
