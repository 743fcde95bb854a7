// Wrapgen writes wrappers that can do exactly what the value they wrap can do.
//
// A wrapper of an http.ResponseWriter should be a Flusher just when the wrapped
// one is, and the same for every other optional method. Go cannot add a method
// at run time, so that takes one type for each combination. Write what is to
// be different, once, on a struct that holds the original:
//
//	// countingWriter counts what a handler writes.
//	type countingWriter struct {
//		http.ResponseWriter
//		n int64
//	}
//
//	func (w *countingWriter) Write(p []byte) (int, error)         { ... }
//	func (w *countingWriter) ReadFrom(r io.Reader) (int64, error) { ... }
//
// Then declare the family, an interface that lists what each of its members may
// or may not do:
//
//	//go:generate go tool wrapgen
//
//	//wrapgen:for countingWriter
//	type counting interface {
//		http.Flusher
//		http.Hijacker
//		io.ReaderFrom
//		io.StringWriter        //wrapgen:route
//		interface {            // both or neither
//			SetReadDeadline(time.Time) error
//			SetWriteDeadline(time.Time) error
//		}
//	}
//
// and make wrapgen a tool of the module, once. Vendoring takes it along:
//
//	go get -tool github.com/bodywrap/bodywrap/cmd/wrapgen
//
// Then go generate makes the type countingSet, a set of optional methods;
// countingSetOf, which asks a value for its own; and the method counting, which
// picks the type that has just these:
//
//	c := &countingWriter{ResponseWriter: w}
//	return c.counting(countingSetOf(w))
//
// Every member also has the methods of the original's type, the type of the
// struct's field that holds the original: the only field of an interface type,
// or the only embedded one. If there are several, name it: //wrapgen:for
// countingWriter.field. A struct in another package is ./dir.countingWriter. A
// method that the struct has is called on it, any other straight on the
// original. The compiler checks the interface, wrapgen the rest, before it
// writes.
//
// Every member has Unwrap, which returns the original, and a method with the
// struct's name, which returns the struct:
//
//	if m, ok := w.(interface{ countingWriter() *countingWriter }); ok {
//		n := m.countingWriter().n
//	}
//
// # Directives
//
// Beside //wrapgen:for, a line says of the family
//
//	//wrapgen:as              add countingAs[T](v), which looks along Unwrap
//	//wrapgen:nounwrap        its members have no Unwrap
//	//wrapgen:from find       find[T](original) finds an optional method T
//	//wrapgen:max 512         the bound of combinations: 256, at most 1024
//	//wrapgen:file name.go    the file: zz_counting.go
//	//wrapgen:test            add a test, which proves each member
//	//wrapgen:test newTest    the same, of structs that newTest returns
//	//wrapgen:like Send Post  these methods carry the same data
//
// and beside an element of the family
//
//	//wrapgen:always       every member has it; the struct has to
//	//wrapgen:needs Write  not without Write
//	//wrapgen:never Flush  not beside Flush, which is kept
//	//wrapgen:like Write   it carries the same data as Write
//	//wrapgen:hide         leave it out
//
// Unwrap leads to the original, and so does http.ResponseController, which uses
// it. So a method that is left out can still be reached by them, unless
// //wrapgen:nounwrap is beside for.
//
// # Nothing goes round a method unseen
//
// Methods that carry the same data are relatives: what the struct's Write
// counts must not go round it by ReadFrom. If a relative of a method that the
// struct has would go straight to the original, nothing is generated, unless a
// directive says what is meant:
//
//	//wrapgen:route  call the struct's method that it would go round
//	//wrapgen:pass   go straight to the original all the same
//
// Both go beside an element, with or without the names of its methods, or
// beside //wrapgen:for with the names of methods that the original always has.
//
// Wrapgen does not wrap structs or functions, and reads no test files.
//
// # Relatives
//
// Wrapgen knows the methods that package io, io/fs, net, net/http, os, bufio,
// hash and database/sql/driver declare under these names, with their
// signatures. The methods of a line are relatives of each other. For all other
// methods, //wrapgen:like states it. Hijack, File and NetConn are relatives of
// none: they hand out the connection, and their caller knows.
//
//	Read WriteTo ReadAt ReadByte ReadRune ReadString ReadBytes ReadSlice
//	    ReadLine Peek Discard Outer
//	Write ReadFrom WriteString WriteAt WriteByte WriteRune
//	Close CloseWithError
//	Sum Sum32 Sum64
//	Write Clone
//	Open ReadFile
//	Open ReadDir
//	Open Stat
//	Open Lstat
//	Open Sub
//	Open Glob
//	Open ReadLink
//	Stat Lstat
//	ReadDir Readdir Readdirnames
//	Flush FlushError
//	Read ReadFrom ReadFromUDP ReadFromUDPAddrPort ReadMsgUDP
//	    ReadMsgUDPAddrPort ReadFromUnix ReadMsgUnix ReadFromIP ReadMsgIP
//	Write WriteTo WriteToUDP WriteToUDPAddrPort WriteMsgUDP
//	    WriteMsgUDPAddrPort WriteToUnix WriteMsgUnix WriteToIP WriteMsgIP
//	Read SyscallConn
//	Write SyscallConn
//	ReadFrom SyscallConn
//	WriteTo SyscallConn
//	Read Fd
//	Write Fd
//	Accept AcceptTCP
//	Accept AcceptUnix
//	Accept SyscallConn
//	SetDeadline SetReadDeadline
//	SetDeadline SetWriteDeadline
//	Dial DialContext
//	Prepare PrepareContext
//	Prepare Exec ExecContext
//	Prepare Query QueryContext
//	Begin BeginTx
//	Exec ExecContext
//	Query QueryContext
//	CheckNamedValue ColumnConverter
//	Open OpenConnector
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/bodywrap/bodywrap/internal/gen"
)

const usage = `usage: wrapgen [flags] [packages]

Wrapgen writes wrappers that have exactly the optional methods of what they
wrap. It reads the families in the packages, by default the one in the current
directory, and writes zz_<family>.go next to each family's struct. A family:

	//wrapgen:for countingWriter
	type counting interface {
		http.Flusher
		io.ReaderFrom
	}

then:	c := &countingWriter{ResponseWriter: w}; return c.counting(countingSetOf(w))

  -check    write nothing; print a diff and exit 1 if a file is stale
  -list     write nothing; print what would be generated
  -v        print the number of combinations and the size of the files
`

func main() { os.Exit(run(gen.Config{}, os.Args[1:], os.Stdout, os.Stderr)) }

// run is the command in config.Dir. It returns the exit status.
func run(config gen.Config, args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("wrapgen", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	check := flags.Bool("check", false, "")
	list := flags.Bool("list", false, "")
	verbose := flags.Bool("v", false, "")
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdout, usage)
		return 0
	case err != nil:
		fmt.Fprintf(stderr, "wrapgen: %v\nRun wrapgen -h for usage.\n", err)
		return 2
	}

	result, err := gen.Generate(config, flags.Args()...)
	if err == nil && len(result.Families)+len(result.Files) == 0 {
		err = errors.New("no family here: none of these packages has a //wrapgen:for")
	}
	stale := false
	switch {
	case err != nil:
	case *list:
		printList(stdout, result)
	case *check:
		stale, err = printStale(stdout, config.Dir, result.Files)
	default:
		err = write(config.Dir, result.Files)
	}
	if err != nil {
		if !errors.As(err, new(gen.Faults)) {
			err = fmt.Errorf("wrapgen: %w", err)
		}
		fmt.Fprintln(stderr, err)
		return 1
	}
	if *verbose {
		for _, f := range result.Families {
			fmt.Fprintf(stderr, "%s: %s has %d combinations, %d bytes\n", f.Path, f.Name, f.Combinations, f.Size)
			if f.Holds != "" {
				fmt.Fprintf(stderr, "\t%s is embedded in %s, so its methods are kept out at twice the binary size; give the field a name to save that\n", f.Holds, f.Struct)
			}
		}
	}
	if stale {
		return 1
	}
	return 0
}

// printList prints what would be generated.
func printList(w io.Writer, result *gen.Result) {
	for _, f := range result.Families {
		fmt.Fprintf(w, "%s: %s for %s, %d combinations\n", f.Path, f.Name, f.Struct, f.Combinations)
		fmt.Fprintf(w, "\talways %s\n", strings.Join(f.Always, ", "))
		fmt.Fprintf(w, "\tmay    %s\n", strings.Join(f.Optional, ", "))
	}
	for _, f := range result.Files {
		if f.Content == nil {
			fmt.Fprintf(w, "%s: its family is gone, remove it\n", f.Path)
		}
	}
}

// printStale prints how the files on the disk differ from files, whose paths
// are relative to dir. It reports whether any does.
func printStale(w io.Writer, dir string, files []gen.File) (stale bool, err error) {
	for _, f := range files {
		old, err := os.ReadFile(filepath.Join(dir, f.Path))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return stale, err
		}
		if diff := gen.Diff(filepath.ToSlash(f.Path), gen.LF(old), f.Content); diff != "" {
			stale = true
			fmt.Fprint(w, diff)
		}
	}
	return stale, nil
}

// write brings the disk up to date with files, whose paths are relative to dir.
// It first writes each file whole under another name, then renames them all. If
// a rename fails, write gives the files before it their old content back.
func write(dir string, files []gen.File) (err error) {
	var changes []*change
	defer func() {
		for _, c := range changes {
			if err != nil {
				err = errors.Join(err, c.undo())
			}
			_ = os.Remove(c.temp) // renamed already if all went well
		}
	}()
	for _, f := range files {
		c := &change{path: filepath.Join(dir, f.Path), remove: f.Content == nil}
		c.old, err = os.ReadFile(c.path)
		switch {
		case err == nil && !c.remove && bytes.Equal(gen.LF(c.old), f.Content):
			continue // a checkout with CRLF is not stale
		case err == nil:
			c.existed = true
		case !errors.Is(err, os.ErrNotExist):
			return err
		}
		changes = append(changes, c)
		if err = c.prepare(f.Content); err != nil {
			return err
		}
	}
	for _, c := range changes {
		if err = c.do(); err != nil {
			return err
		}
	}
	return nil
}

// A change of one file: it is written, or removed.
type change struct {
	path    string
	remove  bool
	temp    string // the new content, or ""
	existed bool
	old     []byte
	mode    os.FileMode
	done    bool
}

// prepare writes the new content under another name.
func (c *change) prepare(content []byte) error {
	c.mode = mode(c.path)
	if c.remove {
		return nil
	}
	temp, err := os.CreateTemp(filepath.Dir(c.path), ".wrapgen-*")
	if err != nil {
		return err
	}
	c.temp = temp.Name()
	_, err = temp.Write(content)
	return errors.Join(err, temp.Chmod(c.mode), temp.Close())
}

func (c *change) do() (err error) {
	if c.remove {
		err = os.Remove(c.path)
	} else {
		err = os.Rename(c.temp, c.path)
	}
	c.done = err == nil
	return err
}

// undo gives the file its old content back.
func (c *change) undo() error {
	switch {
	case !c.done:
		return nil
	case !c.existed:
		return os.Remove(c.path)
	}
	return os.WriteFile(c.path, c.old, c.mode)
}

// mode returns the permissions of a file, or those of a new one.
func mode(path string) os.FileMode {
	if info, err := os.Stat(path); err == nil {
		return info.Mode().Perm()
	}
	return 0o644
}
