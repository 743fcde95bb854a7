package aferofile

import (
	"io"
	"io/fs"
	"strings"
	"testing"

	"github.com/spf13/afero"
)

func TestEveryByteIsCounted(t *testing.T) {
	for name, fsys := range map[string]afero.Fs{
		"memory":              afero.NewMemMapFs(),
		"disk":                afero.NewBasePathFs(afero.NewOsFs(), t.TempDir()),
		"files of package os": plain{afero.NewOsFs(), t.TempDir() + "/"},
	} {
		t.Run(name, func(t *testing.T) {
			var n Counts
			counted := Count(fsys, &n)
			_, was := fsys.(afero.Linker)
			if _, is := counted.(afero.Linker); is != was {
				t.Errorf("Linker: %v, was %v", is, was)
			}
			f, err := counted.Create("f")
			if err != nil {
				t.Fatal(err)
			}
			steps := []func() error{
				func() error { _, err := f.Write([]byte("1234")); return err },
				func() error { _, err := f.WriteString("5678"); return err },
				func() error { _, err := io.WriteString(f, "9012"); return err },
				func() error { _, err := io.Copy(f, struct{ io.Reader }{strings.NewReader("3456")}); return err },
				func() error { _, err := f.WriteAt([]byte("7890"), 16); return err },
			}
			for i, step := range steps {
				if err := step(); err != nil {
					t.Fatal(err)
				}
				if want := int64(4 * (i + 1)); n.Written != want {
					t.Errorf("step %d: %d bytes written are counted, want %d", i, n.Written, want)
				}
			}
			if _, ok := f.(interface{ Fd() uintptr }); ok {
				t.Error("the file has Fd")
			}
			if err := f.Close(); err != nil {
				t.Fatal(err)
			}
			if f, err = counted.Open("f"); err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			if _, err := f.ReadAt(make([]byte, 5), 0); err != nil || n.Read != 5 {
				t.Errorf("ReadAt: %v; %d bytes read are counted, want 5", err, n.Read)
			}
			if _, err := io.Copy(io.Discard, f); err != nil || n.Read != 25 {
				t.Errorf("Copy: %v; %d bytes read are counted, want 25", err, n.Read)
			}
		})
	}
}

// plain opens files below dir that afero has not wrapped.
type plain struct {
	afero.Fs
	dir string
}

func (p plain) Create(name string) (afero.File, error) { return p.Fs.Create(p.dir + name) }
func (p plain) Open(name string) (afero.File, error)   { return p.Fs.Open(p.dir + name) }

// A directory of package os keeps ReadDir, and one of memory does not get it.
func TestReadDirIsKept(t *testing.T) {
	for name, fsys := range map[string]afero.Fs{"os": afero.NewOsFs(), "memory": afero.NewMemMapFs()} {
		was, err := fsys.Open("/")
		if err != nil {
			t.Fatal(err)
		}
		defer was.Close()
		is, err := Count(fsys, new(Counts)).Open("/")
		if err != nil {
			t.Fatal(err)
		}
		defer is.Close()
		_, want := was.(fs.ReadDirFile)
		if _, got := is.(fs.ReadDirFile); got != want {
			t.Errorf("%s: ReadDir is there: %v, want %v", name, got, want)
		}
		if f, ok := countedAs[*countedFile](is); !ok || f.File == nil {
			t.Errorf("%s: countedAs does not find the struct", name)
		}
	}
}
