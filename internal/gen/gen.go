// Package gen writes types that have exactly the optional methods of the value
// they wrap. It is the engine of wrapgen, whose package comment says how its
// input is written.
package gen

import (
	"go/ast"
	"path/filepath"
	"slices"
)

// A Config says how to generate. Its zero value is right for most.
type Config struct {
	Dir string // where patterns are resolved; if empty, where we stand
}

// A File is a generated file.
type File struct {
	Path    string // relative to Config.Dir
	Content []byte
}

// Generate returns the files of the families in the packages that patterns
// match, sorted by path; no pattern means the package in Config.Dir. It writes
// nothing. The error is of type Faults if what is to be repaired has a place
// in somebody's source.
func Generate(config Config, patterns ...string) ([]File, error) {
	dir, err := filepath.Abs(config.Dir)
	if err != nil {
		return nil, err
	}
	if len(patterns) == 0 {
		patterns = []string{"."}
	}
	var faults Faults
	l := newLoader(dir, &faults)
	files, err := l.generate(patterns)
	if err == nil {
		err = faults.err(dir)
	}
	if err != nil {
		return nil, err
	}
	for i := range files {
		files[i].Path = relative(dir, files[i].Path)
	}
	slices.SortFunc(files, func(a, b File) int {
		if a.Path < b.Path {
			return -1
		}
		return 1
	})
	return files, nil
}

// output returns where the file of a family goes.
func (d *declaration) output() string {
	return filepath.Join(d.target.dir, "zz_"+d.spec.Name.Name+".go")
}

func slashed(path string) string { return filepath.ToSlash(path) }

// generate does what Generate says, with absolute paths and with faults
// recorded.
func (l *loader) generate(patterns []string) ([]File, error) {
	sources, err := l.list(patterns...)
	if err != nil {
		return nil, err
	}
	nothing := func(string) bool { return false }
	var decls []*declaration
	for _, p := range sources {
		l.parse(p, nothing)
		decls = append(decls, l.families(p)...)
	}
	if len(*l.faults) > 0 || len(decls) == 0 {
		return nil, nil
	}

	// Everything again without the files that are to be generated.
	outputs := make(map[string]bool)
	var work []*pkg
	for _, d := range decls {
		outputs[d.output()] = true
		work = append(work, d.pkg)
	}
	for _, d := range decls {
		if l.pkgs[d.target.dir] == nil {
			if _, err := l.list(d.target.dir); err != nil {
				return nil, err
			}
		}
		p := l.pkgs[d.target.dir]
		if p == nil || len(p.GoFiles)+len(p.CgoFiles) == 0 {
			l.faults.add(d.target.pos, "no package in %s", relative(l.dir, d.target.dir))
			return nil, nil
		}
		if p.files == nil {
			l.parse(p, func(path string) bool { return outputs[path] })
		}
		work = append(work, p)
	}
	for _, p := range work {
		p.files = slices.DeleteFunc(p.files, func(f *ast.File) bool { return outputs[l.fset.Position(f.Pos()).Filename] })
	}
	if err := l.exports(work); err != nil {
		return nil, err
	}

	generated := make(map[*pkg]map[string][]byte)
	var files []File
	for _, p := range work {
		if p.types == nil {
			l.check(p)
		}
	}
	for _, d := range decls {
		f := l.resolve(d)
		if f == nil {
			continue
		}
		p := l.pkgs[d.target.dir]
		b := l.bind(f, p)
		if b == nil {
			continue
		}
		content, err := l.emit(b, f.combinations())
		if err != nil {
			return nil, err
		}
		files = append(files, File{d.output(), content})
		if generated[p] == nil {
			generated[p] = make(map[string][]byte)
		}
		generated[p][d.output()] = content
	}
	if len(*l.faults) > 0 {
		return nil, nil
	}
	for p, files := range generated {
		l.recheck(p, files)
	}
	return files, nil
}
