package wraptest

import (
	"bytes"
	"io"
)

// checkCounting compares the bytes that the wrapper has counted with those that
// went through it.
func checkCounting(found *subject, fresh maker) {
	for _, way := range []struct {
		name  string
		moves func(body io.ReadCloser) bool // false if body lacks the method
		reads bool                          // moves reads; if false, moves writes
	}{
		{"Read", func(b io.ReadCloser) bool { _, _ = readAll(b, make([]byte, 4096), nil); return true }, true},
		{"WriteTo, which io.Copy prefers to Read,", func(b io.ReadCloser) bool {
			w, ok := b.(io.WriterTo)
			if ok {
				_, _ = w.WriteTo(io.Discard)
			}
			return ok
		}, true},
		{"Write", func(b io.ReadCloser) bool {
			w, ok := b.(io.Writer)
			if ok {
				_, _ = w.Write(content)
			}
			return ok
		}, false},
		{"ReadFrom, which io.Copy prefers to Write,", func(b io.ReadCloser) bool {
			r, ok := b.(io.ReaderFrom)
			if ok {
				_, _ = r.ReadFrom(bytes.NewReader(content))
			}
			return ok
		}, false},
	} {
		counted, word := found.options.BytesWritten, "written"
		if way.reads {
			counted, word = found.options.BytesRead, "read"
		}
		if counted == nil {
			continue
		}
		s := fresh(bytes.NewReader(content))
		before := counted()
		if !way.moves(s.wrapped) {
			continue
		}
		if n := counted() - before; n != int64(len(content)) {
			found.fault("%s moves %d bytes, and the wrapper counts %d as %s", way.name, len(content), n, word)
		}
	}
}
