// Command size prints what package wrap adds to a program: the size of a
// stripped proxy that wraps bodies with it, less that of one that does not.
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
	with, without, err := measure()
	if err != nil {
		fmt.Fprintln(stderr, "size:", err)
		return 1
	}
	fmt.Fprintf(stdout, "with wrap.Body %d bytes, without %d: %d bytes, %.1f KiB\n",
		with, without, with-without, float64(with-without)/1024)
	return 0
}

// measure returns the sizes of both programs in bytes.
func measure() (with, without int64, err error) {
	dir, err := os.MkdirTemp("", "size")
	if err != nil {
		return 0, 0, err
	}
	defer os.RemoveAll(dir)
	if with, err = build(dir, "with"); err != nil {
		return 0, 0, err
	}
	without, err = build(dir, "without")
	return with, without, err
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
