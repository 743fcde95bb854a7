package wraptest

import (
	"errors"
	"testing"
)

// A Finding is one fault.
type Finding struct {
	Check string // the name of the check, as in Options.Skip
	Text  string // the fault, in one sentence
}

func (f *Finding) Error() string { return f.Check + ": " + f.Text }

// findings holds the results of all checks that have run, also of those that
// found no fault.
type findings []checked

// A checked is the result of one check.
type checked struct {
	name  string
	found []*Finding // empty if there was no fault
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

// report fails t with each finding. If t has subtests, each check is one.
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
