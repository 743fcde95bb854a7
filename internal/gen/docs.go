package gen

import (
	"go/ast"
	"go/types"
	"strings"
)

// doc returns the doc comment of an interface's method as it is to be written
// above a copy of it, or "". It is kept for methods declared in the packages
// under work: what others write about theirs changes with their releases, and
// a generated file has to stay as it is until its input changes.
func (g *generator) doc(m *types.Func) string {
	if g.docs == nil {
		g.docs = make(map[string]string)
		for _, p := range g.pkgs {
			for _, file := range p.files {
				g.readDocs(file)
			}
		}
	}
	return g.docs[g.fset.Position(m.Pos()).String()]
}

// readDocs adds the doc comments of all interface methods in a file.
func (g *generator) readDocs(file *ast.File) {
	ast.Inspect(file, func(n ast.Node) bool {
		iface, ok := n.(*ast.InterfaceType)
		if !ok {
			return true
		}
		for _, field := range iface.Methods.List {
			if field.Doc == nil {
				continue
			}
			var lines []string
			for _, c := range field.Doc.List {
				if !strings.HasPrefix(c.Text, directivePrefix) {
					lines = append(lines, c.Text)
				}
			}
			for _, name := range field.Names {
				g.docs[g.fset.Position(name.Pos()).String()] = strings.Join(lines, "\n")
			}
		}
		return true
	})
}
