package main

import (
	"fmt"
	"os"

	"github.com/bodywrap/bodywrap/internal/gen"
)

func main() {
	files, err := gen.Generate(gen.Config{}, os.Args[1:]...)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for _, f := range files {
		if err := os.WriteFile(f.Path, f.Content, 0o666); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}
