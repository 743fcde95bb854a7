// Package io has the name of another package.
package io

import "io"

// A Stream is an alias of an interface.
type Stream = interface {
	io.Reader
	// Sum adds up.
	Sum(values ...int) int
}

// An Option has the type of a parameter.
type Option struct{ Name string }
