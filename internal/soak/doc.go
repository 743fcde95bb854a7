// Package soak holds the module's tests of endurance: the standard library's
// own proxy tests with every body wrapped, faults injected at every byte of an
// exchange, and thousands of upgraded connections that end in every way there
// is. It has tests only. Their short form is part of
//
//	go test ./...
//
// The long form prints the table in README.md, and fuzzes each target of the
// module for ten minutes:
//
//	go test ./internal/soak -v -timeout 3h -long
//
// A failure names the seed that repeats it.
package soak
