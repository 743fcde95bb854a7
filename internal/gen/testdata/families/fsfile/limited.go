// Package fsfile keeps a file from being read beyond a limit.
package fsfile

import (
	"io"
	"io/fs"
)

// Limit returns f as a file whose Read ends after n bytes.
func Limit(f fs.File, n int64) fs.File {
	l := &limitedFile{File: f, left: n}
	return l.limited(limitedSetOf(f))
}

// limited is what a file may do beside the methods that it always has.
//
//wrapgen:for limitedFile
//wrapgen:test
type limited interface {
	fs.ReadDirFile
	io.Seeker
	io.ReaderAt //wrapgen:needs Seek //wrapgen:pass
	io.WriterTo //wrapgen:route
}

type limitedFile struct {
	fs.File
	left int64
}

func (f *limitedFile) Read(p []byte) (int, error) {
	if f.left <= 0 {
		return 0, io.EOF
	}
	n, err := f.File.Read(p[:min(int64(len(p)), f.left)])
	f.left -= int64(n)
	return n, err
}
