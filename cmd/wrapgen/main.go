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
//	func (w *countingWriter) Write(p []byte) (int, error)            { ... }
//	func (w *countingWriter) ReadFrom(r io.Reader) (int64, error)    { ... }
//
// Then declare the family, an interface that lists what its members always do
// and, after a blank line, what each of them may do:
//
//	//go:generate go run github.com/bodywrap/bodywrap/cmd/wrapgen
//
//	//wrapgen:for countingWriter
//	type counting interface {
//		http.ResponseWriter
//
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
// That makes the type countingSet, a set of optional methods; countingSetOf,
// which asks a value for its own; and the method counting, which picks a type:
//
//	c := &countingWriter{ResponseWriter: w}
//	return c.counting(countingSetOf(w))
//
// A method that the struct has is called on it, any other straight on the
// original, in the field of the type that the family begins with (or name it:
// //wrapgen:for countingWriter.field; of a struct in another package:
// ./dir.countingWriter). Every member has Unwrap, which returns the original.
// The compiler checks the interface, wrapgen the rest, before it writes.
//
// Beside an element of the family, a directive says
//
//	//wrapgen:needs Write  not without Write
//	//wrapgen:never Flush  not beside Flush, which is kept
//	//wrapgen:like Write   carries the same data as Write
//
// What carries the same data must not go round a method of the struct: Write
// has the relatives WriteString and ReadFrom, Read has WriteTo, Flush has
// FlushError, and like adds more. With a relative that the struct lacks
// nothing is generated, unless one of these, with or without the methods'
// names, says what is meant:
//
//	//wrapgen:route  call the struct's Write, Read or Flush
//	//wrapgen:hide   leave the element out
//	//wrapgen:pass   go straight to the original all the same
//
// The directive //wrapgen:as, beside for, adds countingAs[T](v), which finds a
// T along Unwrap.
//
// With -test there is also zz_counting_test.go, which proves all of this of
// each combination. Wrapgen does not wrap structs, functions or unexported
// methods of other packages, and does not read test files.
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
		http.ResponseWriter // always

		http.Flusher // optional, after a blank line
		io.ReaderFrom
	}

then:	c := &countingWriter{ResponseWriter: w}; return c.counting(countingSetOf(w))

  -check    write nothing; print a diff and exit 1 if a file is stale
  -list     write nothing; print what would be generated
  -max n    allow up to n combinations a family (default 256, at most 1024)
  -o file   write to file (one family only)
  -test     write a test of each file, too
  -v        print the number of combinations
`

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, stdout, stderr io.Writer) int {
	var config gen.Config
	flags := flag.NewFlagSet("wrapgen", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	check := flags.Bool("check", false, "")
	list := flags.Bool("list", false, "")
	verbose := flags.Bool("v", false, "")
	flags.IntVar(&config.Max, "max", 256, "")
	flags.StringVar(&config.Output, "o", "", "")
	flags.BoolVar(&config.Test, "test", false, "")
	err := flags.Parse(args)
	if err == nil && (config.Max < 1 || config.Max > gen.MostMax) {
		err = fmt.Errorf("-max has to be from 1 to %d", gen.MostMax)
	}
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdout, usage)
		return 0
	case err != nil:
		fmt.Fprintf(stderr, "wrapgen: %v\nRun wrapgen -h for usage.\n", err)
		return 2
	}

	result, err := gen.Generate(config, flags.Args()...)
	if err == nil && len(result.Families) == 0 {
		err = errors.New("no family here: none of these packages has a //wrapgen:for")
	}
	stale := false
	switch {
	case err != nil:
	case *list:
		printList(stdout, result)
	case *check:
		stale, err = printStale(stdout, result.Files)
	default:
		err = write(result.Files)
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
			fmt.Fprintf(stderr, "%s: %s has %d combinations\n", f.Path, f.Name, f.Combinations)
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

// printStale prints how the files on disk differ from what is generated, and
// whether any does.
func printStale(w io.Writer, files []gen.File) (stale bool, err error) {
	for _, f := range files {
		old, err := os.ReadFile(f.Path)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return stale, err
		}
		if diff := gen.Diff(filepath.ToSlash(f.Path), old, f.Content); diff != "" {
			stale = true
			fmt.Fprint(w, diff)
		}
	}
	return stale, nil
}

// write brings the disk up to date. Every file is written whole under another
// name first, so that a failure leaves all of them as they were.
func write(files []gen.File) (err error) {
	temporary := make(map[string]string) // by path
	defer func() {
		for _, name := range temporary {
			_ = os.Remove(name) // renamed already if all went well
		}
	}()
	for _, f := range files {
		if old, err := os.ReadFile(f.Path); f.Content == nil || err == nil && bytes.Equal(old, f.Content) {
			continue
		}
		temp, err := os.CreateTemp(filepath.Dir(f.Path), ".wrapgen-*")
		if err != nil {
			return err
		}
		temporary[f.Path] = temp.Name()
		_, err = temp.Write(f.Content)
		err = errors.Join(err, temp.Chmod(mode(f.Path)), temp.Close())
		if err != nil {
			return err
		}
	}
	for _, f := range files {
		if f.Content == nil {
			err = os.Remove(f.Path)
		} else if temp, ok := temporary[f.Path]; ok {
			err = os.Rename(temp, f.Path)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// mode returns the permissions of a file, or those of a new one.
func mode(path string) os.FileMode {
	if info, err := os.Stat(path); err == nil {
		return info.Mode().Perm()
	}
	return 0o644
}
