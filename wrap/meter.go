package wrap

import (
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bodywrap/bodywrap/wrap/internal/copybuf"
)

// A meter measures a body's life and reports it once.
type meter struct {
	passThrough
	report func(Summary)
	early  bool                              // report when Close is called, not when it has returned
	timed  bool                              // the caller can set a read deadline
	ended  func(direction string, s Summary) // if not nil, is told when one of two directions ends

	read, written traffic
	over          atomic.Bool // the life is, but for calls on their way
	reported      atomic.Bool

	mu     sync.Mutex
	closed bool    // Close has been called
	sum    Summary // Read, Written and Duration are missing
}

func metered(f func(Summary), early bool) Hooks {
	return Hooks{New: func(body io.ReadCloser) Hooks {
		return Hooks{stage: newMeter(body, methodsOf(body), f, early)}
	}}
}

// newMeter returns a meter in front of next, the methods of body.
func newMeter(body io.ReadCloser, next methods, f func(Summary), early bool) *meter {
	return &meter{passThrough: passThrough{next}, report: f, early: early, timed: hasReadDeadline(body), sum: Summary{Start: time.Now()}}
}

// traffic is what goes one way: in its low bits how many calls are on their
// way, above them how many bytes have passed. With both in one word the last
// call out knows that it is the last, and what the total is.
type traffic struct{ word atomic.Uint64 }

const callBits = 10

func (t *traffic) begin()       { t.word.Add(1) }
func (t *traffic) add(n int64)  { t.word.Add(uint64(n) << callBits) }
func (t *traffic) end(n int64)  { t.word.Add(uint64(n)<<callBits - 1) }
func (t *traffic) bytes() int64 { return int64(t.word.Load() >> callBits) }
func (t *traffic) quiet() bool  { return t.word.Load()&(1<<callBits-1) == 0 }

// Read and Write add once each, and Close does not wait for them. Read counts
// what it has brought. Write counts what it is given, before it is taken, so that
// the report lacks nothing if Close overtakes the Write; an early report is there
// for what has happened, and counts a Write that has returned.
func (m *meter) Read(p []byte) (int, error) {
	n, err := m.next.r.Read(p)
	if err != nil || m.read.bytes() == 0 {
		m.read.begin()
		m.didRead(clamp(n, p), err, err == io.EOF)
		return n, err
	}
	m.read.add(clamp(n, p))
	return n, err
}

func (m *meter) WriteTo(w io.Writer) (n int64, err error) {
	ended := false
	m.read.begin()
	defer func() { m.didRead(max(n, 0), err, ended) }() // even if the body panics
	if m.read.bytes() == 0 {
		n, ended, err = m.firstBlock(w)
		if ended || err != nil {
			return n, err
		}
	}
	rest, err := m.next.wt.WriteTo(w)
	ended = err == nil
	return n + rest, err
}

// firstBlock does by Read what WriteTo cannot: it notices the first byte.
func (m *meter) firstBlock(w io.Writer) (n int64, ended bool, err error) {
	buf := copybuf.Get()
	defer copybuf.Put(buf)
	block, ended, err := pumpOnce(w, firstByteReader{m}, buf)
	return int64(block), ended, err
}

type firstByteReader struct{ m *meter }

func (r firstByteReader) Read(p []byte) (int, error) {
	n, err := r.m.next.r.Read(p)
	if n > 0 {
		r.m.noteRead(true, nil, false)
	}
	return n, err
}

func (m *meter) didRead(n int64, err error, ended bool) {
	defer m.endRead(n) // also if ended panics
	if half := m.noteRead(n > 0, err, ended); half && m.ended != nil {
		s := m.summary()
		s.Read += n
		m.ended("read", s)
	}
}

func (m *meter) endRead(n int64) {
	m.read.end(n)
	if m.over.Load() {
		m.settle()
	}
}

// noteRead notes what is rare about a read, and reports whether it ended a
// direction that is one of two, and before the body is closed.
func (m *meter) noteRead(some bool, err error, ended bool) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if some && m.sum.FirstByte == 0 {
		m.sum.FirstByte = m.elapsed()
	}
	switch {
	case ended && m.next.w == nil:
		m.over.Store(true)
		m.sum.ReadEnd = m.elapsed()
	case ended && m.sum.ReadEnd == 0:
		m.sum.ReadEnd = m.elapsed()
		return !m.over.Load()
	case m.timed && isDeadline(err):
	case m.sum.ReadErr == nil && !ended && !m.closed:
		m.sum.ReadErr = err
	}
	return false
}

func (m *meter) Write(p []byte) (n int, err error) {
	if m.early {
		n, err = m.next.w.Write(p)
		m.written.add(clamp(n, p))
		m.noteWrite(err)
		return n, err
	}
	m.written.add(int64(len(p)))
	returned := false
	defer func() {
		if !returned { // of what a Write that panics has taken, nothing is known
			m.written.add(-int64(len(p)))
		}
	}()
	n, err = m.next.w.Write(p)
	returned = true
	if err != nil || n != len(p) {
		m.written.add(clamp(n, p) - int64(len(p)))
		m.noteWrite(err)
	}
	return n, err
}

func (m *meter) ReadFrom(r io.Reader) (n int64, err error) {
	m.written.begin()
	defer func() { m.didWrite(max(n, 0), err) }()
	return m.next.rf.ReadFrom(r)
}

func (m *meter) CloseWrite() error {
	m.written.begin()
	defer m.didWrite(0, nil)
	err := m.next.cw.CloseWrite()
	if half := m.noteCloseWrite(err); half && m.ended != nil {
		m.ended("write", m.summary())
	}
	return err
}

// noteCloseWrite reports whether this ended the direction, and before the body
// is closed.
func (m *meter) noteCloseWrite(err error) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case err == nil && m.sum.WriteEnd == 0:
		m.sum.WriteEnd = m.elapsed()
		return !m.over.Load()
	case err != nil && m.sum.WriteErr == nil && !errors.Is(err, errors.ErrUnsupported):
		m.sum.WriteErr = err
	}
	return false
}

func (m *meter) didWrite(n int64, err error) {
	m.noteWrite(err)
	m.written.end(n)
	if m.over.Load() {
		m.settle()
	}
}

func (m *meter) noteWrite(err error) {
	if err == nil || err == io.EOF {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.sum.WriteErr == nil && !m.closed {
		m.sum.WriteErr = err
	}
}

func (m *meter) Close() error {
	m.mu.Lock()
	m.closed = true
	m.mu.Unlock()
	if !m.early {
		return m.closeNext()
	}
	reported := false
	defer func() {
		if !reported { // report has panicked
			_ = m.closeNext()
		}
	}()
	m.over.Store(true)
	m.settle()
	reported = true
	return m.closeNext()
}

func (m *meter) closeNext() (err error) {
	defer func() { m.didClose(err) }() // also if the body's Close panics
	return m.next.c.Close()
}

func (m *meter) didClose(err error) {
	m.mu.Lock()
	if m.sum.CloseErr == nil {
		m.sum.CloseErr = err
	}
	m.mu.Unlock()
	m.over.Store(true)
	m.settle()
}

// settle calls report once the body is over and no call is in flight that report
// waits for. Close and every such call call settle after updating their own
// state, so the last one sees both.
func (m *meter) settle() {
	if !m.early && !(m.read.quiet() && m.written.quiet()) {
		return
	}
	if m.reported.Swap(true) {
		return
	}
	m.report(m.summary())
}

func (m *meter) summary() Summary {
	m.mu.Lock()
	s := m.sum
	m.mu.Unlock()
	s.Read, s.Written, s.Duration = m.read.bytes(), m.written.bytes(), m.elapsed()
	return s
}

// elapsed is never zero, not even where the clock ticks slowly.
func (m *meter) elapsed() time.Duration { return max(time.Since(m.sum.Start), 1) }

// clamp returns n limited to [0, len(p)].
func clamp(n int, p []byte) int64 { return int64(min(max(n, 0), len(p))) }
