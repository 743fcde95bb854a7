package gen_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/bodywrap/bodywrap/internal/gen"
)

// newerThanOldest are methods of the tables whose types the oldest supported Go
// release lacks.
var newerThanOldest = []string{"hash.Cloner"}

// TestNothingGoesRoundARelative takes every two methods of every row of
// relatives. If a struct has one of them and the original may have the other,
// the family is refused, unless the other is passed, or routed where a route
// exists.
func TestNothingGoesRoundARelative(t *testing.T) {
	routed := gen.RoutedThrough()
	used := make(map[string]bool)
	var pairs, can, cannot []relativePair
	for _, row := range gen.Relatives {
		for _, own := range row {
			for _, other := range row {
				newer := slices.ContainsFunc(newerThanOldest, func(s string) bool { return strings.Contains(own+other, s) })
				if own == other || newer {
					continue
				}
				p := relativePair{own, other, len(pairs)}
				pairs = append(pairs, p)
				if routed[other] == methodName(own) {
					used[other] = true
					can = append(can, p)
				} else {
					cannot = append(cannot, p)
				}
			}
		}
	}
	if passed := generateRelatives(t, pairs, "pass"); passed != "<nil>" {
		t.Errorf("with pass: %v", passed)
	}
	if route := generateRelatives(t, can, "route"); route != "<nil>" {
		t.Errorf("with route: %v", route)
	}
	bare, route := generateRelatives(t, pairs, ""), generateRelatives(t, cannot, "route")
	for _, p := range pairs {
		want := fmt.Sprintf("w%d has its own %s, but %s, which carries the same data, would go straight to the original", p.n, methodName(p.own), methodName(p.other))
		if !strings.Contains(bare, want) {
			t.Errorf("without a directive there is no %q", want)
		}
	}
	for _, p := range cannot {
		want := fmt.Sprintf("wrapgen knows no way to route %s through %s: write %[1]s on w%[3]d\n", methodName(p.other), methodName(p.own), p.n)
		if !strings.Contains(route+"\n", want) {
			t.Errorf("with route there is no %q", want)
		}
	}
	for method := range routed {
		if !used[method] {
			t.Errorf("the route for %s is of no use: no row has it with the method that it goes through", method)
		}
	}
}

// generateRelatives returns what generating from relativesSource comes to.
func generateRelatives(t *testing.T, pairs []relativePair, directive string) string {
	t.Helper()
	_, err := source(t, relativesSource(pairs, directive)).Generate()
	return fmt.Sprint(err)
}

// A relativePair is a method that a struct has, and one that its original may
// have.
type relativePair struct {
	own, other string
	n          int
}

// relativesSource returns a package with a family for each pair.
func relativesSource(pairs []relativePair, directive string) string {
	var imports, code strings.Builder
	seen := make(map[string]bool)
	if directive != "" {
		directive = " //wrapgen:" + directive
	}
	for _, p := range pairs {
		for _, m := range packagePath.FindAllStringSubmatch(p.own+" "+p.other, -1) {
			if path := m[1]; !seen[path] {
				seen[path] = true
				fmt.Fprintf(&imports, "import %q\n", path)
			}
		}
		name, rest, _ := strings.Cut(packagePath.ReplaceAllString(p.own, "${2}."), "(")
		fmt.Fprintf(&code, `
//wrapgen:for w%[1]d
type f%[1]d interface {
	%s%s
}

type w%[1]d struct{ v interface{ %[4]s(%s } }

func (w *w%[1]d) %[4]s(%s { panic("not called") }
`, p.n, packagePath.ReplaceAllString(p.other, "${2}."), directive, name, rest)
	}
	return "package p\n\n" + imports.String() + code.String()
}

// packagePath matches the import path of a type, with the package's name.
var packagePath = regexp.MustCompile(`((?:[a-z]+/)*([a-z]+))\.`)

func methodName(method string) string {
	name, _, _ := strings.Cut(method, "(")
	return name
}

// source writes a package of one file.
func source(t testing.TB, content string) gen.Package {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "p.go"), []byte(content), 0o666); err != nil {
		t.Fatal(err)
	}
	return gen.Package{Dir: dir, Files: []string{"p.go"}}
}

// The package comment of wrapgen documents exactly what the table knows.
func TestDocsListTheRelatives(t *testing.T) {
	content, err := os.ReadFile("../../cmd/wrapgen/main.go")
	if err != nil {
		t.Fatal(err)
	}
	var want strings.Builder
	for _, row := range gen.Relatives {
		var names []string
		for _, method := range row {
			names = append(names, methodName(method))
		}
		want.WriteString(strings.Join(names, " ") + "\n")
	}
	var got strings.Builder
	_, after, _ := strings.Cut(string(content), "// # Relatives\n")
	after, _, _ = strings.Cut(after, "package main")
	after = strings.ReplaceAll(after, "\n//\t    ", " ") // a row that goes on
	for _, line := range strings.Split(after, "\n") {
		if row, ok := strings.CutPrefix(line, "//\t"); ok {
			got.WriteString(row + "\n")
		}
	}
	if got.String() != want.String() {
		t.Errorf("the section Relatives of wrapgen's package comment has\n%swant\n%s", got.String(), want.String())
	}
}
