package gen

import (
	"cmp"
	"encoding/json"
	"go/parser"
	"go/token"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
)

// Relatives is the table of methods that carry the same data.
var Relatives = relatives

// RoutedThrough returns for each method that can be routed the name of the
// method that it goes through.
func RoutedThrough() map[string]string {
	via := make(map[string]string)
	for _, r := range routes {
		via[r.method] = r.via
	}
	return via
}

// A Package is a package in a directory of its own, of which no go command is
// asked: its files import packages of the standard library alone.
type Package struct {
	Dir       string
	GoVersion string   // of its module
	Files     []string // without their directory
}

// Generate does what gen.Generate does in p.Dir.
func (p Package) Generate() (*Result, error) {
	g := &generator{loader: newLoader(p.Dir)}
	g.runCmd = p.list
	if err := g.run([]string{"."}); err != nil {
		return nil, err
	}
	if err := g.faults.err(""); err != nil {
		return nil, err
	}
	slices.SortFunc(g.result.Files, func(a, b File) int { return cmp.Compare(a.Path, b.Path) })
	return &g.result, nil
}

// list answers as the go command would.
func (p Package) list(cmd *exec.Cmd) error {
	if slices.Contains(cmd.Args, "-export") {
		out, err := exportData()
		_, _ = cmd.Stdout.Write(out) // to a bytes.Buffer
		return err
	}
	info := map[string]any{
		"Dir": p.Dir, "ImportPath": "example.com/p", "Name": "p", "GoFiles": p.Files,
		"Module": map[string]string{"Dir": p.Dir, "GoVersion": cmp.Or(p.GoVersion, "1.24")},
	}
	var imports []string
	for _, name := range p.Files {
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, name), nil, parser.ImportsOnly)
		if err != nil {
			continue // Generate will say it
		}
		for _, spec := range file.Imports {
			path, _ := strconv.Unquote(spec.Path.Value)
			imports = append(imports, path)
		}
	}
	info["Imports"] = imports
	return json.NewEncoder(cmd.Stdout).Encode(info)
}

// exportData asks the go command once for the export data of the packages that
// a Package can import.
var exportData = sync.OnceValues(func() ([]byte, error) {
	return newLoader("").goCommand("", append([]string{"list", "-e", "-export", "-deps", "-json=ImportPath,Dir,Export,Error", "--",
		"bufio", "context", "database/sql/driver", "hash", "io", "io/fs", "net", "net/http", "net/netip", "os", "syscall", "time"},
		proofImports...)...)
})
