package gen

import (
	"errors"
	"fmt"
	"go/importer"
	"go/types"
	"go/version"
	"io"
	"os"
	"runtime"
	"strings"
)

// An exportImporter imports from export data.
type exportImporter struct {
	l         *loader
	importMap map[string]string
	gc        types.Importer
	lookupErr error // of the last lookup
	newer     error // why Import fails, if the reason is that the Go release is too new
}

func newImporter(l *loader, importMap map[string]string) *exportImporter {
	i := &exportImporter{l: l, importMap: importMap}
	i.gc = importer.ForCompiler(l.fset, "gc", i.lookup)
	return i
}

// lookup opens the export data of a package.
func (i *exportImporter) lookup(path string) (file io.ReadCloser, err error) {
	defer func() { i.lookupErr = err }()
	if to, ok := i.importMap[path]; ok {
		path = to
	}
	d := i.l.deps[path]
	if d.Export != "" {
		return os.Open(d.Export)
	}
	if d.Error != nil {
		return nil, errors.New(strings.TrimSpace(d.Error.Err))
	}
	return nil, fmt.Errorf("go list -export %s has nothing", path)
}

// Import returns an error where package importer panics: it cannot read export
// data of a Go release that is newer than the one that built this program.
func (i *exportImporter) Import(path string) (p *types.Package, err error) {
	i.lookupErr = nil
	defer func() {
		if r := recover(); r != nil {
			p, err = nil, i.unreadable(fmt.Sprint(r))
		}
	}()
	p, err = i.gc.Import(path)
	if err != nil && i.lookupErr == nil {
		err = i.unreadable(err.Error())
	}
	return p, err
}

// unreadable returns the error for export data that cannot be read. If their Go
// release is newer than this program's, it says which has to build this
// program.
func (i *exportImporter) unreadable(why string) error {
	out, err := i.l.goCommand(i.l.dir, "env", "GOVERSION")
	used := strings.TrimSpace(string(out))
	if err != nil || version.Compare(version.Lang(used), version.Lang(runtime.Version())) <= 0 {
		return errors.New(why)
	}
	i.newer = fmt.Errorf("this wrapgen was built by %s and cannot read the packages that %s compiles here: build it by %[2]s, for example with go run or go tool in this module",
		runtime.Version(), used)
	return i.newer
}
