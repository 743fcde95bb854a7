package gen

import (
	"go/ast"
	"go/build/constraint"
	"path/filepath"
	"slices"
	"strings"
)

// constraints returns the constraints under which file is built: those of its
// //go:build line and of its name.
func (l *loader) constraints(file *ast.File) []constraint.Expr {
	var terms []constraint.Expr
	for _, group := range file.Comments {
		if group.Pos() > file.Package {
			break
		}
		for _, c := range group.List {
			if !constraint.IsGoBuild(c.Text) {
				continue
			}
			if expr, err := constraint.Parse(c.Text); err == nil {
				terms = append(terms, expr)
			}
		}
	}
	for _, word := range nameConstraints(l.fset.Position(file.Package).Filename) {
		terms = append(terms, &constraint.TagExpr{Tag: word})
	}
	return terms
}

// nameConstraints returns the systems that the name of a file restricts it to.
func nameConstraints(path string) []string {
	name := strings.TrimSuffix(filepath.Base(path), ".go")
	name = strings.TrimSuffix(name, "_test")
	words := strings.Split(name, "_")[1:]
	words = words[max(0, len(words)-2):]
	var found []string
	for i, word := range words {
		last := i == len(words)-1
		if slices.Contains(knownArch, word) && last || slices.Contains(knownOS, word) && (last || slices.Contains(knownArch, words[i+1])) {
			found = append(found, word)
		}
	}
	return found
}

// conjunction returns the //go:build expression of all terms, each once, or "".
func conjunction(terms []constraint.Expr) string {
	var all constraint.Expr
	seen := make(map[string]bool)
	for _, term := range terms {
		if text := term.String(); seen[text] {
			continue
		} else {
			seen[text] = true
		}
		if all == nil {
			all = term
		} else {
			all = &constraint.AndExpr{X: all, Y: term}
		}
	}
	if all == nil {
		return ""
	}
	return all.String()
}

// The suffixes of file names that are build constraints.
var (
	knownOS = []string{"aix", "android", "darwin", "dragonfly", "freebsd", "hurd", "illumos", "ios", "js", "linux",
		"nacl", "netbsd", "openbsd", "plan9", "solaris", "wasip1", "windows", "zos"}
	knownArch = []string{"386", "amd64", "amd64p32", "arm", "arm64", "arm64be", "armbe", "loong64", "mips", "mips64",
		"mips64le", "mips64p32", "mips64p32le", "mipsle", "ppc", "ppc64", "ppc64le", "riscv", "riscv64", "s390", "s390x",
		"sparc", "sparc64", "wasm"}
)
