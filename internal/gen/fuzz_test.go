package gen_test

import (
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bodywrap/bodywrap/internal/gen"
)

// FuzzSource generates from packages that are put together from names,
// parameters and embedded types that generators stumble over.
func FuzzSource(f *testing.F) {
	for n := range 24 {
		seed := make([]byte, 64)
		for i := range seed {
			seed[i] = byte(n*n*31 + i*(2*n+7)*(i+3))
		}
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, choices []byte) {
		w := &writer{choices: choices}
		holds(t, w.source())
	})
}

// FuzzText generates from any text.
func FuzzText(f *testing.F) {
	scripts, err := filepath.Glob("../../cmd/wrapgen/testdata/script/*.txt")
	if err != nil || len(scripts) == 0 {
		f.Fatal("no scripts", err)
	}
	for _, path := range scripts {
		content, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range strings.Split(string(content), "\n-- ")[1:] {
			if name, text, _ := strings.Cut(file, " --\n"); strings.HasSuffix(name, ".go") {
				f.Add(text)
			}
		}
	}
	f.Fuzz(func(t *testing.T, text string) { holds(t, text) })
}

// holds fails if what is generated from a package is not Go, or if a fault has
// a position that is not in the package.
func holds(t *testing.T, text string) {
	p := source(t, text)
	result, err := p.Generate()
	var faults gen.Faults
	switch {
	case errors.As(err, &faults):
		lines := strings.Split(text, "\n")
		for _, fault := range faults {
			pos := fault.Pos
			if pos.Filename == "" && pos.Line == 0 {
				continue // it says that there are more errors, or that a package is missing
			}
			// The parser's position of the end of a file can be
			// after the line end of the last line.
			width := func(line int) int {
				if line >= len(lines)-1 {
					return len(lines[line-1]) + 2
				}
				return len(lines[line-1]) + 1
			}
			if pos.Filename != filepath.Join(p.Dir, p.Files[0]) || pos.Line < 1 || pos.Line > len(lines) || pos.Column < 1 || pos.Column > width(pos.Line) {
				t.Errorf("there is no %s, of %q in\n%s", pos, fault.Msg, text)
			}
			if strings.Contains(fault.Msg, "does not compile") {
				t.Logf("%s\n%s", faults, text)
			}
		}
	case err != nil && strings.ContainsAny(text, "\x00\r"):
	case err != nil && !strings.Contains(err.Error(), p.Dir):
		t.Logf("%v\n%s", err, text)
	case err == nil:
		for _, file := range result.Files {
			if _, err := parser.ParseFile(token.NewFileSet(), file.Path, file.Content, parser.SkipObjectResolution); err != nil {
				t.Errorf("%v\n%s\n%s", err, text, file.Content)
			}
		}
	}
}

// A writer writes a package. It makes its choices by a list of bytes, and after
// its end always the first.
type writer struct {
	choices []byte
	b       strings.Builder
}

// choose returns a number below n.
func (w *writer) choose(n int) int {
	if len(w.choices) == 0 {
		return 0
	}
	c := int(w.choices[0])
	w.choices = w.choices[1:]
	return c % n
}

func (w *writer) one(of ...string) string { return of[w.choose(len(of))] }

// name returns a name that is likely to clash with another.
func (w *writer) name() string {
	return w.one("Read", "Close", "close", "Write", "Set", "SetOf", "As", "x", "x0", "x1", "xSet", "X", "xClose", "xRead", "w", "W",
		"v", "s", "ok", "f", "c", "t", "m", "p", "error", "string", "any", "int", "nil", "true", "len", "panic", "uint8", "iota", "io", "http",
		"Unwrap", "unwrap", "core", "fit", "ж", "Ж", "_", "_x", "семья", "日本", "String", "Error", "xTestFake", "xMember", "xHasSet", "init", "T", "K")
}

// typ returns a type.
func (w *writer) typ() string {
	switch w.choose(14) {
	case 0:
		return "int"
	case 1:
		return "[]byte"
	case 2:
		return "io.Reader"
	case 3:
		return "error"
	case 4:
		return w.name()
	case 5:
		return "*" + w.typ()
	case 6:
		return "map[string]" + w.typ()
	case 7:
		return "func(" + w.typ() + ") " + w.typ()
	case 8:
		return "struct{ " + w.name() + " " + w.typ() + " }"
	case 9:
		return "interface{ " + w.name() + "() }"
	case 10:
		return "chan<- " + w.typ()
	case 11:
		return "http.ResponseWriter"
	case 12:
		return "[2]" + w.typ()
	}
	return "any"
}

// signature returns parameters and results.
func (w *writer) signature() string {
	var params, results []string
	named := w.choose(2) == 1
	for n := w.choose(4); n > 0; n-- {
		param := w.typ()
		if n == 1 && w.choose(4) == 1 {
			param = "..." + param
		}
		if named {
			param = w.name() + " " + param
		}
		params = append(params, param)
	}
	for range w.choose(3) {
		results = append(results, w.typ())
	}
	return "(" + strings.Join(params, ", ") + ") (" + strings.Join(results, ", ") + ")"
}

// element returns a line of a family.
func (w *writer) element() string {
	line := w.one("io.Closer", "io.ReaderFrom", "io.WriterTo", "http.Flusher", "http.Hijacker", "io.StringWriter", "fmt.Stringer", "")
	if line == "" || w.choose(2) == 1 {
		line = w.name() + w.signature()
	}
	switch w.choose(8) {
	case 1:
		line = "interface{ " + line + "; " + w.name() + w.signature() + " }"
	case 2:
		line += " //wrapgen:" + w.one("route", "pass", "hide", "always", "needs Close", "never Close", "like Read", "needs "+w.name(), "nonsense")
	}
	return line
}

// source returns the package.
func (w *writer) source() string {
	w.b.WriteString("package p\n\nimport (\n\"fmt\"\n\"io\"\n\"net/http\"\n\"sync\"\n)\n\nvar _ fmt.Stringer\nvar _ sync.Mutex\nvar _ io.Reader\nvar _ http.Handler\n\n")
	families := 1 + w.choose(2)
	params, args := "", ""
	if w.choose(6) == 1 {
		params, args = "[T any]", "[T]"
	}
	for range families {
		name, strct := w.one("x", "X", "x1", w.name()), w.one("w", "x2", "v", w.name())
		fmt.Fprintf(&w.b, "//wrapgen:for %s%s\n", strct, w.one("", "", "", ".r"))
		for range w.choose(3) {
			fmt.Fprintf(&w.b, "//wrapgen:%s\n", w.one("as", "test", "nounwrap", "max 64", "pass Read", "like Read Close", "route Write", "for w"))
		}
		fmt.Fprintf(&w.b, "type %s%s interface {\n", name, params)
		for range 1 + w.choose(4) {
			fmt.Fprintf(&w.b, "\t%s\n", w.element())
		}
		fmt.Fprintf(&w.b, "}\n\ntype %s%s struct {\n", strct, params)
		fmt.Fprintf(&w.b, "\t%s\n", w.one("io.Reader", "r io.Reader", "http.ResponseWriter", "r any", "r fmt.Stringer", "r "+w.typ(), "r interface{ "+w.name()+w.signature()+" }"))
		for range w.choose(3) {
			fmt.Fprintf(&w.b, "\t%s\n", w.one("sync.Mutex", "io.Writer", "n int", "*http.Request", w.name()+" "+w.typ(), "_ [0]func()"))
		}
		fmt.Fprintf(&w.b, "}\n\n")
		for range w.choose(3) {
			recv := w.one(strct, "*"+strct) + args
			method := w.one("Read(p []byte) (int, error)", "Write(p []byte) (int, error)", "Flush()", "Close() error", "")
			if method == "" {
				method = w.name() + w.signature()
			}
			fmt.Fprintf(&w.b, "func (%s %s) %s { panic(1) }\n\n", w.one("r", "w"), recv, method)
		}
	}
	for range w.choose(3) {
		fmt.Fprintf(&w.b, "%s\n", w.one("type "+w.name()+" int", "var "+w.name()+" = 1", "func "+w.name()+"() {}", "type "+w.name()+" interface{ "+w.name()+"() }"))
	}
	return w.b.String()
}
