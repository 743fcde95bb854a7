package wraptest

import (
	"errors"
	"testing"
)

// A Finding is one fault.
type Finding struct {
	Check string // the name of the check that found it, as in Options.Skip
	Text  string // what is wrong, in one sentence
}

func (f *Finding) Error() string { return f.Check + ": " + f.Text }

// findings are what the checks that were made have found. A check that found
// nothing is there as well, with no findings.
type findings []checked

type checked struct {
	name  string
	found []*Finding
}

// joined returns all findings as one error, or nil.
func (fs findings) joined() error {
	var errs []error
	for _, c := range fs {
		for _, f := range c.found {
			errs = append(errs, f)
		}
	}
	return errors.Join(errs...)
}

// report fails t with each finding, in a subtest for each check if t has those.
func (fs findings) report(t testing.TB) {
	t.Helper()
	sub, ok := t.(interface {
		Run(name string, f func(t *testing.T)) bool
	})
	for _, c := range fs {
		if ok {
			sub.Run(c.name, c.report)
			continue
		}
		for _, f := range c.found {
			t.Error(f)
		}
	}
}

func (c checked) report(t *testing.T) {
	for _, f := range c.found {
		t.Error(f.Text)
	}
}
