package wrap

import (
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bodywrap/bodywrap/wrap/internal/copybuf"
)

// A meter measures a body's life and calls report once, at the end.
//
// The life passes through three states:
//
//	open      over is false
//	over      over is true: Close has returned, or a body without Write has
//	          reached EOF. Calls may be in flight.
//	reported  reported is true
//
// With beforeClose, Close itself sets over, and settle does not wait for calls.
//
// Every call of the body updates read or written and then, if over is set,
// calls settle. Close sets over and then calls settle. Bytes and calls are
// counted without a lock. mu guards the rarer facts: the first byte, the ends
// and the errors. No lock is held while the meter calls the body, report or
// sideEnded.
type meter struct {
	passThrough
	report func(Summary)

	// beforeClose says to report when Close is called. If false, the meter
	// reports after Close has returned.
	beforeClose bool

	// hasDeadline says that the caller can set a read deadline on the body.
	// A deadline is then not an error of the body.
	hasDeadline bool

	// sideEnded, if not nil, is called when one direction of a body with
	// Write ends before the body is closed. direction is "read" or "write".
	sideEnded func(direction string, s Summary)

	read, written traffic
	over          atomic.Bool // the life has ended, except for calls in flight
	reported      atomic.Bool // report was called, or is about to be

	mu     sync.Mutex // guards the rest
	closed bool       // Close has been called
	facts  Summary    // without Read, Written and Duration; see summary
}

func metered(f func(Summary), beforeClose bool) Hooks {
	return Hooks{New: func(body io.ReadCloser) Hooks {
		return Hooks{stage: newMeter(body, methodsOf(body), f, beforeClose)}
	}}
}

// newMeter returns a meter in front of next, the methods of body.
func newMeter(body io.ReadCloser, next methods, f func(Summary), beforeClose bool) *meter {
	return &meter{
		passThrough: passThrough{next},
		report:      f,
		beforeClose: beforeClose,
		hasDeadline: hasReadDeadline(body),
		facts:       Summary{Start: time.Now()},
	}
}

// traffic counts one direction. The low callBits bits of word are the number of
// calls in flight. The bits above them are the number of bytes. Because both
// are in one word, the last call that returns sees that it is the last, and the
// total.
type traffic struct{ word atomic.Uint64 }

const callBits = 10

// begin counts a call in. end counts it out, and adds its n bytes. add adds n
// bytes without a call.
func (t *traffic) begin()      { t.word.Add(1) }
func (t *traffic) add(n int64) { t.word.Add(uint64(n) << callBits) }
func (t *traffic) end(n int64) { t.word.Add(uint64(n)<<callBits - 1) }

func (t *traffic) bytes() int64       { return int64(t.word.Load() >> callBits) }
func (t *traffic) noneInFlight() bool { return t.word.Load()&(1<<callBits-1) == 0 }

// Read and Write add to their traffic once each, and the report does not wait
// for them. Read counts the bytes that it has read. Write counts len(p) before
// it calls the body, so that a report during the Write includes these bytes.
// With beforeClose, Write counts the accepted bytes after the body's Write has
// returned: that report tells only what has already happened.
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
	// Deferred, so that the call is counted out even if the body panics.
	defer func() { m.didRead(max(n, 0), err, ended) }()
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

// firstBlock moves the first block by Read, to learn the time of the first
// byte: WriteTo does not tell it.
func (m *meter) firstBlock(w io.Writer) (n int64, ended bool, err error) {
	buf := copybuf.Get()
	defer copybuf.Put(buf)
	block, ended, err := copybuf.PumpOnce(w, firstByteReader{m}, buf)
	return int64(block), ended, err
}

// A firstByteReader reads from the body behind m, and records the time of the
// first byte.
type firstByteReader struct{ m *meter }

func (r firstByteReader) Read(p []byte) (int, error) {
	n, err := r.m.next.r.Read(p)
	if n > 0 {
		r.m.noteRead(true, nil, false)
	}
	return n, err
}

// didRead records a call that read n bytes and returned err. eof says that the
// body has reached EOF.
func (m *meter) didRead(n int64, err error, eof bool) {
	defer m.endRead(n) // also if sideEnded panics
	if half := m.noteRead(n > 0, err, eof); half && m.sideEnded != nil {
		s := m.summary()
		s.Read += n
		m.sideEnded("read", s)
	}
}

func (m *meter) endRead(n int64) {
	m.read.end(n)
	if m.over.Load() {
		m.settle()
	}
}

// noteRead records the first byte, EOF or the first error. It reports whether
// the read side of a body with Write has ended before the body.
func (m *meter) noteRead(gotBytes bool, err error, eof bool) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if gotBytes && m.facts.FirstByte == 0 {
		m.facts.FirstByte = m.elapsed()
	}
	switch {
	case eof && m.next.w == nil:
		m.over.Store(true)
		m.facts.ReadEnd = m.elapsed()
	case eof && m.facts.ReadEnd == 0:
		m.facts.ReadEnd = m.elapsed()
		return !m.over.Load()
	case m.hasDeadline && isDeadline(err):
		// The caller set the deadline, and can read on.
	case m.facts.ReadErr == nil && !eof && !m.closed:
		m.facts.ReadErr = err
	}
	return false
}

func (m *meter) Write(p []byte) (n int, err error) {
	if m.beforeClose {
		n, err = m.next.w.Write(p)
		m.written.add(clamp(n, p))
		m.noteWrite(err)
		return n, err
	}
	m.written.add(int64(len(p)))
	returned := false
	defer func() {
		if !returned { // a panic does not tell how many bytes were accepted
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
	if half := m.noteCloseWrite(err); half && m.sideEnded != nil {
		m.sideEnded("write", m.summary())
	}
	return err
}

// noteCloseWrite records the result of CloseWrite. It reports whether the write
// side has ended now, before the body.
func (m *meter) noteCloseWrite(err error) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case err == nil && m.facts.WriteEnd == 0:
		m.facts.WriteEnd = m.elapsed()
		return !m.over.Load()
	case err != nil && m.facts.WriteErr == nil && !errors.Is(err, errors.ErrUnsupported):
		m.facts.WriteErr = err
	}
	return false
}

// didWrite records the end of a call that begin has counted in.
func (m *meter) didWrite(n int64, err error) {
	m.noteWrite(err)
	m.written.end(n)
	if m.over.Load() {
		m.settle()
	}
}

// noteWrite records the first error of the write side.
func (m *meter) noteWrite(err error) {
	if err == nil || err == io.EOF {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.facts.WriteErr == nil && !m.closed {
		m.facts.WriteErr = err
	}
}

func (m *meter) Close() error {
	m.mu.Lock()
	m.closed = true
	m.mu.Unlock()
	if !m.beforeClose {
		return m.closeNext()
	}
	reported := false
	defer func() {
		if !reported { // report is panicking
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
	if m.facts.CloseErr == nil {
		m.facts.CloseErr = err
	}
	m.mu.Unlock()
	m.over.Store(true)
	m.settle()
}

// settle calls report once the body is over and no call is in flight. It is
// called with over set. Close and every call that traffic.begin counts call
// settle after they have updated their own state, so the last one sees both.
// With beforeClose, settle does not wait for calls.
func (m *meter) settle() {
	if !m.beforeClose && !(m.read.noneInFlight() && m.written.noneInFlight()) {
		return
	}
	if m.reported.Swap(true) {
		return
	}
	m.report(m.summary())
}

// summary returns the facts with the counts of now.
func (m *meter) summary() Summary {
	m.mu.Lock()
	s := m.facts
	m.mu.Unlock()
	s.Read, s.Written, s.Duration = m.read.bytes(), m.written.bytes(), m.elapsed()
	return s
}

// elapsed returns the time since Start. It is at least 1 ns, even on a coarse
// clock: in a Summary, zero means that the event has not happened.
func (m *meter) elapsed() time.Duration { return max(time.Since(m.facts.Start), 1) }

// clamp returns n limited to [0, len(p)].
func clamp(n int, p []byte) int64 { return int64(min(max(n, 0), len(p))) }
