package roles

import (
	"go/token"
	"go/types"

	"golang.org/x/tools/go/ssa"
)

// uses is where values of the package come from, for what SSA does not link itself.
type uses struct {
	calls    map[*ssa.Function][]*ssa.CallCommon // static calls of a function
	closures map[*ssa.Function][]*ssa.MakeClosure
	fields   map[*types.Var][]ssa.Value  // stored in a field, of whatever value
	globals  map[*ssa.Global][]ssa.Value // stored in a variable
}

func collect(funcs []*ssa.Function) *uses {
	u := &uses{
		calls:    map[*ssa.Function][]*ssa.CallCommon{},
		closures: map[*ssa.Function][]*ssa.MakeClosure{},
		fields:   map[*types.Var][]ssa.Value{},
		globals:  map[*ssa.Global][]ssa.Value{},
	}
	for _, fn := range funcs {
		for _, b := range fn.Blocks {
			for _, instr := range b.Instrs {
				switch v := instr.(type) {
				case *ssa.Store:
					switch a := v.Addr.(type) {
					case *ssa.FieldAddr:
						f := fieldOf(a).Origin()
						u.fields[f] = append(u.fields[f], v.Val)
					case *ssa.Global:
						u.globals[a] = append(u.globals[a], v.Val)
					}
				case *ssa.MakeClosure:
					fn := v.Fn.(*ssa.Function)
					u.closures[fn] = append(u.closures[fn], v)
				case ssa.CallInstruction:
					if callee := v.Common().StaticCallee(); callee != nil {
						callee = origin(callee)
						u.calls[callee] = append(u.calls[callee], v.Common())
					}
				}
			}
		}
	}
	return u
}

func origin(fn *ssa.Function) *ssa.Function {
	if o := fn.Origin(); o != nil {
		return o
	}
	return fn
}

func (f *finder) add(v ssa.Value) { f.todo = append(f.todo, v) }

func (f *finder) addAll(vs []ssa.Value) { f.todo = append(f.todo, vs...) }

// spread follows the values that were added back to functions and types.
func (f *finder) spread() {
	for len(f.todo) > 0 {
		v := f.todo[len(f.todo)-1]
		f.todo = f.todo[:len(f.todo)-1]
		if f.seen[v] {
			continue
		}
		f.seen[v] = true
		f.follow(v)
	}
}

func (f *finder) follow(v ssa.Value) {
	if obj := typeName(v.Type()); obj != nil && obj.Pkg() == f.pkg.Pkg && isRoundTripper(v.Type()) && !types.IsInterface(v.Type()) {
		f.proxied[obj] = true
	}
	switch v := v.(type) {
	case *ssa.Function:
		f.function(v)
	case *ssa.MakeClosure:
		f.function(v.Fn.(*ssa.Function))
	case *ssa.ChangeType:
		f.add(v.X)
	case *ssa.MakeInterface:
		f.add(v.X)
	case *ssa.ChangeInterface:
		f.add(v.X)
	case *ssa.TypeAssert:
		f.add(v.X)
	case *ssa.Slice:
		f.add(v.X)
	case *ssa.Phi:
		f.addAll(v.Edges)
	case *ssa.Extract:
		if call, ok := v.Tuple.(*ssa.Call); ok {
			f.resultsOf(call.Common(), v.Index)
		}
	case *ssa.Call:
		f.resultsOf(v.Common(), 0)
	case *ssa.Parameter:
		f.parameter(v)
	case *ssa.FreeVar:
		fn := v.Parent()
		for i, fv := range fn.FreeVars {
			if fv == v {
				for _, c := range f.uses.closures[fn] {
					f.add(c.Bindings[i])
				}
			}
		}
	case *ssa.UnOp:
		if v.Op == token.MUL {
			f.cell(v.X)
		}
	case *ssa.Alloc:
		f.cell(v)
	case *ssa.Lookup:
		f.add(v.X)
	case *ssa.MakeMap:
		for _, ref := range *v.Referrers() {
			if u, ok := ref.(*ssa.MapUpdate); ok && u.Map == ssa.Value(v) {
				f.add(u.Value)
			}
		}
	case *ssa.Next:
		if r, ok := v.Iter.(*ssa.Range); ok {
			f.add(r.X)
		}
	}
}

// cell follows what is stored at an address.
func (f *finder) cell(addr ssa.Value) {
	switch a := addr.(type) {
	case *ssa.FieldAddr:
		f.addAll(f.uses.fields[fieldOf(a).Origin()])
	case *ssa.Global:
		f.addAll(f.uses.globals[a])
	case *ssa.IndexAddr:
		f.add(a.X)
	case *ssa.FreeVar, *ssa.Parameter:
		f.add(addr)
	case *ssa.Alloc:
		for _, ref := range *a.Referrers() {
			switch ref := ref.(type) {
			case *ssa.Store:
				if ref.Addr == ssa.Value(a) {
					f.add(ref.Val)
				}
			case *ssa.IndexAddr:
				for _, r := range *ref.Referrers() {
					if st, ok := r.(*ssa.Store); ok && st.Addr == ssa.Value(ref) {
						f.add(st.Val)
					}
				}
			case *ssa.MakeClosure: // assigned inside of a literal
				fn := ref.Fn.(*ssa.Function)
				for i, b := range ref.Bindings {
					if b != ssa.Value(a) || i >= len(fn.FreeVars) {
						continue
					}
					for _, r := range *fn.FreeVars[i].Referrers() {
						if st, ok := r.(*ssa.Store); ok && st.Addr == ssa.Value(fn.FreeVars[i]) {
							f.add(st.Val)
						}
					}
				}
			}
		}
	}
}

// resultsOf follows what a call returns into the function, or through a decorator of another package to its arguments.
func (f *finder) resultsOf(c *ssa.CallCommon, i int) {
	if b, ok := c.Value.(*ssa.Builtin); ok && b.Name() == "append" {
		f.addAll(c.Args)
		return
	}
	fn := c.StaticCallee()
	if fn == nil || fn.Blocks == nil {
		for _, a := range c.Args { // otelhttp.NewTransport(t)
			if isRoundTripper(a.Type()) || isHookType(a.Type()) {
				f.add(a)
			}
		}
		if fn == nil && !c.IsInvoke() {
			f.literals(c.Value, i)
		}
		return
	}
	f.returned(fn, i)
}

func (f *finder) returned(fn *ssa.Function, i int) {
	for _, b := range fn.Blocks {
		if ret, ok := b.Instrs[len(b.Instrs)-1].(*ssa.Return); ok && i < len(ret.Results) {
			f.add(ret.Results[i])
		}
	}
}

// literals follows the results of a function value that is known on the spot.
func (f *finder) literals(v ssa.Value, i int) {
	if c, ok := v.(*ssa.MakeClosure); ok {
		f.returned(c.Fn.(*ssa.Function), i)
	}
}

func (f *finder) parameter(p *ssa.Parameter) {
	fn := p.Parent()
	for i, q := range fn.Params {
		if q != p {
			continue
		}
		for _, c := range f.uses.calls[origin(fn)] {
			if i < len(c.Args) {
				f.add(c.Args[i])
			}
		}
		obj, ok := fn.Object().(*types.Func)
		if !ok || !obj.Exported() {
			continue
		}
		if sig := obj.Signature(); sig.Recv() != nil {
			i--
		}
		if isHookType(p.Type()) && i >= 0 && !contains(f.hooked[obj], i) {
			f.hooked[obj] = append(f.hooked[obj], i)
		}
	}
}

// function notes a function that a value turned out to be.
func (f *finder) function(fn *ssa.Function) {
	if fn.Synthetic != "" && fn.Object() != nil { // a method value or expression
		if obj, ok := fn.Object().(*types.Func); ok {
			if m := f.pkg.Prog.FuncValue(obj); m != nil {
				fn = m
			}
		}
	}
	fn = origin(fn)
	if fn.Blocks == nil {
		return
	}
	if isRoundTrip(fn.Signature) {
		f.roles[fn] = Role{fn, Transport, -1}
		return
	}
	f.hook(fn)
}
