package wrap_test

import (
	"bytes"
	"io"
	"strings"

	"github.com/bodywrap/bodywrap/internal/shapes"
)

// The optional methods of a body, as bits of a mask.
const (
	hasWrite = 1 << iota
	hasCloseWrite
	hasWriteTo
	hasReadFrom
	allMethods = 1<<iota - 1
)

// methodNames names mask as Read+Close+Write.
func methodNames(mask int) string {
	names := []string{"Read", "Close"}
	for i, name := range []string{"Write", "CloseWrite", "WriteTo", "ReadFrom"} {
		if mask&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, "+")
}

// methodsOf returns the optional methods of v.
func methodsOf(v any) (mask int) {
	if _, ok := v.(io.Writer); ok {
		mask |= hasWrite
	}
	if _, ok := v.(interface{ CloseWrite() error }); ok {
		mask |= hasCloseWrite
	}
	if _, ok := v.(io.WriterTo); ok {
		mask |= hasWriteTo
	}
	if _, ok := v.(io.ReaderFrom); ok {
		mask |= hasReadFrom
	}
	return mask
}

// kept is mask without ReadFrom where Write is missing.
func kept(mask int) int {
	if mask&hasWrite == 0 {
		mask &^= hasReadFrom
	}
	return mask
}

// A recorder has every method of a body, and records each call.
type recorder struct {
	in    io.Reader
	out   bytes.Buffer
	calls []string
	err   error // what Close and CloseWrite return
}

func newRecorder(in string) *recorder { return &recorder{in: strings.NewReader(in)} }

func (r *recorder) note(call string) { r.calls = append(r.calls, call) }

func (r *recorder) Read(p []byte) (int, error) {
	r.note("Read")
	return r.in.Read(p)
}

func (r *recorder) Write(p []byte) (int, error) {
	r.note("Write")
	return r.out.Write(p)
}

func (r *recorder) Close() error {
	r.note("Close")
	return r.err
}

func (r *recorder) CloseWrite() error {
	r.note("CloseWrite")
	return r.err
}

func (r *recorder) WriteTo(w io.Writer) (int64, error) {
	r.note("WriteTo")
	return io.Copy(w, struct{ io.Reader }{r.in})
}

func (r *recorder) ReadFrom(src io.Reader) (int64, error) {
	r.note("ReadFrom")
	return io.Copy(struct{ io.Writer }{&r.out}, struct{ io.Reader }{src})
}

// only returns r with exactly the optional methods in mask.
func (r *recorder) only(mask int) io.ReadCloser {
	if mask == allMethods {
		return r
	}
	return shapes.OfBody(r, shapes.BodySet(mask))
}
