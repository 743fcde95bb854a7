package roles_test

import (
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/go/ssa"
	"golang.org/x/tools/go/ssa/ssautil"

	"github.com/bodywrap/bodywrap/cmd/wrapvet/internal/roles"
)

// One file set and one importer: net/http is read once.
var (
	fset = token.NewFileSet()
	imp  = importer.Default()
)

func find(t *testing.T, src string, s roles.Settings) (found []string, hooked map[string][]int) {
	t.Helper()
	f, err := parser.ParseFile(fset, "p.go", "package p\n\nimport (\n\t\"net/http\"\n\t\"net/http/httputil\"\n)\n\nvar _ httputil.ReverseProxy\n\n"+src, parser.SkipObjectResolution)
	if err != nil {
		t.Fatalf("%v\n%s", err, src)
	}
	pkg, _, err := ssautil.BuildPackage(&types.Config{Importer: imp}, fset, types.NewPackage("p", ""), []*ast.File{f}, ssa.InstantiateGenerics)
	if err != nil {
		t.Fatalf("%v\n%s", err, src)
	}
	var funcs []*ssa.Function
	for fn := range ssautil.AllFunctions(pkg.Prog) {
		if fn.Pkg == pkg && (fn.Synthetic == "" || fn.Name() == "init") {
			funcs = append(funcs, fn)
		}
	}
	slices.SortFunc(funcs, func(a, b *ssa.Function) int { return strings.Compare(a.String(), b.String()) })
	rs, hooks := roles.Find(pkg, funcs, s)
	for _, r := range rs {
		found = append(found, fmt.Sprintf("%s %s", [...]string{"hook", "transport", "doer"}[r.Kind], strings.TrimPrefix(r.Func.RelString(pkg.Pkg), "p.")))
	}
	hooked = map[string][]int{}
	for fn, params := range hooks {
		hooked[fn.Name()] = params
	}
	return found, hooked
}

func TestFunctionsAreFoundWhereverTheyGet(t *testing.T) {
	const hook = "func mine(resp *http.Response) error { return nil }\n"
	for _, tt := range []struct {
		why, src string
		want     string
	}{
		{"a composite literal", hook + "var P = httputil.ReverseProxy{ModifyResponse: mine}", "hook mine"},
		{"a field", hook + "func f(p *httputil.ReverseProxy) { p.ModifyResponse = mine }", "hook mine"},
		{"a variable", hook + "func f(p *httputil.ReverseProxy) { h := mine; p.ModifyResponse = h }", "hook mine"},
		{"a literal", "func f(p *httputil.ReverseProxy) { p.ModifyResponse = func(*http.Response) error { return nil } }", "hook f$1"},
		{"a function that returns one", "func f(p *httputil.ReverseProxy) { p.ModifyResponse = mk() }\nfunc mk() func(*http.Response) error { return func(*http.Response) error { return nil } }", "hook mk$1"},
		{"a method value", "type t struct{}\nfunc (t) do(resp *http.Response) error { return nil }\nfunc f(p *httputil.ReverseProxy) { p.ModifyResponse = t{}.do }", "hook (t).do"},
		{"a setter", hook + "type s struct{ p httputil.ReverseProxy }\nfunc (x *s) with(h func(*http.Response) error) { x.p.ModifyResponse = h }\nfunc f(x *s) { x.with(mine) }", "hook mine"},
		{"a name", "func modifyResponse(resp *http.Response) error { return nil }", "hook modifyResponse"},
		{"a name that says nothing", hook, ""},
		{"a chain", hook + "func f(p *httputil.ReverseProxy) { p.ModifyResponse = chain(mine) }\nfunc chain(hs ...func(*http.Response) error) func(*http.Response) error {\n\treturn func(r *http.Response) error {\n\t\tfor _, h := range hs {\n\t\t\tif err := h(r); err != nil {\n\t\t\t\treturn err\n\t\t\t}\n\t\t}\n\t\treturn nil\n\t}\n}", "hook chain$1, hook mine"},
		{"an exported RoundTripper", "type T struct{}\nfunc (T) RoundTrip(*http.Request) (*http.Response, error) { return nil, nil }", "transport (T).RoundTrip"},
		{"a private one that nobody is given", "type t struct{}\nfunc (t) RoundTrip(*http.Request) (*http.Response, error) { return nil, nil }\nvar c = http.Client{Transport: t{}}", ""},
		{"a private one that a proxy uses", "type t struct{}\nfunc (t) RoundTrip(*http.Request) (*http.Response, error) { return nil, nil }\nvar P = httputil.ReverseProxy{Transport: t{}}", "transport (t).RoundTrip"},
		{"a private one that is returned", "type t struct{}\nfunc (t) RoundTrip(*http.Request) (*http.Response, error) { return nil, nil }\nfunc New() http.RoundTripper { return t{} }", "transport (t).RoundTrip"},
		{"whoever sends for others", "func Send(req *http.Request) (*http.Response, error) { return http.DefaultClient.Do(req) }", "doer Send"},
	} {
		found, _ := find(t, tt.src, roles.Settings{})
		if got := strings.Join(found, ", "); got != tt.want {
			t.Errorf("Find = %s, want %s: %s\n%s", got, tt.want, tt.why, tt.src)
		}
	}
}

func TestClientsAddsPrivateTransports(t *testing.T) {
	const src = "type t struct{}\nfunc (t) RoundTrip(*http.Request) (*http.Response, error) { return nil, nil }\nvar c = http.Client{Transport: t{}}"
	found, _ := find(t, src, roles.Settings{Clients: true})
	if got, want := strings.Join(found, ", "), "transport (t).RoundTrip"; got != want {
		t.Errorf("Find with Clients = %s, want %s", got, want)
	}
}

func TestExportedParametersThatBecomeHooks(t *testing.T) {
	_, hooked := find(t, "func New(name string, h func(*http.Response) error) *httputil.ReverseProxy { return &httputil.ReverseProxy{ModifyResponse: h} }\nfunc Other(h func(*http.Response) error) { _ = h }", roles.Settings{})
	if got := fmt.Sprint(hooked); got != "map[New:[1]]" {
		t.Errorf("Find: parameters that become hooks = %s, want map[New:[1]]", got)
	}
}

// What another package does with a parameter is asked of Hooked.
func TestHookedTellsOfOtherPackages(t *testing.T) {
	const src = "func mine(resp *http.Response) error { return nil }\nfunc f(c *http.Client) { take(c, mine) }\nvar take = func(*http.Client, func(*http.Response) error) {}\n"
	found, _ := find(t, src, roles.Settings{Hooked: func(*types.Func) []int { t.Error("Hooked is asked of a function of the package"); return nil }})
	if len(found) != 0 {
		t.Errorf("Find = %v, want nothing: the function value is not known to be a hook", found)
	}
}
