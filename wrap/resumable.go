package wrap

import (
	"errors"
	"io"
	"sync"

	"github.com/bodywrap/bodywrap/wrap/internal/copybuf"
)

// A resumable is the TransformRead of a body with a read deadline. It runs the
// transform's reader in a goroutine of its own, because most readers keep an
// error of their source for ever and a deadline is no end: the reader must
// never see a timeout.
//
//	Read, in the caller's goroutine      run, in the reader's goroutine
//
//	asks for bytes                 ->    calls the reader, which calls source
//	waits                                source calls the body's Read
//	returns the bytes              <-    the reader has returned: an answer
//
//	returns the timeout            <-    the body's Read timed out: source
//	                                     interrupts Read and stays where it is
//	asks again                     ->    source calls the body's Read again
//
// The reader may have goroutines of its own that call source ahead of time, as
// zstd's does. This is why source calls the body's Read and does not hand that
// call to the caller's Read: Read could not know which of the two comes first,
// the reader's answer or bytes of the body, and would wait for the wrong one.
//
// A panic of the body's Read interrupts Read like a timeout. A panic of the
// reader is an answer. Both go on in the caller's goroutine.
//
// The goroutine starts at the first Read. It ends, and closes the reader, after
// the body is closed.
type resumable struct {
	reader  transformed // belongs to the reader's goroutine
	body    io.Reader   // what source reads; set before the goroutine starts
	onClose error       // what Read returns after Close

	reading sync.Mutex // held by Read for the whole call: one caller at a time

	mu      sync.Mutex
	changed sync.Cond // says that one of the fields below has changed

	// The rest is guarded by mu.

	done    chan struct{} // closed when the goroutine has ended; nil until it is started
	turn    uint64        // how many Reads have asked, which tells source when to go on
	waiting bool          // a Read waits for an answer or an interruption
	asked   bool          // the reader was asked for bytes, and has not answered
	buf     []byte        // the reader writes to it while asked is set
	out     []byte        // the part of buf that Read has not handed out
	err     error         // what comes after out
	timeout error         // interrupts the Read that waits
	thrown  *thrown       // is raised by the Read that waits, or by the next call
	closing bool          // Close was called
	closed  bool          // the body's Close has returned
}

// A thrown is a panic on its way to the caller's goroutine.
type thrown struct{ value any }

var errReaderLeft = errors.New("wrap: TransformRead: the reader has ended its goroutine")

func newResumable(reader transformed, onClose error) *resumable {
	r := &resumable{reader: reader, onClose: onClose}
	r.changed.L = &r.mu
	return r
}

func (r *resumable) read(next io.Reader, p []byte) (int, error) {
	if len(p) == 0 {
		return 0, r.closedErr()
	}
	r.reading.Lock()
	defer r.reading.Unlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closing {
		r.raise()
		return 0, r.onClose
	}
	if len(r.out) == 0 && r.err == nil {
		if err := r.await(next, len(p)); err != nil {
			return 0, err
		}
	}
	n := copy(p, r.out)
	if r.out = r.out[n:]; len(r.out) > 0 {
		return n, nil
	}
	err := r.err
	if isTimeout(err) { // the reader's own
		r.err = nil
	}
	return n, err
}

func (r *resumable) closedErr() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closing {
		return r.onClose
	}
	return nil
}

// await asks the reader for up to size bytes and waits until out or err is set,
// or returns the timeout that interrupts it. It is called with mu held.
func (r *resumable) await(body io.Reader, size int) error {
	r.turn++
	if !r.asked {
		r.asked = true
		size = min(size, copybuf.Size)
		if cap(r.buf) < size {
			r.buf = make([]byte, size)
		}
		r.buf = r.buf[:size]
	}
	if r.done == nil {
		r.reader.body = (*source)(r)
		r.body = body
		r.done = make(chan struct{})
		go r.run()
	}
	r.waiting = true
	r.changed.Broadcast()
	for r.asked && r.timeout == nil && r.thrown == nil {
		r.changed.Wait()
	}
	r.waiting = false
	timeout := r.timeout
	r.timeout = nil
	r.raise()
	if r.asked {
		return timeout
	}
	return nil
}

// raise panics with what was thrown in another goroutine, once. It is called
// with mu held.
func (r *resumable) raise() {
	if t := r.thrown; t != nil {
		r.thrown = nil
		panic(t.value)
	}
}

// run is the reader's goroutine.
func (r *resumable) run() {
	defer r.end() // also if the reader calls runtime.Goexit
	for r.isAsked() {
		r.answer()
	}
}

// isAsked waits until the reader is asked for bytes, and returns false once the
// body is closed.
func (r *resumable) isAsked() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for !r.asked && !r.closed {
		r.changed.Wait()
	}
	return !r.closed
}

// answer calls the reader once. Nobody else touches buf meanwhile.
func (r *resumable) answer() {
	var n int
	var err error
	t := catch(func() { n, err = r.reader.Read(r.buf) })
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked, r.out, r.err = false, r.buf[:n], err
	r.throw(t)
	r.changed.Broadcast()
}

// end closes the reader, and lets nobody wait for it any longer.
func (r *resumable) end() {
	t := catch(func() { release(r.reader.reader) })
	r.mu.Lock()
	defer r.mu.Unlock()
	r.throw(t)
	if r.asked {
		r.asked, r.out, r.err = false, nil, errReaderLeft
		if r.closed {
			r.err = r.onClose
		}
	}
	r.changed.Broadcast()
	close(r.done)
}

// throw has t raised in the caller's goroutine. It is called with mu held.
func (r *resumable) throw(t *thrown) {
	if t != nil {
		r.thrown = t
	}
}

// catch calls f and returns its panic, if any.
func catch(f func()) (t *thrown) {
	defer func() {
		if v := recover(); v != nil {
			t = &thrown{v}
		}
	}()
	f()
	return nil
}

// source is the body as the reader sees it: without timeouts and panics.
type source resumable

func (s *source) Read(p []byte) (int, error) {
	r := (*resumable)(s)
	for {
		turn := r.turnNow()
		var n int
		var err error
		t := catch(func() { n, err = r.body.Read(p) })
		switch {
		case t == nil && !isTimeout(err):
			return n, err
		case t == nil && n != 0:
			return n, nil // the next Read times out again
		}
		if !r.interrupt(turn, err, t) {
			return 0, r.onClose
		}
	}
}

func (r *resumable) turnNow() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.turn
}

// interrupt makes the Read that waits return timeout, or panic with t, and then
// waits for the next Read. It returns false if the body is closed instead. Turn
// is what it was before the body's Read began: the deadline of a Read that has
// asked since then may be another one.
func (r *resumable) interrupt(turn uint64, timeout error, t *thrown) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.throw(t); t == nil && r.waiting && r.turn == turn {
		r.timeout = timeout
	}
	r.changed.Broadcast()
	for r.turn == turn && !r.closed {
		r.changed.Wait()
	}
	return !r.closed
}

// close closes the body, and then the reader once it is not in use. Close waits
// for the reader's Close if nothing else goes on, and never for a Read.
func (r *resumable) close(next io.Closer) error {
	r.mu.Lock()
	first := !r.closing
	r.closing = true
	r.mu.Unlock()
	defer r.bodyClosed(first) // also if the body's Close panics
	return next.Close()
}

// bodyClosed ends the reader's goroutine, and waits for its end if the reader is
// not at work. Only the first Close waits: the reader's own Close may call Close.
func (r *resumable) bodyClosed(first bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	r.changed.Broadcast()
	if first && r.done != nil && !r.asked {
		r.mu.Unlock()
		<-r.done
		r.mu.Lock()
	}
	r.raise()
}
