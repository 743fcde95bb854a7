package transform

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"

	"github.com/bodywrap/bodywrap/wrap"
	"github.com/bodywrap/bodywrap/wrap/internal/copybuf"
	"github.com/bodywrap/bodywrap/wrap/internal/timeout"
)

// readHooks returns hooks that pass what is read from each body through a
// cutter of its own.
func readHooks(newCutter func() cutter) wrap.Hooks {
	return wrap.Hooks{New: func(body io.ReadCloser) wrap.Hooks {
		s := &readStream{rewriter: rewriter{cutter: newCutter()}, onClose: http.ErrBodyReadAfterClose}
		if _, ok := body.(net.Conn); ok {
			s.onClose = errReadClosedConn
		}
		return wrap.Hooks{Read: s.read, Close: s.close}
	}}
}

// writeHooks returns hooks that pass what is written to each body through a
// cutter of its own.
func writeHooks(newCutter func() cutter) wrap.Hooks {
	return wrap.TransformWrite(func(w io.Writer) *writeStream {
		return &writeStream{rewriter: rewriter{cutter: newCutter()}, w: w}
	})
}

var errReadClosedConn = fmt.Errorf("transform: read: %w", net.ErrClosed)

// A readStream rewrites what is read from one body. Unlike wrap.TransformRead
// it can end before the body, and needs no goroutine to go on after a timeout.
type readStream struct {
	closed  atomic.Bool // Close was called
	onClose error       // what Read returns after Close

	mu       sync.Mutex // held by Read for the whole call; guards rewriter
	rewriter rewriter
}

func (s *readStream) read(next io.Reader, p []byte) (int, error) {
	s.mu.Lock()
	defer s.releaseIfUnused()
	defer s.mu.Unlock()
	if s.closed.Load() {
		return 0, s.onClose
	}
	if len(p) == 0 {
		return 0, nil
	}
	rw := &s.rewriter
	for range copybuf.MaxEmptyReads {
		for {
			if n := rw.give(p); n > 0 {
				return n, nil
			}
			if rw.err != nil {
				rw.release()
				return 0, rw.err
			}
			free := rw.room()
			n, err := next.Read(free)
			if uint(n) > uint(len(free)) {
				return 0, fmt.Errorf("transform: a Read returned %d for %d bytes", n, len(free))
			}
			rw.w += n
			if timeout.Is(err) {
				return rw.give(p), err // the caller may read on
			}
			rw.ended = err
			if n == 0 && err == nil {
				break
			}
		}
	}
	return 0, io.ErrNoProgress
}

func (s *readStream) close(next io.Closer) error {
	s.closed.Store(true)
	defer s.releaseIfUnused() // also if the body's Close panics
	return next.Close()
}

// releaseIfUnused releases the buffer if Close was called and no Read is using
// the buffer. Close and each Read call releaseIfUnused last, so the last of
// them finds the buffer unused.
func (s *readStream) releaseIfUnused() {
	if !s.closed.Load() || !s.mu.TryLock() {
		return
	}
	defer s.mu.Unlock()
	s.rewriter.release()
}

// A writeStream rewrites what is written to one body, for wrap.TransformWrite.
type writeStream struct {
	rewriter rewriter
	w        io.Writer
}

var errEnded = errors.New("transform: write: the stream was ended by the function for records")

// Write takes all of p, unless the stream has ended or w fails.
func (s *writeStream) Write(p []byte) (n int, err error) {
	if s.rewriter.err != nil {
		return 0, s.result()
	}
	for n < len(p) && err == nil {
		c := copy(s.rewriter.room(), p[n:])
		s.rewriter.w += c
		n += c
		err = s.flush()
	}
	return n, err
}

// flush writes what the cutter has cut.
func (s *writeStream) flush() error {
	out := copybuf.Get()
	defer copybuf.Put(out)
	for {
		n := s.rewriter.give(out[:])
		if n == 0 {
			return s.result()
		}
		if _, err := s.w.Write(out[:n]); err != nil {
			return err
		}
	}
}

// result returns the rewriter's error as an error of Write.
func (s *writeStream) result() error {
	if s.rewriter.err == io.EOF {
		return errEnded
	}
	return s.rewriter.err
}

// Close writes the rest, unless the stream has ended.
func (s *writeStream) Close() error {
	defer s.rewriter.release()
	s.rewriter.ended = io.EOF
	if err := s.flush(); err != errEnded {
		return err
	}
	return nil
}
