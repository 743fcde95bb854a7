package follow

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/types"
	"maps"
	"slices"
)

// bases are the types of the originals of each family. Every member has the
// methods of its base, and Unwrap, which returns the base.
var bases = map[string]string{
	"body":     "io.ReadCloser",
	"conn":     "net.Conn",
	"listener": "net.Listener",
	"writer":   "http.ResponseWriter",
}

// families returns the families that file, which is wrap_gen.go, declares: by
// name, an interface with all that a member can have.
func (lib *Library) families(file string) (map[string]*types.Interface, error) {
	declared, err := parser.ParseFile(lib.fset, file, nil, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	text := "package " + declared.Name.Name + "\nimport (\n\"io\"\n\"net\"\n\"net/http\"\n)\n"
	for _, name := range slices.Sorted(maps.Keys(bases)) {
		text += fmt.Sprintf("type full_%s interface { %[1]s; %s; Unwrap() %[2]s }\n", name, bases[name])
	}
	full, err := parser.ParseFile(lib.fset, "full.go", text, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	p, err := lib.check("families", []*ast.File{declared, full}, nil, true)
	if err != nil {
		return nil, err
	}
	families := make(map[string]*types.Interface)
	for name := range bases {
		families[name] = p.types.Scope().Lookup("full_" + name).Type().Underlying().(*types.Interface)
	}
	return families, nil
}

// keeping returns the families whose members can be what q asks for, of those
// whose members can be q's operand.
func (s *survey) keeping(q Question, families map[string]*types.Interface) []string {
	operand, _ := s.types[q.Operand].Underlying().(*types.Interface)
	asked, ok := s.types[q.Asked].Underlying().(*types.Interface)
	var names []string
	for _, name := range slices.Sorted(maps.Keys(families)) {
		if ok && types.Implements(families[name], operand) && types.Implements(families[name], asked) {
			names = append(names, name)
		}
	}
	return names
}
