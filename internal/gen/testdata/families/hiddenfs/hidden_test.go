package hiddenfs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"
)

const secret = "nobody is to read this"

var tree = fstest.MapFS{
	"shown.txt":            {Data: []byte("shown")},
	".secret":              {Data: []byte(secret)},
	"dir/deep/shown.txt":   {Data: []byte("shown, too")},
	"dir/deep/.secret":     {Data: []byte(secret)},
	"dir/.git/config":      {Data: []byte(secret)},
	"dir/.git/hooks/shown": {Data: []byte(secret)},
	"only/.secret":         {Data: []byte(secret)},
}

// plain has Open alone.
type plain struct{ fsys fs.FS }

func (p plain) Open(name string) (fs.File, error) { return p.fsys.Open(name) }

// all has every method there is, in all versions of Go.
type all struct{ fstest.MapFS }

func (all) ReadLink(name string) (string, error) { return secret + name, nil }

func (a all) Lstat(name string) (fs.FileInfo, error) { return a.Stat(name) }

func (a all) Sub(name string) (fs.FS, error) {
	sub, err := a.MapFS.Sub(name)
	return sub, err
}

// fileSystems returns the tree in several forms.
func fileSystems(t *testing.T) map[string]fs.FS {
	t.Helper()
	dir := t.TempDir()
	for name, f := range tree {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, f.Data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return map[string]fs.FS{"Open alone": plain{tree}, "MapFS": tree, "all": all{tree}, "DirFS": os.DirFS(dir)}
}

// names are the paths of all files and directories of the tree.
func names() []string {
	found := map[string]bool{}
	for name := range tree {
		for ; name != "."; name = path.Dir(name) {
			found[name] = true
		}
	}
	var list []string
	for name := range found {
		list = append(list, name)
	}
	return list
}

func TestNothingHiddenLeaks(t *testing.T) {
	for form, fsys := range fileSystems(t) {
		t.Run(form, func(t *testing.T) {
			h := Hide(fsys)
			for _, name := range names() {
				results := look(h, name)
				for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
					sub, err := fs.Sub(h, dir)
					if err != nil { // fs.Sub does not look whether dir is there
						t.Errorf("Sub(%q): %v", dir, err)
						continue
					}
					for how, err := range look(sub, strings.TrimPrefix(name, dir+"/")) {
						results["Sub, "+how] = err
					}
				}
				for how, err := range results {
					// What fs.Sub makes of a file system without links has
					// ReadLink from Go 1.25 on, and returns fs.ErrInvalid.
					if hidden(name) && !errors.Is(err, fs.ErrNotExist) && (!errors.Is(err, fs.ErrInvalid) || !strings.HasSuffix(how, "ReadLink")) {
						t.Errorf("%s(%q): %v, want fs.ErrNotExist", how, name, err)
					}
					if !hidden(name) && err != nil {
						t.Errorf("%s(%q): %v", how, name, err)
					}
				}
			}
		})
	}
}

// look looks for name in each way that fsys has, and returns an error for each.
func look(fsys fs.FS, name string) map[string]error {
	results := map[string]error{}
	f, err := fsys.Open(name)
	if results["Open"] = err; err == nil {
		f.Close()
	}
	info, err := fs.Stat(fsys, name)
	results["Stat"] = err
	if err == nil && !info.IsDir() {
		_, results["ReadFile"] = fs.ReadFile(fsys, name)
	} else if err != nil {
		_, results["ReadFile"] = fs.ReadFile(fsys, name)
		_, results["ReadDir"] = fs.ReadDir(fsys, name)
	}
	if l, ok := fsys.(links); ok {
		_, results["Lstat"] = l.Lstat(name)
		if hidden(name) {
			_, results["ReadLink"] = l.ReadLink(name)
		}
	}
	listed := fmt.Errorf("not in the list: %w", fs.ErrNotExist)
	entries, err := fs.ReadDir(fsys, path.Dir(name))
	if err != nil {
		listed = err
	}
	for _, e := range entries {
		if e.Name() == path.Base(name) {
			listed = nil
		}
	}
	results["ReadDir of its directory"] = listed
	for _, pattern := range []string{name, path.Join(path.Dir(name), "*"), path.Join(path.Dir(name), "?"+path.Base(name)[1:])} {
		globbed := fmt.Errorf("not matched: %w", fs.ErrNotExist)
		matches, err := fs.Glob(fsys, pattern)
		if err != nil {
			globbed = err
		}
		for _, match := range matches {
			if match == name {
				globbed = nil
			}
		}
		results["Glob "+pattern] = globbed
	}
	return results
}

func TestWalkAndReadDirInPieces(t *testing.T) {
	for form, fsys := range fileSystems(t) {
		h := Hide(fsys)
		if err := fstest.TestFS(h, "shown.txt", "dir/deep/shown.txt", "only"); err != nil {
			t.Errorf("%s: %v", form, err)
		}
		err := fs.WalkDir(h, ".", func(name string, _ fs.DirEntry, err error) error {
			if hidden(name) {
				t.Errorf("%s: WalkDir finds %q", form, name)
			}
			return err
		})
		if err != nil {
			t.Errorf("%s: %v", form, err)
		}
		f, err := h.Open("dir")
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for {
			entries, err := f.(fs.ReadDirFile).ReadDir(1)
			if err != nil {
				break
			}
			for _, e := range entries {
				got = append(got, e.Name())
			}
		}
		f.Close()
		if want := []string{"deep"}; !reflect.DeepEqual(got, want) {
			t.Errorf("%s: ReadDir(1) lists %q, want %q", form, got, want)
		}
	}
}
