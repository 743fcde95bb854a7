package wrap

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// A TimeoutError is what a call of a body returns after [Linger] or [Idle] has
// closed that body. A Read returns it whatever the closed body returns, so that
// a body which was cut off never looks like one that has ended.
//
// It is a [net.Error] whose Timeout is true, and [errors.Is] finds
// [os.ErrDeadlineExceeded]. Temporary is false, unlike that of a deadline: the
// body is closed, and another call fails as well.
type TimeoutError struct {
	Hook  string        // "Linger" or "Idle"
	After time.Duration // how long the body was silent
	Err   error         // what the closed body returned; nil if it returned none
}

var _ net.Error = (*TimeoutError)(nil)

func (e *TimeoutError) Error() string {
	return fmt.Sprintf("wrap: %s closed the body after %v of silence", e.Hook, e.After)
}

// Timeout returns true.
func (e *TimeoutError) Timeout() bool { return true }

// Temporary returns false: the body stays closed.
func (e *TimeoutError) Temporary() bool { return false }

// Is reports whether target is [os.ErrDeadlineExceeded].
func (e *TimeoutError) Is(target error) bool { return target == os.ErrDeadlineExceeded }

// Unwrap returns Err, but nil if Err is [io.EOF]: a caller that looks for io.EOF
// with [errors.Is] must not take the cut for the end of the body.
func (e *TimeoutError) Unwrap() error {
	if errors.Is(e.Err, io.EOF) {
		return nil
	}
	return e.Err
}

// A silence is a timer that closes a body when it has been silent for so long.
// It costs no goroutine until it runs out, and is not restarted at each call:
// it looks, when it runs out, how much of the silence is left.
//
// Package tunnel measures the silence of two connections, and has code of its own
// for that; see policy.go there.
//
// Either the timer or the caller's Close closes the body, never both: some
// bodies return a slot to a pool at each Close.
type silence struct {
	hook string
	d    time.Duration
	body io.Closer

	// lasted returns how long the silence has lasted. It is called with mu held.
	lasted func() time.Duration

	// every is how often to call lasted at least. If zero, once in d. It is guarded
	// by mu; lasted may set it.
	every time.Duration

	// thrown is the panic of the body's Close in the timer's goroutine, until a
	// call raises it in the caller's.
	thrown atomic.Pointer[thrown]

	// ranOut says that the timer closes the body, or has done so. It is set with mu
	// held, before the body is closed.
	ranOut atomic.Bool

	mu       sync.Mutex  // guards the rest
	timer    *time.Timer // nil before the start
	stopped  bool        // the timer does nothing more
	closeErr error       // of the body's Close in the timer's goroutine, once that has returned
}

// start starts the timer, unless after stop. The caller holds mu.
func (s *silence) start() {
	if !s.stopped {
		s.timer = time.AfterFunc(s.untilLook(s.d), s.check)
	}
}

// untilLook returns when to look again if the silence may last for left. The caller
// holds mu.
func (s *silence) untilLook(left time.Duration) time.Duration {
	if s.every > 0 {
		return min(left, s.every)
	}
	return left
}

// check runs in the timer's goroutine.
func (s *silence) check() {
	s.mu.Lock()
	if s.stopped {
		s.mu.Unlock()
		return
	}
	if left := s.d - s.lasted(); left > 0 {
		s.timer.Reset(s.untilLook(left))
		s.mu.Unlock()
		return
	}
	s.stopped = true
	s.ranOut.Store(true)
	s.mu.Unlock()

	var err error
	if t := catch(func() { err = s.body.Close() }); t != nil {
		s.thrown.Store(t)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closeErr = err
}

// stop leaves nothing behind. The caller holds mu.
func (s *silence) stop() {
	s.stopped = true
	if s.timer != nil {
		s.timer.Stop()
	}
}

// close is the caller's Close. If the timer has closed the body, or is about to,
// then close returns the result of that, and does not wait for it: the body's
// Close may be what calls it.
func (s *silence) close() error {
	s.raise()
	s.mu.Lock()
	s.stop()
	ranOut, err := s.ranOut.Load(), s.closeErr
	s.mu.Unlock()
	if !ranOut {
		return s.body.Close()
	}
	if saysClosed(err) {
		return nil
	}
	return err
}

// raise panics with what the body's Close has thrown in the timer's goroutine,
// once. Each call of the body begins with it.
func (s *silence) raise() {
	if s.thrown.Load() != nil {
		if t := s.thrown.Swap(nil); t != nil {
			panic(t.value)
		}
	}
}

// explain returns err, or a TimeoutError if a call has failed because of the
// silence.
func (s *silence) explain(err error) error {
	if err == nil {
		return nil
	}
	return s.explainRead(err)
}

// explainRead is explain for a Read. No result of a Read is true of a body that
// the timer has closed, not even that nothing went wrong.
func (s *silence) explainRead(err error) error {
	if s.ranOut.Load() {
		return &TimeoutError{s.hook, s.d, err}
	}
	return err
}
