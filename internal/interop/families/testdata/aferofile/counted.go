// Package aferofile counts the bytes that go through an afero.Fs.
package aferofile

import (
	"io"
	"io/fs"
	"os"
	"syscall"
	"time"

	"github.com/spf13/afero"
)

// Counts are the bytes that were read and written.
type Counts struct{ Read, Written int64 }

// Count returns fsys as a file system whose files add to n.
func Count(fsys afero.Fs, n *Counts) afero.Fs {
	c := &countedFs{Fs: fsys, n: n}
	return c.system(systemSetOf(fsys))
}

// system is what an afero.Fs may do beside its methods.
//
//wrapgen:for countedFs
//wrapgen:test
type system interface {
	afero.Lstater
	afero.Linker
	afero.LinkReader
}

type countedFs struct {
	afero.Fs
	n *Counts
}

func (c *countedFs) Create(name string) (afero.File, error) {
	f, err := c.Fs.Create(name)
	return c.count(f, err)
}

func (c *countedFs) Open(name string) (afero.File, error) {
	f, err := c.Fs.Open(name)
	return c.count(f, err)
}

func (c *countedFs) OpenFile(name string, flag int, perm os.FileMode) (afero.File, error) {
	f, err := c.Fs.OpenFile(name, flag, perm)
	return c.count(f, err)
}

func (c *countedFs) count(f afero.File, err error) (afero.File, error) {
	if err != nil {
		return nil, err
	}
	w := &countedFile{File: f, n: c.n}
	return w.counted(countedSetOf(f)), nil
}

// counted is what files that an afero.Fs opens, *os.File among them, may do.
// ReadAt, WriteAt and WriteString they always have.
//
//wrapgen:for countedFile
//wrapgen:route WriteString
//wrapgen:test newTestFile
//wrapgen:as
type counted interface {
	fs.ReadDirFile
	io.ReaderFrom
	io.WriterTo  //wrapgen:route
	syscall.Conn //wrapgen:pass // its user knows
	Fd() uintptr //wrapgen:hide // reads and writes nobody knows of
	interface {
		SetDeadline(t time.Time) error
		SetReadDeadline(t time.Time) error
		SetWriteDeadline(t time.Time) error
	}
}

type countedFile struct {
	afero.File
	n *Counts
}

// newTestFile is for the generated test.
func newTestFile(f afero.File) *countedFile { return &countedFile{File: f, n: new(Counts)} }

func (f *countedFile) Read(p []byte) (int, error) {
	n, err := f.File.Read(p)
	f.n.Read += int64(n)
	return n, err
}

func (f *countedFile) ReadAt(p []byte, off int64) (int, error) {
	n, err := f.File.ReadAt(p, off)
	f.n.Read += int64(n)
	return n, err
}

func (f *countedFile) Write(p []byte) (int, error) {
	n, err := f.File.Write(p)
	f.n.Written += int64(n)
	return n, err
}

func (f *countedFile) WriteAt(p []byte, off int64) (int, error) {
	n, err := f.File.WriteAt(p, off)
	f.n.Written += int64(n)
	return n, err
}

func (f *countedFile) ReadFrom(r io.Reader) (int64, error) {
	n, err := f.File.(io.ReaderFrom).ReadFrom(r)
	f.n.Written += n
	return n, err
}
