// Package hiddenfs hides files whose names begin with a dot.
package hiddenfs

import (
	"errors"
	"io"
	"io/fs"
	"strings"
)

// Hide returns fsys without the files and directories whose names begin with a
// dot.
func Hide(fsys fs.FS) fs.FS {
	h := &hidingFS{FS: fsys}
	return h.hiding(hidingSetOf(fsys))
}

// hiding is what a file system may do beside Open.
//
//wrapgen:for hidingFS
//wrapgen:test
type hiding interface {
	fs.ReadFileFS //wrapgen:route
	fs.ReadDirFS  //wrapgen:route
	fs.StatFS     //wrapgen:route
	fs.SubFS      //wrapgen:route
	fs.GlobFS     //wrapgen:route
	links
}

// links is fs.ReadLinkFS of Go 1.25, without Open.
type links interface {
	ReadLink(name string) (string, error)
	Lstat(name string) (fs.FileInfo, error)
}

type hidingFS struct{ fs.FS }

func (h *hidingFS) Open(name string) (fs.File, error) {
	if hidden(name) {
		return nil, notThere("open", name)
	}
	f, err := h.FS.Open(name)
	if err != nil {
		return nil, err
	}
	l := &listedFile{File: f}
	return l.listed(listedSetOf(f)), nil
}

func (h *hidingFS) ReadLink(name string) (string, error) {
	if hidden(name) {
		return "", notThere("readlink", name)
	}
	return h.FS.(links).ReadLink(name)
}

func (h *hidingFS) Lstat(name string) (fs.FileInfo, error) {
	if hidden(name) {
		return nil, notThere("lstat", name)
	}
	return h.FS.(links).Lstat(name)
}

// hidden reports whether an element of the path name begins with a dot.
func hidden(name string) bool {
	return name != "." && (strings.HasPrefix(name, ".") || strings.Contains(name, "/."))
}

func notThere(op, name string) error {
	return &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist}
}

// listed is what a file may do beside the methods that it always has.
//
//wrapgen:for listedFile
//wrapgen:test
type listed interface {
	fs.ReadDirFile
	io.Seeker
	io.ReaderAt
	io.WriterTo
}

// listedFile leaves hidden names out of a directory's list.
type listedFile struct{ fs.File }

func (f *listedFile) ReadDir(n int) ([]fs.DirEntry, error) {
	for {
		entries, err := f.File.(fs.ReadDirFile).ReadDir(n)
		shown := entries[:0:0]
		for _, e := range entries {
			if !hidden(e.Name()) {
				shown = append(shown, e)
			}
		}
		// With n > 0 an empty list without an error is not allowed.
		if len(shown) > 0 || n <= 0 || err != nil {
			return shown, err
		}
		if len(entries) == 0 {
			return nil, errors.New("ReadDir returned neither entries nor an error")
		}
	}
}
