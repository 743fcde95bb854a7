package analyzer

import (
	"fmt"
	"go/token"
	"go/types"

	"golang.org/x/tools/go/analysis"

	"github.com/bodywrap/bodywrap/cmd/wrapvet/internal/hypothesis"
	"github.com/bodywrap/bodywrap/cmd/wrapvet/internal/roles"
)

type finding struct {
	pos, end token.Pos
	rule     string
	message  string
	fixes    []analysis.SuggestedFix
}

type key struct {
	pos  token.Pos
	rule string
}

// judge runs a function under each hypothesis and notes what the rules find.
func (c *checker) judge(r roles.Role) {
	for _, w := range hypothesis.Upgrade() {
		w.Client = r.Kind == roles.Doer
		out := c.prog.Run(r.Func, r.Resp, w)
		for _, e := range out.Exits {
			c.judgeUpgrade(e)
		}
		for _, read := range out.Reads {
			if r.Kind == roles.Doer && !read.PutsBack() {
				continue // whoever calls it expects an answer to be read
			}
			if !read.Guarded {
				c.add(read.Site.Pos(), blocksOn101, "", c.guardFix(r, read))
			}
		}
	}
	if r.Kind == roles.Doer {
		return
	}
	for _, w := range c.ordinary {
		for _, e := range c.prog.Run(r.Func, r.Resp, w).Exits {
			c.judgeOrdinary(e)
		}
	}
}

func (c *checker) judgeUpgrade(e hypothesis.Exit) {
	if !e.Succeeds() || !e.KeepsStatus() {
		return
	}
	bodies, _ := e.Bodies()
	bodies = append(bodies, e.Inside()...)
	for _, b := range bodies {
		switch {
		case b.Guarded, b.Refuses(), hypothesis.Chosen(b, bodies):
		case b.Can("Write") == hypothesis.No:
			c.addStore(b, losesWrite)
		case b.Can("CloseWrite") == hypothesis.No:
			c.addStore(b, losesCloseWrite)
		case b.FakesCloseWrite() == hypothesis.Yes:
			if m := method(b.Type(), "CloseWrite"); m != nil && m.Pkg() == c.pass.Pkg {
				c.add(m.Pos(), fakesCloseWrite, "", nil)
			}
		}
	}
}

func (c *checker) judgeOrdinary(e hypothesis.Exit) {
	if !e.Succeeds() {
		return
	}
	bodies, _ := e.Bodies()
	for _, b := range bodies {
		if e.NeverClosed(b) && b.Closes() == hypothesis.No {
			c.addStore(b, losesClose)
		}
		if e.LengthNeverFixed() && b.ChangesBytes() {
			c.addStore(b, staleLength)
		}
	}
	if len(bodies) == 0 {
		for _, site := range e.Consumed() {
			c.add(site.Pos(), notRestored, "", nil)
		}
	}
}

// judgeTypes looks at the CloseWrite of every wrapper, whether it is used here or not.
func (c *checker) judgeTypes() {
	scope := c.pass.Pkg.Scope()
	for _, name := range scope.Names() {
		obj, ok := scope.Lookup(name).(*types.TypeName)
		if !ok || obj.IsAlias() {
			continue
		}
		named, ok := obj.Type().(*types.Named)
		if !ok || named.TypeParams() != nil {
			continue
		}
		m := method(types.NewPointer(named), "CloseWrite")
		if m == nil || m.Pkg() != c.pass.Pkg || !isBody(named) || promotedTogether(named) {
			continue
		}
		if c.prog.Fakes(named) == hypothesis.Yes {
			c.add(m.Pos(), fakesCloseWrite, "", nil)
		}
	}
}

func isBody(t *types.Named) bool {
	p := types.NewPointer(t)
	return method(p, "Read") != nil && method(p, "Close") != nil
}

// promotedTogether reports whether Read and CloseWrite come from the same embedded field: then what is read is what is
// half-closed, and the type of that field is looked at for itself.
func promotedTogether(t *types.Named) bool {
	_, read, _ := types.LookupFieldOrMethod(types.NewPointer(t), true, nil, "Read")
	_, closeWrite, _ := types.LookupFieldOrMethod(types.NewPointer(t), true, nil, "CloseWrite")
	return len(read) > 1 && len(closeWrite) > 1 && read[0] == closeWrite[0]
}

func method(t types.Type, name string) *types.Func {
	if t == nil {
		return nil
	}
	obj, _, _ := types.LookupFieldOrMethod(t, true, nil, name)
	m, _ := obj.(*types.Func)
	return m
}

func (c *checker) addStore(b hypothesis.Body, rule string) {
	var fixes []analysis.SuggestedFix
	if rule == losesWrite || rule == losesCloseWrite {
		fixes = c.keepFix(b)
	}
	c.add(b.Site.Pos(), rule, b.Name(), fixes)
}

// add notes a finding once, at the statement or call that pos is in.
func (c *checker) add(pos token.Pos, rule, what string, fixes []analysis.SuggestedFix) {
	f := c.file(pos)
	if f == nil || c.skipped(f) {
		return
	}
	pos, end := c.extent(f, pos)
	if c.found[key{pos, rule}] {
		return
	}
	c.found[key{pos, rule}] = true
	msg := says[rule]
	if what != "" {
		msg = fmt.Sprintf(msg, what)
	}
	c.findings = append(c.findings, finding{pos, end, rule, rule + ": " + msg, fixes})
}
