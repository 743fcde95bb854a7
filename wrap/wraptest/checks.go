package wraptest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing/iotest"

	"github.com/bodywrap/bodywrap/wrap"
	"github.com/bodywrap/bodywrap/wrap/internal/chain"
)

// bodyChecks are the checks of a body, and of a connection as well. Each has
// the name of the method that it tests.
var bodyChecks = []check{
	{"methods", checkMethods},
	{"Read", checkRead},
	{"WriteTo", checkWriteTo},
	{"Write", checkWrite},
	{"ReadFrom", checkReadFrom},
	{"CloseWrite", checkCloseWrite},
	{"Close", checkClose},
	{"concurrency", checkConcurrency},
	{"Unwrap", checkUnwrap},
	{"counting", checkCounting},
}

// A maker makes a subject whose original reads from src.
type maker = func(src io.Reader) *subject

// nothing returns a reader at EOF.
func nothing() io.Reader { return strings.NewReader("") }

// content is the data that checks read and write. It is longer than one buffer,
// and no two blocks of it are equal.
var content = func() []byte {
	p := make([]byte, 40<<10)
	for i := range p {
		p[i] = byte(i*31 ^ i>>8*7)
	}
	return p
}()

func checkMethods(found *subject, fresh maker) {
	s := fresh(nothing())
	want := s.has.without(s.options.Hides)
	got := methodsOf(s.wrapped, s.family)
	for i, o := range optional {
		switch bit := methods(1) << i; {
		case want&^got&bit != 0:
			found.fault("the wrapper has no %s: %s", o.name, o.loss)
		case got&^s.has&bit != 0:
			found.fault("the wrapper has %s and the original does not: code that looks for it is misled", o.name)
		case got&^want&bit != 0:
			found.fault("the wrapper has %s, which Options.Hides says it hides", o.name)
		}
	}
}

// A result holds the results of a Read or Write.
type result struct {
	n   int
	err error
}

func (r result) String() string { return fmt.Sprintf("%d, %v", r.n, r.err) }

// scripted is a Reader that returns one result, and then io.EOF.
type scripted struct {
	result
	used bool
}

func (r *scripted) Read(p []byte) (int, error) {
	if r.used {
		return 0, io.EOF
	}
	r.used = true
	return copy(p, content[:r.n]), r.err
}

func checkRead(found *subject, fresh maker) {
	for _, want := range []result{{3, nil}, {0, nil}, {3, io.EOF}, {0, io.EOF}, {3, errOwn}, {0, errOwn}} {
		s := fresh(&scripted{result: want})
		p := make([]byte, 8)
		n, err := s.wrapped.Read(p)
		if got := (result{n, err}); got != want {
			found.fault("the original's Read returns %v; the wrapper's returns %v", want, got)
			return
		}
		if !bytes.Equal(p[:n], content[:n]) {
			found.fault("Read returns other bytes than the original's Read")
			return
		}
		if calls := s.count("Read"); calls != 1 {
			found.fault("one Read of %v reaches the original %d times", want, calls)
			return
		}
	}
	// All reads share these: to allocate them for each takes most of the
	// check's time.
	buf, all := make([]byte, 64<<10), make([]byte, len(content))
	for _, src := range sources {
		for _, size := range []int{1, 7, 4096, len(buf)} {
			want := content[:min(src.size, 100*size)] // no more than 100 reads
			s := fresh(src.of(bytes.NewReader(want)))
			clear(buf) // of the bytes that the last Reads left there
			got, err := readAll(s.wrapped, buf[:size:size], all[:0])
			if !bytes.Equal(got, want) || err != nil {
				found.fault("of an original that gives %s, Read with a buffer of %d gives %s", src.name, size, compared(got, want, err))
				return
			}
		}
	}
}

// sources are the ways in which a Reader may return its bytes.
var sources = []struct {
	name string
	size int                       // how many bytes of content there are
	of   func(io.Reader) io.Reader // makes such a Reader
}{
	{"all it has", len(content), func(r io.Reader) io.Reader { return r }},
	{"one byte at a time", 200, iotest.OneByteReader},
	{"half of what it is asked for", len(content), iotest.HalfReader},
	{"its last bytes together with EOF", len(content), iotest.DataErrReader},
	{"nothing now and then", len(content), func(r io.Reader) io.Reader { return &hesitant{r: r} }},
	{"nothing at all", 0, func(r io.Reader) io.Reader { return r }},
}

// hesitant returns 0, nil before each Read of r.
type hesitant struct {
	r     io.Reader
	empty bool // the last Read returned 0, nil
}

func (h *hesitant) Read(p []byte) (int, error) {
	if h.empty = !h.empty; h.empty {
		return 0, nil
	}
	return h.r.Read(p)
}

// readAll reads with the buffer p until an error, and appends what it has read
// to all. It gives up after 1000 Reads in a row that return neither bytes nor
// an error.
func readAll(r io.Reader, p, all []byte) ([]byte, error) {
	for empty := 0; empty < 1000; {
		n, err := r.Read(p)
		if n < 0 || n > len(p) {
			return all, fmt.Errorf("Read returned %d of a buffer of %d", n, len(p))
		}
		all = append(all, p[:n]...)
		if empty++; n > 0 {
			empty = 0
		}
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return all, err
		}
	}
	return all, io.ErrNoProgress
}

// compared says how got differs from want.
func compared(got, want []byte, err error) string {
	s := fmt.Sprintf("%d of %d bytes", len(got), len(want))
	if len(got) >= len(want) && !bytes.HasPrefix(got, want) || len(got) < len(want) && !bytes.HasPrefix(want, got) {
		s += ", not the same ones"
	}
	if err != nil {
		s += fmt.Sprintf(" and the error %q", err)
	}
	return s
}

func checkWriteTo(found *subject, fresh maker) {
	if s := fresh(nothing()); !is[io.WriterTo](s.shape) || !is[io.WriterTo](s.wrapped) {
		return
	}
	var got bytes.Buffer
	for _, src := range sources {
		s := fresh(src.of(bytes.NewReader(content[:src.size])))
		got.Reset()
		n, err := s.wrapped.(io.WriterTo).WriteTo(&got)
		if !bytes.Equal(got.Bytes(), content[:src.size]) || err != nil {
			found.fault("of an original that gives %s, WriteTo gives %s", src.name, compared(got.Bytes(), content[:src.size], err))
			return
		}
		if n != int64(got.Len()) {
			found.fault("WriteTo returns %d for %d bytes", n, got.Len())
			return
		}
		if calls := s.count("WriteTo"); calls > 1 {
			found.fault("one WriteTo reaches the original %d times", calls)
			return
		}
		s = fresh(src.of(bytes.NewReader(content[:src.size])))
		got.Reset()
		if _, err := io.Copy(&got, s.wrapped); !bytes.Equal(got.Bytes(), content[:src.size]) || err != nil {
			found.fault("of an original that gives %s, io.Copy gives %s", src.name, compared(got.Bytes(), content[:src.size], err))
			return
		}
	}
	s := fresh(&scripted{result: result{3, errOwn}})
	if n, err := s.wrapped.(io.WriterTo).WriteTo(io.Discard); n != 3 || err != errOwn {
		found.fault("reading fails after 3 bytes; WriteTo returns %d, %v and not that error", n, err)
		return
	}
	s = fresh(bytes.NewReader(content))
	errFull := errors.New("the writer's own error")
	full := writer(func(p []byte) (int, error) { return 2, errFull })
	if n, err := s.wrapped.(io.WriterTo).WriteTo(full); n != 2 || err != errFull {
		found.fault("the writer fails after 2 bytes; WriteTo returns %d, %v and not that error", n, err)
	}
}

func checkWrite(found *subject, fresh maker) {
	if s := fresh(nothing()); !is[io.Writer](s.shape) || !is[io.Writer](s.wrapped) {
		return
	}
	for _, want := range []result{{5, nil}, {3, errOwn}, {0, errOwn}} {
		s := fresh(nothing())
		s.onWrite = func(p []byte) (int, error) { return min(want.n, len(p)), want.err }
		p := []byte("hello")
		n, err := s.wrapped.(io.Writer).Write(p)
		switch {
		case string(p) != "hello":
			found.fault("Write changes the bytes of its caller's slice")
		case result{n, err} != want:
			found.fault("the original's Write returns %v; the wrapper's returns %v", want, result{n, err})
		case s.count("Write") != 1:
			found.fault("one Write reaches the original %d times", s.count("Write"))
		case string(s.written) != "hello"[:want.n]:
			found.fault("Write passes other bytes on than it was given")
		default:
			continue
		}
		return
	}
	for _, size := range []int{1, 1000, len(content)} {
		s := fresh(nothing())
		want := content[:min(len(content), 100*size)]
		for rest := want; len(rest) > 0; {
			n := min(size, len(rest))
			if m, err := s.wrapped.(io.Writer).Write(rest[:n]); m != n || err != nil {
				found.fault("a Write of %d bytes returns %d, %v", n, m, err)
				return
			}
			rest = rest[n:]
		}
		if !bytes.Equal(s.written, want) {
			found.fault("of what was written in pieces of %d, the original got %s", size, compared(s.written, want, nil))
			return
		}
	}
}

func checkReadFrom(found *subject, fresh maker) {
	if s := fresh(nothing()); !is[io.ReaderFrom](s.shape) || !is[io.ReaderFrom](s.wrapped) {
		return
	}
	for _, src := range sources {
		s := fresh(nothing())
		n, err := s.wrapped.(io.ReaderFrom).ReadFrom(src.of(bytes.NewReader(content[:src.size])))
		if !bytes.Equal(s.written, content[:src.size]) || err != nil {
			found.fault("from a reader that gives %s, ReadFrom passes on %s", src.name, compared(s.written, content[:src.size], err))
			return
		}
		if n != int64(src.size) {
			found.fault("ReadFrom returns %d for %d bytes", n, src.size)
			return
		}
		if calls := s.count("ReadFrom"); calls > 1 {
			found.fault("one ReadFrom reaches the original %d times", calls)
			return
		}
	}
	s := fresh(nothing())
	errRead := errors.New("the reader's own error")
	if n, err := s.wrapped.(io.ReaderFrom).ReadFrom(&scripted{result: result{3, errRead}}); n != 3 || err != errRead {
		found.fault("the reader fails after 3 bytes; ReadFrom returns %d, %v and not that error", n, err)
		return
	}
	s = fresh(nothing())
	s.onWrite = func(p []byte) (int, error) { return min(2, len(p)), errOwn }
	if n, err := s.wrapped.(io.ReaderFrom).ReadFrom(bytes.NewReader(content)); n != 2 || err != errOwn {
		found.fault("writing fails after 2 bytes; ReadFrom returns %d, %v and not that error", n, err)
	}
}

func checkCloseWrite(found *subject, fresh maker) {
	if s := fresh(nothing()); !is[closeWriter](s.shape) || !is[closeWriter](s.wrapped) {
		return
	}
	for _, want := range []error{nil, errOwn, errors.ErrUnsupported} {
		s := fresh(strings.NewReader("answer"))
		s.err = want
		err := s.wrapped.(closeWriter).CloseWrite()
		switch calls := s.count("CloseWrite"); {
		case calls == 0:
			found.fault("CloseWrite does not reach the original: the backend is not told, and both sides wait for each other")
			return
		case calls > 1:
			found.fault("one CloseWrite reaches the original %d times", calls)
			return
		case s.count("Close") > 0:
			found.fault("CloseWrite closes the original altogether: the answer that was to come is lost")
			return
		case err != want:
			found.fault("the original's CloseWrite returns %v; the wrapper's returns %v", want, err)
			return
		}
		// checkRead compares the bytes. Here any will do.
		if got, err := readAll(s.wrapped, make([]byte, 64), nil); len(got) == 0 {
			found.fault("after CloseWrite, Read gives %s: the answer that was to come is lost", compared(got, []byte("answer"), err))
			return
		}
	}
}

func checkClose(found *subject, fresh maker) {
	for _, want := range []error{nil, errOwn} {
		s := fresh(nothing())
		s.err = want
		err := s.wrapped.Close()
		switch {
		case s.count("Close") == 0:
			found.fault("Close does not reach the original: its connection leaks")
			return
		case err != want:
			found.fault("the original's Close returns %v; the wrapper's returns %v", want, err)
			return
		}
		panicked := func() (p any) {
			defer func() { p = recover() }()
			_ = s.wrapped.Close() // may fail, since it is closed
			return nil
		}()
		if panicked != nil {
			found.fault("a second Close panics: %v", panicked)
			return
		}
	}
}

// checkConcurrency makes the calls that ReverseProxy makes at the same time. No
// other call may wait for a Read that waits.
func checkConcurrency(found *subject, fresh maker) {
	s := fresh(nothing())
	s.blocks = true
	limit := s.options.Timeout
	read := start(func() { _, _ = s.wrapped.Read(make([]byte, 1)) })
	select {
	case <-s.reading:
	case <-read.returned:
		found.fault("a Read that should wait for the original returns at once")
		return
	}
	// In every case, close the original, so that the Read returns.
	defer read.within(limit)
	defer func() { _ = s.original.Close() }()
	calls := []struct {
		name string
		call func()
	}{
		{"Write", func() {
			if w, ok := s.wrapped.(io.Writer); ok {
				_, _ = w.Write([]byte("x"))
			}
		}},
		{"CloseWrite", func() {
			if c, ok := s.wrapped.(closeWriter); ok {
				_ = c.CloseWrite()
			}
		}},
		{"Close", func() { _ = s.wrapped.Close() }},
	}
	for _, c := range calls {
		if _, ok := start(c.call).within(limit); !ok {
			found.fault("%s waits for a Read that is under way: each direction stops the other", c.name)
			found.waited = true
			return
		}
	}
	race(fresh(bytes.NewReader(content)))
}

// race makes calls at the same time, for the race detector.
func race(s *subject) {
	const times = 50
	calls := []*done{
		start(func() {
			for range times {
				_, _ = s.wrapped.Read(make([]byte, 16))
			}
		}),
		start(func() {
			if w, ok := s.wrapped.(io.Writer); ok {
				for range times {
					_, _ = w.Write([]byte("x"))
				}
			}
			if c, ok := s.wrapped.(closeWriter); ok {
				_ = c.CloseWrite()
			}
		}),
		start(func() { _ = s.wrapped.Close() }),
	}
	for _, c := range calls {
		c.within(s.options.Timeout) // checkConcurrency has checked that they return
	}
}

func checkUnwrap(found *subject, fresh maker) {
	s := fresh(nothing())
	for at, steps := s.wrapped, 0; ; steps++ {
		// NetConn leads to the original, without the shape.
		if at == s.shape || at == io.ReadCloser(s.original) {
			return
		}
		next := wrap.Unwrap(at)
		if next == nil {
			if steps > 0 {
				found.fault("Unwrap does not lead to the original")
			}
			return
		}
		if steps == chain.Longest {
			found.fault("Unwrap leads round in a circle")
			return
		}
		at = next
	}
}
