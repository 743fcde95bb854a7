package guards_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// A hookList is a place that names every ready-made hook: declarations of a Go
// file, or the text between two words of any file.
type hookList struct {
	pkg      string   // of the hooks; "" for wrap
	file     string   // from the root of the module
	decls    []string // functions and variables; if none, it is a text
	from, to string   // of the text
	why      string
	without  map[string]string // hooks that the list leaves out, and why
}

var hookLists = []hookList{
	{file: "README.md", from: "## Recipes", to: "\n## ", why: "what people come for"},
	{file: "CHANGELOG.md", from: "- Ready-made hooks:", to: "\n- ", why: "what there is"},
	{file: "wrap/doc.go", from: "# Ready-made hooks", to: "# Connections", why: "what they do, and their order"},
	{
		file: "wrap/misuse_test.go", decls: []string{"TestMisusePanicsWithAdvice"}, why: "misuse panics at the call",
		without: map[string]string{"CloseWaits": "it has no argument"},
	},
	{
		file: "wrap/readymade_test.go", decls: []string{"TestHooksThatChangeNothingPassWraptest"}, why: "the kit finds what a hook loses",
		without: map[string]string{
			"TransformRead":  "it changes bytes",
			"TransformWrite": "it changes bytes",
		},
	},
	{file: "testdata/method/sync_test.go", decls: []string{"TestANewMethodPassesThrough"}, why: "methods that no hook knows pass through"},
	{file: "wrap/order_test.go", decls: []string{"TestHooksCombineInAnyOrder"}, why: "hooks combine"},
	{file: "wrap/order_test.go", decls: []string{"TestHooksServeConnections"}, why: "hooks serve connections too"},
	{file: "internal/soak/soak_test.go", decls: []string{"randomHooks"}, why: "endurance"},
	{file: "internal/interop/treatments_test.go", decls: []string{"treatments", "copying", "transforming"}, why: "real programs, each hook alone"},
	{file: "internal/interop/treatments_test.go", decls: []string{"all", "copying", "transforming", "logging"}, why: "real programs, all hooks at once"},
}

var transformLists = []hookList{
	{file: "README.md", from: "## Recipes", to: "\n## ", why: "what people come for"},
	{file: "CHANGELOG.md", from: "- Package wrap/transform:", to: "\n- ", why: "what there is"},
	{file: "wrap/transform/doc.go", from: "// Package transform", to: "// # Header", why: "what they do"},
	{file: "wrap/transform/messages_test.go", decls: []string{"rewrites"}, why: "every kind of message"},
	{file: "wrap/transform/coding_test.go", decls: []string{"TestMisusePanicsWithAdvice"}, why: "misuse panics at the call"},
}

// A ready-made hook is an exported function of package wrap or transform that
// returns Hooks. Join is none. Every list names every one.
func TestEveryListNamesEveryReadyMadeHook(t *testing.T) {
	hooks := readyMadeHooks(t, "wrap")
	for _, known := range []string{"Done", "TransformRead"} { // TransformRead is generic
		if !slices.Contains(hooks, known) {
			t.Fatalf("found the ready-made hooks %q, and %s is not among them", hooks, known)
		}
	}
	checkLists(t, hooks, hookLists)
	transforms := readyMadeHooks(t, "transform")
	if !slices.Contains(transforms, "Plain") {
		t.Fatalf("found the ready-made hooks %q, and Plain is not among them", transforms)
	}
	for i := range transformLists {
		transformLists[i].pkg = "transform"
	}
	checkLists(t, transforms, transformLists)
}

// checkLists fails if a list lacks one of hooks.
func checkLists(t *testing.T, hooks []string, lists []hookList) {
	t.Helper()
	for _, list := range lists {
		named := list.names(t)
		for _, hook := range hooks {
			_, without := list.without[hook]
			switch {
			case named[hook] && without:
				t.Errorf("%s %v names %s, and hookLists says that it does not", list.file, list.decls, hook)
			case !named[hook] && !without:
				t.Errorf("%s %v lacks %s: add it there (%s)", list.file, list.decls, hook, list.why)
			}
		}
		for hook, why := range list.without {
			if !slices.Contains(hooks, hook) {
				t.Errorf("hookLists leaves %s out of %s (%s), and there is no such hook", hook, list.file, why)
			}
		}
	}
}

// readyMadeHooks returns the names of the exported functions that make Hooks.
func readyMadeHooks(t *testing.T, pkg string) []string {
	t.Helper()
	dir := filepath.Join(root, "wrap")
	if pkg != "wrap" {
		dir = filepath.Join(dir, pkg)
	}
	library := func(info fs.FileInfo) bool { return !strings.HasSuffix(info.Name(), "_test.go") }
	packages, err := parser.ParseDir(token.NewFileSet(), dir, library, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, file := range packages[pkg].Files {
		for _, d := range file.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Recv != nil || !fn.Name.IsExported() || fn.Type.Results == nil || len(fn.Type.Results.List) != 1 {
				continue
			}
			if isHooks(fn.Type.Results.List[0].Type) && fn.Name.Name != "Join" {
				names = append(names, fn.Name.Name)
			}
		}
	}
	slices.Sort(names)
	return names
}

// isHooks reports whether t is Hooks or wrap.Hooks.
func isHooks(t ast.Expr) bool {
	if sel, ok := t.(*ast.SelectorExpr); ok {
		t = sel.Sel
	}
	id, ok := t.(*ast.Ident)
	return ok && id.Name == "Hooks"
}

var (
	inText   = regexp.MustCompile(`(?:wrap|transform)\.([A-Z]\w*)|\[([A-Z]\w*)\]|` + "`([A-Z]\\w*)`")
	inString = regexp.MustCompile(`^"([A-Z]\w*)"$`)
)

// names returns the exported names in a list. In Go these are selectors of
// package wrap, and whole strings.
func (l hookList) names(t *testing.T) map[string]bool {
	t.Helper()
	file := filepath.Join(root, filepath.FromSlash(l.file))
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	named := make(map[string]bool)
	if l.decls == nil {
		_, section, ok := strings.Cut(string(text), l.from)
		section, _, ends := strings.Cut(section, l.to)
		if !ok || !ends {
			t.Fatalf("%s has no text from %q to %q", l.file, l.from, l.to)
		}
		for _, m := range inText.FindAllStringSubmatch(section, -1) {
			named[m[1]+m[2]+m[3]] = true
		}
		return named
	}
	f, err := parser.ParseFile(token.NewFileSet(), file, text, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range l.decls {
		decl := declarationOf(f, name)
		if decl == nil {
			t.Fatalf("%s does not declare %s", l.file, name)
		}
		ast.Inspect(decl, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.SelectorExpr:
				if id, ok := n.X.(*ast.Ident); ok && (id.Name == "wrap" || id.Name == l.pkg) {
					named[n.Sel.Name] = true
				}
			case *ast.BasicLit:
				if m := inString.FindStringSubmatch(n.Value); m != nil {
					named[m[1]] = true
				}
			}
			return true
		})
	}
	return named
}

// declarationOf returns the function or variable of that name in f, or nil.
func declarationOf(f *ast.File, name string) (found ast.Node) {
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Name.Name == name {
				return d
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				if v, ok := spec.(*ast.ValueSpec); ok && v.Names[0].Name == name {
					return v
				}
			}
		}
	}
	return nil
}
