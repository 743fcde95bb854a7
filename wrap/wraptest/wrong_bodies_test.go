package wraptest_test

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"

	"github.com/bodywrap/bodywrap/wrap"
)

// everything is a body with every method of a body.
type everything interface {
	io.ReadWriteCloser
	io.WriterTo
	io.ReaderFrom
	wrap.CloseWriter
}

// wrongBody applies wrong to a body that has every method, and returns all
// other bodies unchanged.
func wrongBody(wrong func(everything) io.ReadCloser) func(io.ReadCloser) io.ReadCloser {
	return func(body io.ReadCloser) io.ReadCloser {
		if b, ok := body.(everything); ok {
			return wrong(b)
		}
		return body
	}
}

// Each of these types has one fault.
type (
	losesWrite struct {
		io.ReadCloser
		io.WriterTo
		io.ReaderFrom
		wrap.CloseWriter
	}
	losesCloseWrite struct {
		io.ReadWriteCloser
		io.WriterTo
		io.ReaderFrom
	}
	losesWriteTo struct {
		io.ReadWriteCloser
		io.ReaderFrom
		wrap.CloseWriter
	}
	losesReadFrom struct {
		io.ReadWriteCloser
		io.WriterTo
		wrap.CloseWriter
	}
	addsCloseWrite struct{ io.ReadWriteCloser }
	addsWrite      struct{ io.ReadCloser }

	dropsBytesWithEOF   struct{ everything }
	wrapsErrors         struct{ everything }
	hidesReadError      struct{ everything }
	readsOnAfterNothing struct{ everything }
	fillsTheBuffer      struct{ everything }
	changesWhatIsRead   struct{ everything }
	inventsEOF          struct{ everything }

	skipsOneByte      struct{ everything }
	countsWrong       struct{ everything }
	hidesCopyError    struct{ everything }
	stopsAtOneBuffer  struct{ everything }
	changesCallers    struct{ everything }
	claimsAll         struct{ everything }
	hidesWriteError   struct{ everything }
	writesInTwo       struct{ everything }
	dropsTheLastByte  struct{ everything }
	readsFromNoMore   struct{ everything }
	hidesSourceError  struct{ everything }
	miscountsReadFrom struct{ everything }

	liesAboutCloseWrite struct{ everything }
	closesAltogether    struct{ everything }
	closesWriteTwice    struct{ everything }
	hidesCloseWrite     struct{ everything }
	stopsReading        struct {
		everything
		stopped *atomic.Bool
	}

	doesNotClose    struct{ everything }
	hidesCloseError struct{ everything }
	panicsAtSecond  struct {
		everything
		closed *atomic.Bool
	}

	locksWrite struct {
		everything
		mu *sync.Mutex
	}
	locksCloseWrite struct {
		everything
		mu *sync.Mutex
	}
	locksClose struct {
		everything
		mu *sync.Mutex
	}

	unwrapsElsewhere struct{ everything }
	unwrapsToItself  struct{ everything }
)

func (addsCloseWrite) CloseWrite() error         { return nil }
func (addsWrite) Write(p []byte) (int, error)    { return len(p), nil }
func (w unwrapsElsewhere) Unwrap() io.ReadCloser { return io.NopCloser(w.everything) }
func (w unwrapsToItself) Unwrap() io.ReadCloser  { return w }

func (w dropsBytesWithEOF) Read(p []byte) (int, error) {
	n, err := w.everything.Read(p)
	if err == io.EOF {
		n = 0
	}
	return n, err
}

func (w wrapsErrors) Read(p []byte) (int, error) {
	n, err := w.everything.Read(p)
	if err != nil && err != io.EOF {
		err = fmt.Errorf("metered: %w", err)
	}
	return n, err
}

func (w hidesReadError) Read(p []byte) (int, error) {
	n, err := w.everything.Read(p)
	if err != nil {
		err = io.EOF
	}
	return n, err
}

func (w readsOnAfterNothing) Read(p []byte) (int, error) {
	n, err := w.everything.Read(p)
	if n == 0 && err == nil {
		return w.everything.Read(p)
	}
	return n, err
}

func (w fillsTheBuffer) Read(p []byte) (int, error) { return io.ReadFull(w.everything, p) }

func (w changesWhatIsRead) Read(p []byte) (int, error) {
	n, err := w.everything.Read(p)
	if n > 0 {
		p[n-1] ^= 1
	}
	return n, err
}

func (w inventsEOF) Read(p []byte) (int, error) {
	n, err := w.everything.Read(p)
	if n == 0 && err == nil {
		err = io.EOF
	}
	return n, err
}

func (w skipsOneByte) WriteTo(dst io.Writer) (int64, error) {
	if _, err := w.everything.Read(make([]byte, 1)); err == io.EOF {
		return 0, nil
	}
	return w.everything.WriteTo(dst)
}

func (w countsWrong) WriteTo(dst io.Writer) (int64, error) {
	n, err := w.everything.WriteTo(dst)
	if err == nil {
		n++
	}
	return n, err
}

func (w hidesCopyError) WriteTo(dst io.Writer) (int64, error) {
	n, _ := w.everything.WriteTo(dst)
	return n, nil
}

func (w stopsAtOneBuffer) WriteTo(dst io.Writer) (int64, error) {
	return io.Copy(dst, io.LimitReader(struct{ io.Reader }{w.everything}, 32<<10))
}

func (w changesCallers) Write(p []byte) (int, error) {
	n, err := w.everything.Write(p)
	clear(p)
	return n, err
}

func (w claimsAll) Write(p []byte) (int, error) {
	_, err := w.everything.Write(p)
	return len(p), err
}

func (w hidesWriteError) Write(p []byte) (int, error) {
	n, _ := w.everything.Write(p)
	return n, nil
}

func (w writesInTwo) Write(p []byte) (int, error) {
	n, err := w.everything.Write(p[:len(p)/2])
	if err != nil {
		return n, err
	}
	m, err := w.everything.Write(p[len(p)/2:])
	return n + m, err
}

func (w dropsTheLastByte) Write(p []byte) (int, error) {
	n, err := w.everything.Write(p[:len(p)-1])
	if err == nil {
		n++
	}
	return min(n, len(p)), err
}

func (w readsFromNoMore) ReadFrom(r io.Reader) (int64, error) {
	return w.everything.ReadFrom(io.LimitReader(r, 32<<10))
}

func (w hidesSourceError) ReadFrom(r io.Reader) (int64, error) {
	n, _ := w.everything.ReadFrom(r)
	return n, nil
}

func (w miscountsReadFrom) ReadFrom(r io.Reader) (int64, error) {
	_, err := w.everything.ReadFrom(r)
	return 0, err
}

func (liesAboutCloseWrite) CloseWrite() error { return nil }
func (w closesAltogether) CloseWrite() error {
	return errors.Join(w.everything.CloseWrite(), w.Close())
}
func (w closesWriteTwice) CloseWrite() error {
	_ = w.everything.CloseWrite()
	return w.everything.CloseWrite()
}
func (w hidesCloseWrite) CloseWrite() error {
	_ = w.everything.CloseWrite()
	return nil
}

func (w stopsReading) CloseWrite() error {
	w.stopped.Store(true)
	return w.everything.CloseWrite()
}

func (w stopsReading) Read(p []byte) (int, error) {
	if w.stopped.Load() {
		return 0, io.EOF
	}
	return w.everything.Read(p)
}

func (doesNotClose) Close() error { return nil }
func (w hidesCloseError) Close() error {
	_ = w.everything.Close()
	return nil
}

func (w panicsAtSecond) Close() error {
	if w.closed.Swap(true) {
		panic("close of closed channel")
	}
	return w.everything.Close()
}

func (w locksWrite) Read(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.everything.Read(p)
}

func (w locksWrite) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.everything.Write(p)
}

func (w locksCloseWrite) Read(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.everything.Read(p)
}

func (w locksCloseWrite) CloseWrite() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.everything.CloseWrite()
}

func (w locksClose) Read(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.everything.Read(p)
}

func (w locksClose) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.everything.Close()
}
