// Package roles finds the functions of a package that a proxy calls with its responses: ModifyResponse hooks and
// RoundTrippers, however they get there.
//
// It follows values backwards, from where a proxy or an exported API takes them to the functions that they are:
// through variables, fields, parameters, results, closures, method values and conversions, within the package.
package roles

import (
	"go/token"
	"go/types"
	"regexp"
	"strings"

	"golang.org/x/tools/go/ssa"

	"github.com/bodywrap/bodywrap/cmd/wrapvet/internal/hypothesis"
)

// A Kind says how a function gets its response.
type Kind int

const (
	Hook      Kind = iota // as a parameter, from a proxy
	Transport             // from the RoundTripper under it
	Doer                  // from http.Client.Do, to hand it on as it would
)

// A Role is a function to look at.
type Role struct {
	Func *ssa.Function
	Kind Kind
	Resp int // index of the parameter with the response; negative if there is none
}

// Settings says what to look for.
type Settings struct {
	// Clients adds the RoundTrippers that serve http.Clients of the package alone.
	Clients bool

	// Hooked returns the parameters of a function of another package that become ModifyResponse. May be nil.
	Hooked func(*types.Func) []int
}

// Find returns the roles in the order of the source, and for each exported function the parameters that become hooks.
func Find(pkg *ssa.Package, funcs []*ssa.Function, s Settings) ([]Role, map[*types.Func][]int) {
	f := &finder{
		Settings: s,
		pkg:      pkg,
		uses:     collect(funcs),
		seen:     map[ssa.Value]bool{},
		roles:    map[*ssa.Function]Role{},
		hooked:   map[*types.Func][]int{},
		proxied:  map[types.Object]bool{},
	}
	for _, fn := range funcs {
		f.byDeclaration(fn)
	}
	for _, fn := range funcs {
		f.sinks(fn)
	}
	f.spread()
	f.transports(funcs)
	f.spread() // a transport may call hooks
	var roles []Role
	for _, fn := range funcs {
		if r, ok := f.roles[fn]; ok {
			roles = append(roles, r)
		}
	}
	return roles, f.hooked
}

type finder struct {
	Settings
	pkg  *ssa.Package
	uses *uses

	todo    []ssa.Value
	seen    map[ssa.Value]bool
	roles   map[*ssa.Function]Role
	hooked  map[*types.Func][]int
	proxied map[types.Object]bool // types with RoundTrip that reach a proxy or an exported API
}

var modifier = regexp.MustCompile(`(?i)(modif|rewrit).*resp|resp.*(modif|rewrit)`)

// byDeclaration finds what a name and a signature say alone.
func (f *finder) byDeclaration(fn *ssa.Function) {
	if fn.Object() == nil {
		return
	}
	sig := fn.Signature
	exported := f.api(fn)
	switch {
	case modifier.MatchString(fn.Name()) && (isHook(sig) || exported && isHookWithMore(sig)):
		f.hook(fn)
	case fn.Name() != "RoundTrip" && isDo(sig) && exported:
		f.roles[fn] = Role{fn, Doer, -1}
	}
}

// api reports whether code outside of the package can call a declared function.
func (f *finder) api(fn *ssa.Function) bool {
	if f.pkg.Pkg.Name() == "main" || f.pkg.Pkg.Path() == "net/http" || !token.IsExported(fn.Name()) {
		return false
	}
	if recv := fn.Signature.Recv(); recv != nil {
		obj := typeName(recv.Type())
		return obj != nil && (obj.Exported() || f.behindInterface(recv.Type(), fn.Name()))
	}
	return true
}

// behindInterface reports whether a method of an unexported type is one of an exported interface of the package, as which
// its users get it.
func (f *finder) behindInterface(recv types.Type, method string) bool {
	scope := f.pkg.Pkg.Scope()
	for _, name := range scope.Names() {
		obj, ok := scope.Lookup(name).(*types.TypeName)
		if !ok || !obj.Exported() {
			continue
		}
		iface, ok := obj.Type().Underlying().(*types.Interface)
		if !ok || !types.Implements(recv, iface) {
			continue
		}
		if m, _, _ := types.LookupFieldOrMethod(iface, false, nil, method); m != nil {
			return true
		}
	}
	return false
}

// outermost returns the declared function around a literal.
func outermost(fn *ssa.Function) *ssa.Function {
	for fn.Parent() != nil {
		fn = fn.Parent()
	}
	return fn
}

// sinks finds where a function hands something to a proxy or to the package's users.
func (f *finder) sinks(fn *ssa.Function) {
	exported := f.api(outermost(fn))
	for _, b := range fn.Blocks {
		for _, instr := range b.Instrs {
			switch v := instr.(type) {
			case *ssa.Store:
				f.storeSink(v)
			case *ssa.ChangeType:
				if n := typeName(v.Type()); n != nil && isHookType(v.Type()) && modifier.MatchString(n.Name()) {
					f.add(v.X)
				}
			case *ssa.Return:
				for _, r := range v.Results {
					if exported && isRoundTripper(r.Type()) {
						f.add(r)
					}
					if exported && isHookType(r.Type()) && modifier.MatchString(outermost(fn).Name()) {
						f.add(r)
					}
				}
			case ssa.CallInstruction:
				f.callSink(v)
			}
		}
	}
}

func (f *finder) storeSink(v *ssa.Store) {
	switch a := v.Addr.(type) {
	case *ssa.FieldAddr:
		field := fieldOf(a)
		switch {
		case field.Name() == "ModifyResponse" && isHookType(field.Type()):
			f.add(v.Val)
		case modifier.MatchString(field.Name()) && isHookType(field.Type()):
			f.add(v.Val)
		case field.Name() == "Transport" && isField(a, "net/http/httputil", "ReverseProxy"):
			f.add(v.Val)
		}
	case *ssa.Global:
		if isRoundTripper(v.Val.Type()) && (a.Pkg != f.pkg && a.Name() == "DefaultTransport" || a.Pkg == f.pkg && token.IsExported(a.Name()) && f.pkg.Pkg.Name() != "main") {
			f.add(v.Val)
		}
	}
}

// proxying matches what of another package takes a RoundTripper for a proxy.
var proxying = regexp.MustCompile(`(?i)proxy`)

// callSink finds hooks among the arguments of a function of another package.
func (f *finder) callSink(v ssa.CallInstruction) {
	c := v.Common()
	var obj *types.Func
	if c.IsInvoke() {
		obj = c.Method
	} else if fn := c.StaticCallee(); fn != nil {
		obj, _ = fn.Object().(*types.Func)
	}
	if obj == nil || obj.Pkg() == f.pkg.Pkg && !c.IsInvoke() {
		return
	}
	sig := obj.Signature()
	offset := len(c.Args) - sig.Params().Len() // a receiver comes first
	var known []int
	if f.Hooked != nil && obj.Pkg() != f.pkg.Pkg {
		known = f.Hooked(obj)
	}
	for i := range sig.Params().Len() {
		param := sig.Params().At(i)
		if i+offset >= len(c.Args) || i+offset < 0 {
			continue
		}
		named := modifier.MatchString(obj.Name()) || modifier.MatchString(param.Name())
		if n := typeName(param.Type()); n != nil {
			named = named || modifier.MatchString(n.Name())
		}
		toProxy := isRoundTripper(param.Type()) && proxying.MatchString(obj.Pkg().Name()+"."+obj.Name())
		if isHookType(param.Type()) && named || contains(known, i) || toProxy && obj.Pkg() != f.pkg.Pkg {
			f.add(c.Args[i+offset])
		}
	}
}

func (f *finder) hook(fn *ssa.Function) {
	if r, ok := f.roles[fn]; ok && r.Kind == Hook {
		return
	}
	for i, p := range fn.Params {
		if hypothesis.IsHTTP(p.Type(), "Response") {
			f.roles[fn] = Role{fn, Hook, i}
			f.inner(fn, p)
			return
		}
	}
}

// inner finds the hooks that a hook calls with its response: the links of a chain, and what an adapter adapts.
func (f *finder) inner(fn *ssa.Function, resp ssa.Value) {
	for _, b := range fn.Blocks {
		for _, instr := range b.Instrs {
			call, ok := instr.(ssa.CallInstruction)
			if !ok || call.Common().IsInvoke() || call.Common().StaticCallee() != nil {
				continue
			}
			for _, a := range call.Common().Args {
				if a == resp {
					f.add(call.Common().Value)
				}
			}
		}
	}
}

// transports adds the RoundTrip methods that count.
func (f *finder) transports(funcs []*ssa.Function) {
	if f.Clients {
		f.adapted(funcs)
	}
	for {
		n := len(f.proxied)
		for _, fn := range funcs { // what a proxied transport is built over is proxied too
			for _, b := range fn.Blocks {
				for _, instr := range b.Instrs {
					st, ok := instr.(*ssa.Store)
					if !ok {
						continue
					}
					if a, ok := st.Addr.(*ssa.FieldAddr); ok && isRoundTripper(st.Val.Type()) {
						if owner := typeName(a.X.Type()); owner != nil && (f.proxied[owner] || f.public(owner)) {
							f.add(st.Val)
						}
					}
				}
			}
		}
		f.spread()
		if len(f.proxied) == n {
			break
		}
	}
	for _, fn := range funcs {
		if fn.Name() != "RoundTrip" || fn.Signature.Recv() == nil || !isRoundTrip(fn.Signature) {
			continue
		}
		obj := typeName(fn.Signature.Recv().Type())
		if obj != nil && (f.Clients || f.proxied[obj] || f.public(obj)) {
			f.roles[fn] = Role{fn, Transport, -1}
		}
	}
}

// adapted adds every function that is made a RoundTripper.
func (f *finder) adapted(funcs []*ssa.Function) {
	for _, fn := range funcs {
		for _, b := range fn.Blocks {
			for _, instr := range b.Instrs {
				if v, ok := instr.(*ssa.ChangeType); ok && isRoundTripper(v.Type()) {
					f.add(v.X)
				}
			}
		}
	}
	f.spread()
}

// public reports whether a type with RoundTrip is part of the package's API.
func (f *finder) public(obj types.Object) bool {
	if !obj.Exported() || obj.Pkg() != f.pkg.Pkg || f.pkg.Pkg.Name() == "main" || obj.Parent() != f.pkg.Pkg.Scope() {
		return false
	}
	return isRoundTripper(obj.Type()) || isRoundTripper(types.NewPointer(obj.Type()))
}

func isHook(sig *types.Signature) bool {
	return sig.Params().Len() == 1 && hypothesis.IsHTTP(sig.Params().At(0).Type(), "Response") &&
		sig.Results().Len() == 1 && isError(sig.Results().At(0).Type())
}

// isHookWithMore reports whether a function is a hook but for what else it is told, as a hook of somebody else's makes it one.
func isHookWithMore(sig *types.Signature) bool {
	return hypothesis.TakesResponse(sig) >= 0 && sig.Results().Len() == 1 && isError(sig.Results().At(0).Type())
}

func isHookType(t types.Type) bool {
	sig, ok := t.Underlying().(*types.Signature)
	return ok && isHook(sig)
}

func isRoundTrip(sig *types.Signature) bool {
	return sig.Params().Len() == 1 && hypothesis.IsHTTP(sig.Params().At(0).Type(), "Request") &&
		sig.Results().Len() == 2 && hypothesis.IsHTTP(sig.Results().At(0).Type(), "Response") && isError(sig.Results().At(1).Type())
}

// isDo reports whether a function sends a request, perhaps with more to say about it.
func isDo(sig *types.Signature) bool {
	if sig.Results().Len() != 2 || !hypothesis.IsHTTP(sig.Results().At(0).Type(), "Response") || !isError(sig.Results().At(1).Type()) {
		return false
	}
	for p := range sig.Params().Variables() {
		if hypothesis.IsHTTP(p.Type(), "Request") {
			return true
		}
	}
	return false
}

func isError(t types.Type) bool { return types.Identical(t, types.Universe.Lookup("error").Type()) }

// isRoundTripper reports whether t has the method of http.RoundTripper.
func isRoundTripper(t types.Type) bool {
	obj, _, _ := types.LookupFieldOrMethod(t, false, nil, "RoundTrip")
	fn, ok := obj.(*types.Func)
	return ok && isRoundTrip(fn.Signature())
}

// typeName returns the declared type behind pointers.
func typeName(t types.Type) types.Object {
	t = types.Unalias(t)
	if p, ok := t.(*types.Pointer); ok {
		t = types.Unalias(p.Elem())
	}
	if n, ok := t.(*types.Named); ok {
		return n.Origin().Obj()
	}
	return nil
}

func fieldOf(a *ssa.FieldAddr) *types.Var {
	return a.X.Type().Underlying().(*types.Pointer).Elem().Underlying().(*types.Struct).Field(a.Field)
}

func isField(a *ssa.FieldAddr, pkg, typ string) bool {
	obj := typeName(a.X.Type())
	return obj != nil && obj.Name() == typ && obj.Pkg() != nil && strings.TrimPrefix(obj.Pkg().Path(), "vendor/") == pkg
}

func contains(s []int, n int) bool {
	for _, m := range s {
		if m == n {
			return true
		}
	}
	return false
}
