// Command size prints what package wrap adds to a program: how much larger a
// stripped proxy is that wraps bodies, or bodies and connections.
//
//	go run ./internal/size
package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

func main() {
	os.Exit(run(os.Stdout, os.Stderr))
}

func run(stdout, stderr io.Writer) int {
	sizes, err := measure()
	if err != nil {
		fmt.Fprintln(stderr, "size:", err)
		return 1
	}
	for _, a := range additions {
		with, without := sizes[a.with], sizes[a.without]
		fmt.Fprintf(stdout, "with %s %d bytes, without %d: %d bytes, %.1f KiB\n",
			a.name, with, without, with-without, float64(with-without)/1024)
	}
	return 0
}

// additions are what a program can use of package wrap. Each is measured as the
// difference between two programs, which are named for their folders.
var additions = []struct {
	name          string
	with, without string
}{
	{"wrap.Body", "with", "without"},
	{"wrap.Conn", "conn", "with"},
}

// measure returns the sizes of all programs in bytes, by name.
func measure() (map[string]int64, error) {
	dir, err := os.MkdirTemp("", "size")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	sizes := make(map[string]int64)
	for _, a := range additions {
		for _, name := range []string{a.with, a.without} {
			if sizes[name], err = build(dir, name); err != nil {
				return nil, err
			}
		}
	}
	return sizes, nil
}

func build(dir, name string) (int64, error) {
	file := filepath.Join(dir, name)
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", file, "github.com/bodywrap/bodywrap/internal/size/"+name)
	if out, err := cmd.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("go build: %w\n%s", err, out)
	}
	info, err := os.Stat(file)
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}
