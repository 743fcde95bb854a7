package wrap_test

import (
	"io"
	"testing"
	"time"

	"github.com/bodywrap/bodywrap/internal/testkit"
	"github.com/bodywrap/bodywrap/wrap"
)

// funcs is a body whose methods are functions. A method with a nil function
// does nothing; Read then returns io.EOF.
type funcs struct {
	read       func(p []byte) (int, error)
	write      func(p []byte) (int, error)
	close      func() error
	closeWrite func() error
	writeTo    func(w io.Writer) (int64, error)
	readFrom   func(r io.Reader) (int64, error)
}

func (f *funcs) Read(p []byte) (int, error) {
	if f.read == nil {
		return 0, io.EOF
	}
	return f.read(p)
}

func (f *funcs) Write(p []byte) (int, error) {
	if f.write == nil {
		return len(p), nil
	}
	return f.write(p)
}

func (f *funcs) Close() error {
	if f.close == nil {
		return nil
	}
	return f.close()
}

func (f *funcs) CloseWrite() error {
	if f.closeWrite == nil {
		return nil
	}
	return f.closeWrite()
}

func (f *funcs) WriteTo(w io.Writer) (int64, error) {
	if f.writeTo == nil {
		return 0, nil
	}
	return f.writeTo(w)
}

func (f *funcs) ReadFrom(r io.Reader) (int64, error) {
	if f.readFrom == nil {
		return 0, nil
	}
	return f.readFrom(r)
}

// readOnly is f without its optional methods.
func (f *funcs) readOnly() io.ReadCloser {
	return struct {
		io.Reader
		io.Closer
	}{f, f}
}

// receive returns the next value from c.
func receive[T any](t *testing.T, c <-chan T, what string) (v T) {
	t.Helper()
	select {
	case v = <-c:
	case <-time.After(testkit.Patience):
		t.Fatalf("%s did not come within %v", what, testkit.Patience)
	}
	return v
}

// summaries returns a function for Done, and the channel to which it sends.
func summaries() (func(wrap.Summary), chan wrap.Summary) {
	c := make(chan wrap.Summary, 16)
	return func(s wrap.Summary) { c <- s }, c
}

// one returns the only summary in c.
func one(t *testing.T, c chan wrap.Summary) (s wrap.Summary) {
	t.Helper()
	if len(c) != 1 {
		t.Fatalf("Done was called %d times, want once", len(c))
	}
	return <-c
}
