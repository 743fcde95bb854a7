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

// A TimeoutError is the error of a call after [Linger] or [Idle] has closed the
// body. Read returns it even if the closed body returns io.EOF, so that the
// caller does not take the interrupted body for a complete one.
//
// A TimeoutError is a [net.Error] whose Timeout is true, and [errors.Is] finds
// [os.ErrDeadlineExceeded]. Temporary is false, unlike a deadline's: the body
// is closed, and another call fails as well.
type TimeoutError struct {
	Hook  string        // "Linger" or "Idle"
	After time.Duration // how long the body was silent
	Err   error         // the closed body's error; nil if it returned none
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

// Unwrap returns Err, but nil if Err is [io.EOF]: [errors.Is] must not find
// io.EOF in the error of an interrupted body.
func (e *TimeoutError) Unwrap() error {
	if errors.Is(e.Err, io.EOF) {
		return nil
	}
	return e.Err
}

// A silence closes a body once the body has been silent for d. Linger and Idle
// embed it, and each says with silentFor what silence is.
//
//	not started  timer is nil
//	running      timer is set: check runs at least once in d
//	stopped      stopped is set: by EOF, by the caller's Close, or by check
//	expired      expired is set too: check closes or has closed the body
//
// check runs in the timer's goroutine. When the timer fires and the body has
// not been silent for all of d, check restarts the timer for the rest. Calls
// therefore never touch the timer, and no goroutine waits.
//
// Either check or the caller's Close closes the body, never both: some bodies
// return a slot to a pool at each Close. stopped decides which, with mu held.
// mu is not held while the body's Close runs.
//
// Package tunnel measures the silence of two connections, and has code of its
// own for that: policy.go there.
type silence struct {
	hook string        // "Linger" or "Idle", for TimeoutError
	d    time.Duration // how long the body may be silent
	body io.Closer

	// silentFor returns how long the body has been silent. It is called
	// with mu held.
	silentFor func() time.Duration

	// checkEvery is the longest time between two calls of silentFor. If
	// zero, d. It is guarded by mu. silentFor may set it.
	checkEvery time.Duration

	// caught is a panic of the body's Close in the timer's goroutine. The
	// next call of the body takes it and panics with it.
	caught atomic.Pointer[caughtPanic]

	// expired says that the timer closes the body, or has done so. It is
	// set with mu held, before the body is closed.
	expired atomic.Bool

	mu      sync.Mutex  // guards the rest
	timer   *time.Timer // nil before start
	stopped bool        // the timer does nothing more

	// closeErr is the result of the body's Close in the timer's goroutine.
	// It is nil until that Close has returned.
	closeErr error
}

// start starts the timer, unless stop was called before. It is called with mu
// held.
func (s *silence) start() {
	if !s.stopped {
		s.timer = time.AfterFunc(s.untilCheck(s.d), s.check)
	}
}

// untilCheck returns the time until the next check, if left is the rest of d.
// It is called with mu held.
func (s *silence) untilCheck(left time.Duration) time.Duration {
	if s.checkEvery > 0 {
		return min(left, s.checkEvery)
	}
	return left
}

// check closes the body if it has been silent for d, and else restarts the
// timer. It runs in the timer's goroutine.
func (s *silence) check() {
	s.mu.Lock()
	if s.stopped {
		s.mu.Unlock()
		return
	}
	if left := s.d - s.silentFor(); left > 0 {
		s.timer.Reset(s.untilCheck(left))
		s.mu.Unlock()
		return
	}
	s.stopped = true
	s.expired.Store(true)
	s.mu.Unlock()

	var err error
	if c := catch(func() { err = s.body.Close() }); c != nil {
		s.caught.Store(c)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closeErr = err
}

// stop stops the timer for good. It is called with mu held.
func (s *silence) stop() {
	s.stopped = true
	if s.timer != nil {
		s.timer.Stop()
	}
}

// close is the caller's Close. If the timer has closed the body, close returns
// the result of that Close. If that Close has not returned yet, close returns
// nil and does not wait, because the body's own Close may have called close.
func (s *silence) close() error {
	s.raise()
	s.mu.Lock()
	s.stop()
	expired, err := s.expired.Load(), s.closeErr
	s.mu.Unlock()
	if !expired {
		return s.body.Close()
	}
	if saysClosed(err) {
		return nil
	}
	return err
}

// raise panics, once, if the body's Close has panicked in the timer's
// goroutine. Each call of the body begins with raise.
func (s *silence) raise() {
	if s.caught.Load() != nil {
		if c := s.caught.Swap(nil); c != nil {
			panic(c.value)
		}
	}
}

// explain returns err, or a TimeoutError if err is not nil and the timer has
// closed the body.
func (s *silence) explain(err error) error {
	if err == nil {
		return nil
	}
	return s.explainRead(err)
}

// explainRead is explain for a Read. Once the timer has closed the body, it
// returns a TimeoutError even if err is nil.
func (s *silence) explainRead(err error) error {
	if s.expired.Load() {
		return &TimeoutError{s.hook, s.d, err}
	}
	return err
}
