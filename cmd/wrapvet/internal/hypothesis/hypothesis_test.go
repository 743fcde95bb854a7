package hypothesis_test

import (
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"testing"

	"golang.org/x/tools/go/ssa"
	"golang.org/x/tools/go/ssa/ssautil"

	"github.com/bodywrap/bodywrap/cmd/wrapvet/internal/hypothesis"
)

const header = `package p

import (
	"bytes"
	"io"
	"net/http"
	"strings"
)

var (
	_ = strings.ToLower
	_ = bytes.NewReader
	_ io.Reader
)

type whole interface {
	io.ReadWriteCloser
	CloseWrite() error
}

type (
	reader struct{ io.ReadCloser }
	duplex struct{ io.ReadWriteCloser }
	keeper struct{ whole }
	liar   struct{ io.ReadWriteCloser }
	parted struct {
		io.Reader
		close func() error
	}
)

func (liar) CloseWrite() error { return nil }

func (p parted) Close() error { return p.close() }

var (
	verbose bool
	chosen  map[int]bool
)

`

// One file set and one importer: net/http is read once.
var (
	fset = token.NewFileSet()
	imp  = importer.Default()
)

func program(t *testing.T, src string) (*hypothesis.Program, *ssa.Package) {
	t.Helper()
	f, err := parser.ParseFile(fset, "p.go", header+src, parser.SkipObjectResolution)
	if err != nil {
		t.Fatalf("%v\n%s", err, src)
	}
	pkg, _, err := ssautil.BuildPackage(&types.Config{Importer: imp}, fset, types.NewPackage("p", ""), []*ast.File{f}, ssa.InstantiateGenerics)
	if err != nil {
		t.Fatalf("%v\n%s", err, src)
	}
	return hypothesis.NewProgram(pkg), pkg
}

func hook(t *testing.T, body string) (*hypothesis.Program, *ssa.Function) {
	t.Helper()
	p, pkg := program(t, "func hook(resp *http.Response) error {\n"+body+"\nreturn nil\n}\n")
	return p, pkg.Func("hook")
}

func TestUpgradeReachesWhatItsConditionsAllow(t *testing.T) {
	for _, tt := range []struct {
		why, cond string
		want      string
	}{
		{"it is a 101", "resp.StatusCode == http.StatusSwitchingProtocols", "reached"},
		{"it is no other", "resp.StatusCode == 200", "kept away"},
		{"arithmetic", "resp.StatusCode/100 == 1", "reached"},
		{"a range", "resp.StatusCode >= 200 && resp.StatusCode < 300", "kept away"},
		{"it has no length", "resp.ContentLength > 0", "kept away"},
		{"a protocol is named", `resp.Header.Get("Upgrade") != ""`, "reached"},
		{"whichever it is", `strings.EqualFold(resp.Header.Get("Upgrade"), "tcp")`, "reached"},
		{"the connection says so", `strings.ToLower(resp.Header.Get("Connection")) == "upgrade"`, "reached"},
		{"it has no type", `resp.Header.Get("Content-Type") == "text/html"`, "kept away"},
		{"the first part of nothing is empty", `strings.Split(resp.Header.Get("Content-Type"), ";")[0] == "text/html"`, "kept away"},
		{"it has a body", "resp.Body != nil && resp.Body != http.NoBody", "reached"},
		{"that can be written to", "!can(resp.Body)", "kept away"},
		{"the request is a GET or POST", "resp.Request.Method == http.MethodHead", "kept away"},
		{"a setting says nothing of the response", "verbose", "reached"},
		{"a table of codes may be a guard", "chosen[resp.StatusCode]", "guarded"},
		{"so may a function that is not seen", "ask(resp)", "guarded"},
		{"and one that is handed it in a struct", "askOf(attempt{1, resp})", "guarded"},
	} {
		p, pkg := program(t, `
type attempt struct {
	n    int
	resp *http.Response
}

var (
	ask   func(*http.Response) bool
	askOf func(attempt) bool
)

func can(b io.ReadCloser) bool { _, ok := b.(io.Writer); return ok }

func hook(resp *http.Response) error {
	if `+tt.cond+` {
		_, err := io.ReadAll(resp.Body)
		return err
	}
	return nil
}
`)
		got := "kept away"
		for _, r := range p.Run(pkg.Func("hook"), 0, hypothesis.Upgrade()[0]).Reads {
			got = "reached"
			if r.Guarded {
				got = "guarded"
			}
		}
		if got != tt.want {
			t.Errorf("a read under if %s: %s, want %s: %s", tt.cond, got, tt.want, tt.why)
		}
	}
}

func TestBodiesKeepWhatTheirTypesHave(t *testing.T) {
	verdicts := [...]string{"perhaps", "yes", "no"}
	for _, tt := range []struct {
		why, body string
		want      string // Write, CloseWrite, and whether CloseWrite lies
	}{
		{"Read and Close alone", "resp.Body = reader{resp.Body}", "no no perhaps"},
		{"Write is promoted", "resp.Body = duplex{resp.Body.(io.ReadWriteCloser)}", "yes no perhaps"},
		{"all of it is", "resp.Body = keeper{resp.Body.(whole)}", "yes yes no"},
		{"it does nothing", "resp.Body = liar{resp.Body.(io.ReadWriteCloser)}", "yes yes yes"},
		{"NopCloser hides Write", "resp.Body = io.NopCloser(resp.Body)", "no no perhaps"},
		{"nobody knows", "resp.Body = unknown(resp.Body)", "perhaps perhaps perhaps"},
	} {
		p, pkg := program(t, "var unknown func(io.ReadCloser) io.ReadCloser\n\nfunc hook(resp *http.Response) error {\n"+tt.body+"\nreturn nil\n}\n")
		exits := p.Run(pkg.Func("hook"), 0, hypothesis.Upgrade()[0]).Exits
		if len(exits) != 1 {
			t.Fatalf("%s: %d exits, want 1", tt.body, len(exits))
		}
		bodies, untouched := exits[0].Bodies()
		if len(bodies) != 1 || untouched {
			t.Fatalf("%s: %d bodies, original left: %v; want 1 in its place", tt.body, len(bodies), untouched)
		}
		b := bodies[0]
		got := fmt.Sprintf("%s %s %s", verdicts[b.Can("Write")], verdicts[b.Can("CloseWrite")], verdicts[b.FakesCloseWrite()])
		if got != tt.want {
			t.Errorf("%s: Write, CloseWrite, lies = %s, want %s: %s", tt.body, got, tt.want, tt.why)
		}
	}
}

func TestOrdinaryBodiesAreClosedAndMeasured(t *testing.T) {
	for _, tt := range []struct {
		why, body string
		closes    hypothesis.Verdict
		changes   bool
	}{
		{"Close is promoted", "resp.Body = reader{resp.Body}", hypothesis.Yes, false},
		{"NopCloser closes nothing", "resp.Body = io.NopCloser(resp.Body)", hypothesis.No, false},
		{"a method value closes", "resp.Body = parted{resp.Body, resp.Body.Close}", hypothesis.Yes, false},
		{"other bytes, and nothing to close", `resp.Body = io.NopCloser(strings.NewReader("moved"))`, hypothesis.No, true},
		{"the same bytes from memory", "b, _ := io.ReadAll(resp.Body)\nresp.Body = io.NopCloser(bytes.NewReader(b))", hypothesis.No, false},
	} {
		p, fn := hook(t, tt.body)
		for _, e := range p.Run(fn, 0, hypothesis.Ordinary()[0]).Exits {
			bodies, _ := e.Bodies()
			if len(bodies) != 1 {
				t.Fatalf("%s: %d bodies, want 1", tt.body, len(bodies))
			}
			if got := bodies[0].Closes(); got != tt.closes {
				t.Errorf("%s: Closes() = %v, want %v: %s", tt.body, got, tt.closes, tt.why)
			}
			if got := bodies[0].ChangesBytes(); got != tt.changes {
				t.Errorf("%s: ChangesBytes() = %v, want %v: %s", tt.body, got, tt.changes, tt.why)
			}
		}
	}
}

func TestTheStoryOfAResponse(t *testing.T) {
	for _, tt := range []struct {
		why, body     string
		closed, fixed bool
		consumed      int
	}{
		{"nothing happens", "", false, false, 0},
		{"closed", "_ = resp.Body.Close()", true, false, 0},
		{"perhaps closed", "if verbose { _ = resp.Body.Close() }", true, false, 0},
		{"the header is removed", `resp.Header.Del("Content-Length")`, false, true, 0},
		{"the field alone is not it", "resp.ContentLength = 1", false, false, 0},
		{"read", "_, _ = io.Copy(io.Discard, resp.Body)", true, false, 1},
		{"read in part", "_, _ = io.ReadAll(io.LimitReader(resp.Body, 512))", false, false, 1},
		{"read by hand", "_, _ = io.ReadFull(resp.Body, make([]byte, 512))", false, false, 1},
	} {
		p, fn := hook(t, tt.body+"\nresp.Body = reader{resp.Body}")
		exits := p.Run(fn, 0, hypothesis.Ordinary()[0]).Exits
		if len(exits) != 1 {
			t.Fatalf("%q: %d exits, want 1", tt.body, len(exits))
		}
		e := exits[0]
		bodies, _ := e.Bodies()
		if len(bodies) != 1 {
			t.Fatalf("%q: %d bodies, want 1", tt.body, len(bodies))
		}
		if got := !e.NeverClosed(bodies[0]); got != tt.closed {
			t.Errorf("%q: closed or read to its end: %v, want %v: %s", tt.body, got, tt.closed, tt.why)
		}
		if got := !e.LengthNeverFixed(); got != tt.fixed {
			t.Errorf("%q: length fixed: %v, want %v: %s", tt.body, got, tt.fixed, tt.why)
		}
		if got := len(e.Consumed()); got != tt.consumed {
			t.Errorf("%q: %d reads, want %d: %s", tt.body, got, tt.consumed, tt.why)
		}
	}
}

func TestConstructorsAndHelpersAreKnownByWhatTheyLeave(t *testing.T) {
	p, pkg := program(t, `
func Wrap(rc io.ReadCloser) io.ReadCloser { return reader{rc} }

func Duplex(rc io.ReadCloser) io.ReadCloser {
	if rwc, ok := rc.(io.ReadWriteCloser); ok {
		return duplex{rwc}
	}
	return rc
}

func Record(resp *http.Response) ([]byte, error) { return io.ReadAll(resp.Body) }

func Replace(resp *http.Response) { resp.Body = reader{resp.Body} }

func Careful(resp *http.Response) {
	if resp.StatusCode >= 200 {
		resp.Body = reader{resp.Body}
	}
}
`)
	for name, want := range map[string]hypothesis.Constructed{
		"Wrap":   {Write: hypothesis.No, CloseWrite: hypothesis.No, Closes: hypothesis.Yes},
		"Duplex": {Write: hypothesis.Yes, CloseWrite: hypothesis.No, Closes: hypothesis.Yes},
	} {
		if got, ok := p.Construct(pkg.Func(name)); !ok || got != want {
			t.Errorf("Construct(%s) = %+v, %v, want %+v", name, got, ok, want)
		}
	}
	for name, want := range map[string]hypothesis.Treated{
		"Record":  {Reads: true},
		"Replace": {Replaces: true, Write: hypothesis.No, CloseWrite: hypothesis.No},
		"Careful": {},
	} {
		if got, ok := p.Treat(pkg.Func(name)); got != want || ok != (want != hypothesis.Treated{}) {
			t.Errorf("Treat(%s) = %+v, %v, want %+v", name, got, ok, want)
		}
	}
}
