package wrap

import (
	"errors"
	"io"
	"sync"

	"github.com/bodywrap/bodywrap/wrap/internal/copybuf"
	"github.com/bodywrap/bodywrap/wrap/internal/timeout"
)

// A resumable is the TransformRead of a body with a read deadline. It runs the
// transform's reader in a separate goroutine. The reader must never see a
// timeout, because most readers keep an error of their source for ever, and the
// caller can move the deadline and read on.
//
//	Read, in the caller's goroutine   run, in the reader's goroutine
//
//	asks for bytes                ->  calls the reader, which calls source
//	waits                             source calls the body's Read
//	returns the bytes             <-  the reader has returned: an answer
//
//	returns the timeout           <-  the body's Read timed out: source
//	                                  interrupts Read, and waits
//	asks again                    ->  source calls the body's Read again
//
// The reader may have goroutines of its own that call source ahead of time, as
// zstd's does. This is why source calls the body's Read itself. If the caller's
// Read called it instead, that Read would have to wait for the body, although
// the reader may already have an answer.
//
// A panic of the body's Read interrupts the caller's Read like a timeout. A
// panic of the reader is an answer. Both panics go on in the caller's
// goroutine.
//
// The goroutine starts at the first Read. It ends, and closes the reader, after
// the body is closed.
//
// Read holds reading for the whole call. mu guards the state that the
// goroutines share. It is not held while the reader, the body's Read or Close
// runs. buf belongs to the reader while asked is set.
type resumable struct {
	passThrough
	reader  transformed // used only in the reader's goroutine
	onClose error       // what Read returns after Close

	reading sync.Mutex // held by Read for the whole call: one Read at a time

	mu      sync.Mutex // guards the rest
	changed sync.Cond  // signals that a field below has changed

	// done is closed when the goroutine has ended. It is nil until the
	// goroutine starts.
	done chan struct{}

	// turn is how many Reads have asked for bytes. After an interruption,
	// source waits until turn changes.
	turn uint64

	waiting bool         // a Read waits for an answer or an interruption
	asked   bool         // the reader has a request that it has not answered
	buf     []byte       // the reader writes to it while asked is set
	out     []byte       // the part of buf that Read has not returned yet
	err     error        // what Read returns after out
	timeout error        // interrupts the Read that waits
	caught  *caughtPanic // raised by the Read that waits, or by the next call
	closing bool         // Close was called
	closed  bool         // the body's Close has returned
}

// A caughtPanic is a panic that is moved to the caller's goroutine.
type caughtPanic struct{ value any }

var errReaderLeft = errors.New("wrap: TransformRead: the reader has ended its goroutine")

func newResumable(next methods, reader transformed, onClose error) *resumable {
	r := &resumable{passThrough: passThrough{next}, reader: reader, onClose: onClose}
	r.changed.L = &r.mu
	return r
}

func (r *resumable) WriteTo(w io.Writer) (int64, error) { return copybuf.Pump(w, r) }

func (r *resumable) Read(p []byte) (int, error) {
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
		if err := r.await(len(p)); err != nil {
			return 0, err
		}
	}
	n := copy(p, r.out)
	if r.out = r.out[n:]; len(r.out) > 0 {
		return n, nil
	}
	err := r.err
	if timeout.Is(err) { // the reader's own
		r.err = nil
	}
	return n, err
}

// closedErr returns onClose after Close, else nil.
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
func (r *resumable) await(size int) error {
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
		r.reader.body = source{r}
		r.done = make(chan struct{})
		go r.run()
	}
	r.waiting = true
	r.changed.Broadcast()
	for r.asked && r.timeout == nil && r.caught == nil {
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

// raise panics with a panic that was caught in another goroutine, once. It is
// called with mu held.
func (r *resumable) raise() {
	if c := r.caught; c != nil {
		r.caught = nil
		panic(c.value)
	}
}

// run is the reader's goroutine.
func (r *resumable) run() {
	defer r.end() // also if the reader calls runtime.Goexit
	for r.waitForRequest() {
		r.answer()
	}
}

// waitForRequest waits until a Read asks for bytes. It returns false once the
// body is closed.
func (r *resumable) waitForRequest() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for !r.asked && !r.closed {
		r.changed.Wait()
	}
	return !r.closed
}

// answer calls the reader once. It does so without mu: while asked is set, no
// other goroutine uses buf.
func (r *resumable) answer() {
	var n int
	var err error
	c := catch(func() { n, err = r.reader.Read(r.buf) })
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked, r.out, r.err = false, r.buf[:n], err
	r.keepPanic(c)
	r.changed.Broadcast()
}

// end closes the reader, and wakes all who wait for the reader's goroutine.
func (r *resumable) end() {
	c := catch(func() { release(r.reader.reader) })
	r.mu.Lock()
	defer r.mu.Unlock()
	r.keepPanic(c)
	if r.asked {
		r.asked, r.out, r.err = false, nil, errReaderLeft
		if r.closed {
			r.err = r.onClose
		}
	}
	r.changed.Broadcast()
	close(r.done)
}

// keepPanic keeps c, if not nil, until raise panics with it in the caller's
// goroutine. It is called with mu held.
func (r *resumable) keepPanic(c *caughtPanic) {
	if c != nil {
		r.caught = c
	}
}

// catch calls f and returns its panic, if any.
func catch(f func()) (c *caughtPanic) {
	defer func() {
		if v := recover(); v != nil {
			c = &caughtPanic{v}
		}
	}()
	f()
	return nil
}

// A source is the body as the reader sees it: without timeouts and panics.
type source struct{ r *resumable }

func (s source) Read(p []byte) (int, error) {
	r := s.r
	for {
		turn := r.turnNow()
		var n int
		var err error
		c := catch(func() { n, err = r.next.r.Read(p) })
		switch {
		case c == nil && !timeout.Is(err):
			return n, err
		case c == nil && n != 0:
			return n, nil // the next Read times out again
		}
		if !r.interrupt(turn, err, c) {
			return 0, r.onClose
		}
	}
}

// turnNow returns turn.
func (r *resumable) turnNow() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.turn
}

// interrupt makes the Read that waits return timeout, or panic with c, and then
// waits for the next Read. It returns false if the body is closed instead. turn
// is the value from before the body's Read began: a Read that has asked since
// then may have a later deadline, and is not interrupted.
func (r *resumable) interrupt(turn uint64, timeout error, c *caughtPanic) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.keepPanic(c); c == nil && r.waiting && r.turn == turn {
		r.timeout = timeout
	}
	r.changed.Broadcast()
	for r.turn == turn && !r.closed {
		r.changed.Wait()
	}
	return !r.closed
}

// Close closes the body. The reader's goroutine then closes the reader. Close
// waits for that if the reader is idle, and never waits for a Read.
func (r *resumable) Close() error {
	r.mu.Lock()
	first := !r.closing
	r.closing = true
	r.mu.Unlock()
	defer r.bodyClosed(first) // also if the body's Close panics
	return r.next.c.Close()
}

// bodyClosed ends the reader's goroutine, and waits for its end if the reader
// has no request. Only the first Close waits, because the reader's own Close
// may call Close.
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
