// Package soak holds the module's tests of endurance: the standard library's
// own proxy tests with every body wrapped, faults injected at every byte of an
// exchange, and upgraded connections by the thousand that are opened and ended
// in every way there is. It has tests only. Their short form is part of
//
//	go test ./...
//
// and the long form, which prints the table in README.md, and fuzzes each
// target of the module for ten minutes, is
//
//	go test ./internal/soak -v -timeout 3h -long
//
// A failure names the seed that does the same again.
package soak
