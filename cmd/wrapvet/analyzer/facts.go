package analyzer

import (
	"go/types"
	"slices"

	"golang.org/x/tools/go/ssa"

	"github.com/bodywrap/bodywrap/cmd/wrapvet/internal/hypothesis"
	"github.com/bodywrap/bodywrap/cmd/wrapvet/internal/roles"
)

// wrapsBody is the fact that a function makes a body of another one, and what is left of it.
type wrapsBody struct{ Write, CloseWrite, Closes int }

func (*wrapsBody) AFact() {}

func (f *wrapsBody) String() string {
	word := func(v int) string { return [...]string{"perhaps", "yes", "no"}[v] }
	return "wrapsBody(Write " + word(f.Write) + ", CloseWrite " + word(f.CloseWrite) + ", closes " + word(f.Closes) + ")"
}

// takesHooks is the fact that parameters of a function become ModifyResponse.
type takesHooks struct{ Params []int }

func (*takesHooks) AFact() {}

func (f *takesHooks) String() string { return "takesHooks" }

// treatsResponse is the fact that a function does something to a 101 that it is handed.
type treatsResponse struct {
	Reads, Replaces   bool
	Write, CloseWrite int
}

func (*treatsResponse) AFact() {}

func (f *treatsResponse) String() string {
	switch {
	case !f.Replaces:
		return "treatsResponse(reads it)"
	case !f.Reads:
		return "treatsResponse(replaces it)"
	}
	return "treatsResponse(reads and replaces it)"
}

func (c *checker) treated(fn *types.Func) (hypothesis.Treated, bool) {
	var f treatsResponse
	if !c.pass.ImportObjectFact(fn, &f) {
		return hypothesis.Treated{}, false
	}
	return hypothesis.Treated{
		Reads: f.Reads, Replaces: f.Replaces,
		Write: hypothesis.Verdict(f.Write), CloseWrite: hypothesis.Verdict(f.CloseWrite),
	}, true
}

func (c *checker) constructed(fn *types.Func) (hypothesis.Constructed, bool) {
	var f wrapsBody
	if !hypothesis.MayConstruct(fn.Signature()) || !c.pass.ImportObjectFact(fn, &f) {
		return hypothesis.Constructed{}, false
	}
	v := func(n int) hypothesis.Verdict { return hypothesis.Verdict(n) }
	return hypothesis.Constructed{Write: v(f.Write), CloseWrite: v(f.CloseWrite), Closes: v(f.Closes)}, true
}

func (c *checker) takesHooks(fn *types.Func) []int {
	if !slices.ContainsFunc(slices.Collect(fn.Signature().Params().Variables()), takesResponse) {
		return nil
	}
	var f takesHooks
	if !c.pass.ImportObjectFact(fn, &f) {
		return nil
	}
	return f.Params
}

// takesResponse reports whether a parameter is a function of a response.
func takesResponse(v *types.Var) bool {
	sig, ok := v.Type().Underlying().(*types.Signature)
	return ok && sig.Params().Len() == 1 && hypothesis.IsHTTP(sig.Params().At(0).Type(), "Response")
}

// exportFacts notes what other packages may ask. What a role does is said at its own place, not where it is called.
func (c *checker) exportFacts(funcs []*ssa.Function, found []roles.Role, hooked map[*types.Func][]int) {
	for _, fn := range funcs {
		obj, ok := fn.Object().(*types.Func)
		if !ok || !obj.Exported() || obj.Pkg() != c.pass.Pkg {
			continue
		}
		if hypothesis.MayConstruct(obj.Signature()) {
			if made, ok := c.prog.Construct(fn); ok {
				c.pass.ExportObjectFact(obj, &wrapsBody{int(made.Write), int(made.CloseWrite), int(made.Closes)})
			}
		}
		if !slices.ContainsFunc(found, func(r roles.Role) bool { return r.Func == fn }) && c.looksAt(fn) {
			if t, ok := c.prog.Treat(fn); ok {
				c.pass.ExportObjectFact(obj, &treatsResponse{t.Reads, t.Replaces, int(t.Write), int(t.CloseWrite)})
			}
		}
		if params := hooked[obj]; params != nil {
			slices.Sort(params)
			c.pass.ExportObjectFact(obj, &takesHooks{params})
		}
	}
}
