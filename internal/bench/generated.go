package main

import (
	"bytes"
	"fmt"
	"go/format"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// A generator makes a type for each combination of the nine optional elements
// of a ResponseWriter that httpsnoop knows.
type generator struct {
	name  string
	bench string // its name in gen's benchmarks
	cmd   string // the program in gen/cmd that uses its code
	code  string // the package with its code
}

const combinations = 1 << 9

// newRelic is a command that runs in its own module.
const newRelic = "github.com/newrelic/go-agent/v3/internal/tools/interface-wrapping@v3.45.0"

var generators = []generator{
	{"wrapgen", "wrapgen", "ours", "."},
	{"httpsnoop 1.1.0's own", "httpsnoop", "theirs", "github.com/felixge/httpsnoop"},
	{"New Relic 3.45.0's: structs of embedded interfaces", "embedded", "embedded", "./embedded"},
}

// generated compares the code of the generators for the same family.
func generated(s *settings) error {
	const dir = "gen"
	work, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	if _, err := runIn(dir, "go", "generate", "."); err != nil {
		return err
	}
	if err := generateEmbedded(filepath.Join(dir, "embedded")); err != nil {
		return err
	}

	none, err := programSize(dir, work, "none")
	if err != nil {
		return err
	}
	var names []string
	n := len(generators)
	size, compile := make([]sample, n), make([]sample, n)
	compilers := make([]func() (float64, error), n)
	for i, g := range generators {
		names = append(names, g.name)
		bytes, err := programSize(dir, work, g.cmd)
		if err != nil {
			return err
		}
		size[i] = sample{(bytes - none) / combinations}
		if compilers[i], err = compiler(dir, filepath.Join(work, g.bench+".cfg"), g.code); err != nil {
			return err
		}
	}
	for range s.turns {
		for i, compileTime := range compilers {
			seconds, err := compileTime()
			if err != nil {
				return err
			}
			compile[i] = append(compile[i], seconds)
		}
	}
	wrap, allocs, heap, write, err := benchGenerated(s, dir, work)
	if err != nil {
		return err
	}
	s.table(fmt.Sprintf("Generated code, %d combinations of a ResponseWriter's methods, with a counting Write", combinations), names,
		column{name: "binary, bytes a combination", format: "%.0f", samples: size, exact: true},
		column{name: "compile, CPU s", format: "%.2f", samples: compile},
		column{name: "a wrap, ns", format: "%.0f", samples: wrap},
		column{name: "allocations", format: "%.0f", samples: allocs, exact: true},
		column{name: "bytes", format: "%.0f", samples: heap, exact: true},
		column{name: "a counted Write, ns", format: "%.1f", samples: write})
	if err := s.bars("generated-size.svg", "Binary size of generated code", "bytes a combination", names, size); err != nil {
		return err
	}
	return s.bars("generated-compile.svg", "Compile time of generated code", "CPU s", names, compile)
}

func generateEmbedded(dir string) error {
	body, err := runIn(dir, "go", "run", newRelic, "interfaces.json")
	if err != nil {
		return err
	}
	text, err := format.Source(fmt.Appendf(nil, `package embedded

import ("io"; "net/http")

func combine(original http.ResponseWriter, counting *countingWriter) http.ResponseWriter {
%s}
`, body))
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "zz_embedded.go"), text, 0o666)
}

// programSize builds gen/cmd/name and returns its size without symbols.
func programSize(dir, work, name string) (float64, error) {
	binary := filepath.Join(work, name)
	if _, err := runIn(dir, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", binary, "./cmd/"+name); err != nil {
		return 0, err
	}
	info, err := os.Stat(binary)
	if err != nil {
		return 0, err
	}
	return float64(info.Size()), nil
}

// compiler writes the import configuration of a package to config. It returns a
// function that compiles the package, and returns the CPU seconds that this
// takes.
func compiler(dir, config, path string) (compileTime func() (float64, error), err error) {
	files, err := runIn(dir, "go", "list", "-f", `{{range .GoFiles}}{{$.Dir}}/{{.}}{{"\n"}}{{end}}`, path)
	if err != nil {
		return nil, err
	}
	imports, err := runIn(dir, "go", "list", "-deps", "-export", "-f", "{{if .Export}}packagefile {{.ImportPath}}={{.Export}}{{end}}", path)
	if err != nil {
		return nil, err
	}
	if err := os.WriteFile(config, imports, 0o666); err != nil {
		return nil, err
	}
	args := append([]string{"tool", "compile", "-p", "p", "-importcfg", config, "-o", os.DevNull}, strings.Fields(string(files))...)
	return func() (float64, error) {
		cmd := exec.Command("go", args...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "GOWORK=off")
		if out, err := cmd.CombinedOutput(); err != nil {
			return 0, fmt.Errorf("compiling %s: %w\n%s", path, err, out)
		}
		return (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds(), nil
	}, nil
}

var benchmarkLine = regexp.MustCompile(`(?m)^Benchmark(\w+)/(\w+)\S*\s+\d+\s+(\S+) ns/op\s+(\d+) B/op\s+(\d+) allocs/op`)

// benchGenerated runs gen's benchmarks, all of them once in each turn.
func benchGenerated(s *settings, dir, work string) (wrap, allocs, heap, write []sample, err error) {
	binary := filepath.Join(work, "gen.test")
	if _, err := runIn(dir, "go", "test", "-c", "-o", binary, "."); err != nil {
		return nil, nil, nil, nil, err
	}
	n := len(generators)
	wrap, allocs, heap, write = make([]sample, n), make([]sample, n), make([]sample, n), make([]sample, n)
	for range s.turns {
		out, err := runIn(dir, binary, "-test.run=^$", "-test.bench=Wrap|HookedWrite", "-test.benchtime="+(s.slice/4).String())
		if err != nil {
			return nil, nil, nil, nil, err
		}
		for _, m := range benchmarkLine.FindAllSubmatch(out, -1) {
			for i, g := range generators {
				if string(m[2]) != g.bench {
					continue
				}
				ns, err := strconv.ParseFloat(string(m[3]), 64)
				if err != nil {
					return nil, nil, nil, nil, err
				}
				if string(m[1]) == "HookedWrite" {
					write[i] = append(write[i], ns)
					continue
				}
				wrap[i] = append(wrap[i], ns)
				b, _ := strconv.ParseFloat(string(m[4]), 64) // cannot fail: the pattern only matches digits
				a, _ := strconv.ParseFloat(string(m[5]), 64)
				heap[i], allocs[i] = append(heap[i], b), append(allocs[i], a)
			}
		}
	}
	return wrap, allocs, heap, write, nil
}

// runIn runs a command in dir, without a Go workspace, and returns what it
// prints.
func runIn(dir, name string, args ...string) ([]byte, error) {
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off")
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, complaints.Bytes())
	}
	return out, nil
}
