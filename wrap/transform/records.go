package transform

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/bodywrap/bodywrap/wrap"
)

// Options are the settings of hooks for records. The zero value, and a nil
// pointer, are ready for the body of a response or request.
type Options struct {
	// MaxSize is how many bytes of the stream one record may have, with its
	// separators. If zero, 1 MiB. MaxSize bounds the memory of a hook; the
	// length of the stream has no bound.
	MaxSize int

	// PassLong says that a record longer than MaxSize passes unchanged,
	// without a call of the function. If false, such a record ends the body
	// with a *TooLongError.
	PassLong bool

	// Write says that the hook sees what is written to the body, and not
	// what is read from it. It is for connections and upgraded bodies: all
	// others have no Write.
	Write bool
}

const defaultMaxSize = 1 << 20

// A TooLongError says that a record was longer than MaxSize.
type TooLongError struct {
	MaxSize int // in bytes
}

func (e *TooLongError) Error() string {
	return fmt.Sprintf("transform: a record is longer than %d bytes; see Options.MaxSize and PassLong", e.MaxSize)
}

// Records calls f for each record of a stream, and puts the result in its
// place. split finds the records, as it does for a [bufio.Scanner]. The bytes
// that split leaves out of a record, such as line ends, stay in the stream. If
// split returns a copy, and not a slice of its data, f gets all the bytes that
// split has advanced over.
//
// f returns the record to send. It must not keep record, and may change its
// bytes. The result must stay as it is until f is called again for the same
// body.
//
//   - If f returns record itself, the stream has the same bytes as before.
//   - If f returns other bytes, these go out between the separators of the
//     record. To add records, return several with separators between them.
//   - If f returns nil, neither the record nor its separators go out. An empty
//     slice that is not nil is an empty record. For a record that is empty
//     already, nil means no change, because functions such as
//     [bytes.ReplaceAll] return nil for an empty slice.
//   - If f returns an error, the body ends with that error, after the records
//     before this one. [io.EOF] ends the body without an error, after the bytes
//     that f returns beside it. The rest of the original is not read then.
//
// A record goes out as soon as split has found its end, without waiting for the
// next one to come. If several have come together, f may be called for all of
// them before the first goes out. A slow f slows the body down. If split does
// not find the end of the last record, these bytes go out unchanged. Bytes that
// came before an error of the body are treated as the end of the stream, and
// the error follows.
//
// f is called by one goroutine at a time for each body. If the hook is given to
// several bodies, f is called for all of them, and must be safe for concurrent
// use. Where f keeps state for one stream, make a hook for each response, as
// the function that is given to [wrap.ModifyResponse] can.
//
// Content with a Content-Encoding is decoded, and encoded again afterwards, as
// [Plain] does with the codings that it knows. For others, put the hook into
// Plain. A nil split or f panics.
func Records(split bufio.SplitFunc, f func(record []byte) ([]byte, error), o *Options) wrap.Hooks {
	if split == nil || f == nil {
		panic("transform: Records: a function is nil; it needs a split function, such as bufio.ScanWords, and one to call for each record")
	}
	return recordHooks(o, anyContent, func() (finder, func([]byte) ([]byte, error)) { return splitter(split), f })
}

// Lines is [Records] for lines, which end in LF or CRLF. The line that f gets
// has no line end. The last line of a stream may have none. Newline-delimited
// JSON consists of lines.
//
//	redacted := transform.Lines(func(line []byte) ([]byte, error) {
//		return secret.ReplaceAll(line, []byte("***")), nil
//	}, nil)
//
// A nil f panics.
func Lines(f func(line []byte) ([]byte, error), o *Options) wrap.Hooks {
	if f == nil {
		panic("transform: Lines: the function is nil; leave the hook out")
	}
	return recordHooks(o, anyContent, func() (finder, func([]byte) ([]byte, error)) { return &lineFinder{}, f })
}

// recordHooks returns hooks that call, for each record of a message that fits,
// the function that parts returns with the finder for one body.
func recordHooks(o *Options, fits func(wrap.Message) bool, parts func() (finder, func([]byte) ([]byte, error))) wrap.Hooks {
	var opt Options
	if o != nil {
		opt = *o
	}
	if opt.MaxSize < 0 {
		panic("transform: Options.MaxSize is negative; for 1 MiB, leave it 0")
	}
	if opt.MaxSize == 0 {
		opt.MaxSize = defaultMaxSize
	}
	newCutter := func() cutter {
		find, f := parts()
		return &recordCutter{finder: find, f: f, opt: opt}
	}
	return contentHooks(opt.Write, fits, newCutter)
}

// contentHooks returns hooks with a cutter for each body. Given to a message,
// they see its content without its Content-Encoding.
func contentHooks(write bool, fits func(wrap.Message) bool, newCutter func() cutter) wrap.Hooks {
	if write {
		return writeHooks(newCutter)
	}
	h := readHooks(newCutter)
	plain := h
	plain.Content = func(m wrap.Message) wrap.Hooks {
		if !fits(m) {
			return wrap.Hooks{}
		}
		return h
	}
	h.Content = Plain(nil, plain).Content
	return h
}

func anyContent(wrap.Message) bool { return true }

// A finder finds the records in one stream.
type finder interface {
	// find returns the first record in data. data is the rest of the
	// stream that no earlier find has covered. At the end of the stream
	// find covers at least one byte.
	find(data []byte, atEOF bool) (found, error)

	// passed says that data was covered, although find has found no record
	// in it.
	passed(data []byte)
}

// found is what find has found in data: a record with its separators in
// data[:advance], of which data[start:end] is for the function. The compiler
// keeps a struct of at most four fields in registers, which matters here.
type found struct {
	advance    int // 0 if more bytes are needed
	start, end int // 0 without a record
	kind       kind
}

// A kind says what data[:advance] is.
type kind int

const (
	separator  kind = iota // it is no part of a record
	record                 // it is a record
	lastRecord             // it is a record, and what follows is none
	lastBytes              // it is no record, and neither is what follows
	lateLF                 // it is the LF of a CRLF that ends the record before
)

// A recordCutter is the cutter of hooks for records.
type recordCutter struct {
	finder finder
	f      func(record []byte) ([]byte, error)
	opt    Options

	dropLF bool // drop an LF that belongs to the last record
	long   bool // data begins within a record that is too long
	rest   bool // no more records
}

// cut covers as many records as it can: up to the first one that changes.
func (c *recordCutter) cut(data []byte, atEOF bool) (piece, error) {
	passed := 0 // how many bytes are covered and unchanged
	for passed < len(data) && !c.rest {
		rest := data[passed:]
		at, err := c.finder.find(rest, atEOF)
		if err != nil {
			return piece{pass: passed}, err
		}
		c.rest = at.kind == lastRecord || at.kind == lastBytes
		switch {
		case at.advance == 0 && passed > 0:
			return piece{pass: passed}, nil
		case at.advance == 0:
			return c.incomplete(rest)
		case at.kind == lateLF && c.dropLF:
			return piece{pass: passed, drop: at.advance}, nil
		case at.kind != record && at.kind != lastRecord:
			passed += at.advance
			continue
		case c.long || at.advance > c.opt.MaxSize && c.opt.PassLong:
			c.long, c.dropLF = false, false
			passed += at.advance
			continue
		case at.advance > c.opt.MaxSize:
			return piece{pass: passed}, &TooLongError{c.opt.MaxSize}
		}
		in := rest[at.start:at.end:at.end]
		out, err := c.f(in)
		switch {
		case err == nil && (same(out, in) || out == nil && len(in) == 0):
			c.dropLF = false
			passed += at.advance
			continue
		case out == nil || err != nil && err != io.EOF:
			c.dropLF = true
			return piece{pass: passed, drop: at.advance}, err
		}
		c.dropLF = !bytes.HasSuffix(out, cr)
		return piece{passed + at.start, out, len(in), at.advance - at.end}, err
	}
	if c.rest {
		passed = len(data)
	}
	return piece{pass: passed}, nil
}

// incomplete returns the piece for the beginning of a record.
func (c *recordCutter) incomplete(data []byte) (piece, error) {
	switch {
	case !c.long && len(data) <= c.opt.MaxSize:
		return piece{}, nil
	case !c.opt.PassLong:
		return piece{}, &TooLongError{c.opt.MaxSize}
	}
	c.long = true
	c.finder.passed(data)
	return piece{pass: len(data)}, nil
}

// same reports whether a and b have the same bytes.
func same(a, b []byte) bool { return a != nil && bytes.Equal(a, b) }

// A splitter is a finder that asks a split function.
type splitter bufio.SplitFunc

var errNoAdvance = errors.New("transform: the split function returned a record and did not advance")

func (split splitter) find(data []byte, atEOF bool) (at found, err error) {
	advance, token, err := split(data, atEOF)
	final := err == bufio.ErrFinalToken
	at = found{advance: advance}
	switch {
	case token != nil && final:
		at.kind = lastRecord
	case token != nil:
		at.kind = record
	case final:
		at.kind = lastBytes
	}
	switch {
	case err != nil && !final:
		return at, err
	case advance < 0:
		return at, bufio.ErrNegativeAdvance
	case advance > len(data):
		return at, bufio.ErrAdvanceTooFar
	case token == nil && advance == 0 && (atEOF || final):
		at.advance = len(data)
		return at, nil
	case token == nil:
		return at, nil
	}
	covered := data[:advance]
	if final {
		covered = data
	}
	at.end = advance // of a record that is a copy
	if i := place(token, covered); i >= 0 {
		at.start, at.end = i, i+len(token)
	}
	at.advance = max(advance, at.end)
	if at.advance == 0 {
		return at, errNoAdvance
	}
	return at, nil
}

// place returns where in data the slice token begins, or -1 if it is a slice
// of other bytes. An empty slice without capacity may be of any.
func place(token, data []byte) int {
	if cap(token) == 0 {
		return 0
	}
	array, first := data[:cap(data)], &token[:1][0]
	isAt := func(i int) bool {
		return 0 <= i && i+len(token) <= len(data) && i < len(array) && &array[i] == first
	}
	// Most slices of data end where the array of data ends.
	if i := cap(data) - cap(token); isAt(i) {
		return i
	}
	for i := range len(data) + 1 {
		if isAt(i) {
			return i
		}
	}
	return -1
}

func (splitter) passed([]byte) {}

// A lineFinder is the finder of Lines.
type lineFinder struct {
	scanned int // how many bytes of data are known to have no LF
}

func (l *lineFinder) find(data []byte, atEOF bool) (found, error) {
	i := bytes.IndexByte(data[l.scanned:], '\n')
	if i < 0 && !atEOF {
		l.scanned = len(data)
		return found{}, nil
	}
	at := found{advance: len(data), end: len(data), kind: record}
	if i >= 0 {
		at.end = l.scanned + i
		at.advance = at.end + 1
		if at.end > 0 && data[at.end-1] == '\r' {
			at.end--
		}
	}
	l.scanned = 0
	return at, nil
}

func (l *lineFinder) passed([]byte) { l.scanned = 0 }
