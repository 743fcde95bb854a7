// Package oddities has in one family what generators stumble over.
package oddities

import (
	"context"
	tmpl "html/template"
	stdio "io"
	"text/template"

	"families/oddities/io"
)

// Wrap returns s as a stream of its own.
func Wrap(s io.Stream) io.Stream {
	o := &odd{stream: s}
	return o.oddity(odditySetOf(s))
}

type (
	// reset is unexported, and has an unexported method.
	reset interface {
		reset(oddity, odd int, o string) (err error)
	}

	named interface {
		// Name is in two elements.
		Name() string
		Rename(context context.Context, _ string, string string) error
	}

	pair interface {
		Name() string
		Close() error
	}
)

// oddity is the family.
//
//wrapgen:for odd
//wrapgen:test
type oddity interface {
	reset
	named
	pair
	Options(io io.Option, stdio stdio.Writer, options ...func(*io.Option) error) (<-chan struct{ A, B int }, [2]error)
	Templates(*template.Template, *tmpl.Template) (func(yield func(a, b int) bool), map[string][]any) // unnamed
	interface {
		// Get and Set are one.
		Get() (value any, ok bool)
		// Set is documented too.
		Set(value interface{ Len() int })
	}
}

type helper struct{}

// Sum comes from an embedded struct, and is part of what every member does.
func (helper) Sum(values ...int) int { return len(values) }

type odd struct {
	stream io.Stream
	helper
}

// Read is on the value, and has other names.
func (o odd) Read(buffer []byte) (count int, failure error) { return o.stream.Read(buffer) }

func (o *odd) Set(v interface{ Len() int }) {
	o.stream.(interface{ Set(interface{ Len() int }) }).Set(v)
}
