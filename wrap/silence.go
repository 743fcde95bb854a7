package wrap

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

// A TimeoutError is what Read and Write of a body return after [Linger] or
// [Idle] has closed it. It is a timeout to whoever asks: its Timeout method
// says so, and [errors.Is] finds [os.ErrDeadlineExceeded].
type TimeoutError struct {
	Hook  string        // "Linger" or "Idle"
	After time.Duration // how long the body was silent
	Err   error         // what the closed body returned
}

func (e *TimeoutError) Error() string {
	return fmt.Sprintf("wrap: %s closed the body after %v of silence", e.Hook, e.After)
}

func (e *TimeoutError) Timeout() bool        { return true }
func (e *TimeoutError) Is(target error) bool { return target == os.ErrDeadlineExceeded }
func (e *TimeoutError) Unwrap() error        { return e.Err }

// A silence is a timer that closes a body when it has been silent for so long.
// It costs no goroutine until it runs out, and is not restarted at each call:
// it looks, when it runs out, how much of the silence is left.
type silence struct {
	hook string
	d    time.Duration
	body io.Closer

	// lasted returns how long the silence has lasted. It is called with mu held.
	lasted func() time.Duration

	mu      sync.Mutex
	timer   *time.Timer // nil before the start
	stopped bool
	ranOut  bool
}

// start starts the timer, unless after stop. The caller holds mu.
func (s *silence) start() {
	if !s.stopped {
		s.timer = time.AfterFunc(s.d, s.check)
	}
}

func (s *silence) check() {
	s.mu.Lock()
	if s.stopped {
		s.mu.Unlock()
		return
	}
	if left := s.d - s.lasted(); left > 0 {
		s.timer.Reset(left)
		s.mu.Unlock()
		return
	}
	s.stopped, s.ranOut = true, true
	s.mu.Unlock()
	_ = s.body.Close() // the caller gets a TimeoutError
}

// stop leaves nothing behind. The caller holds mu.
func (s *silence) stop() {
	s.stopped = true
	if s.timer != nil {
		s.timer.Stop()
	}
}

// close is the caller's Close.
func (s *silence) close() error {
	s.mu.Lock()
	s.stop()
	ranOut := s.ranOut
	s.mu.Unlock()
	err := s.body.Close()
	if ranOut && saysClosed(err) {
		return nil
	}
	return err
}

// explain says why a call failed, if it is because of the silence.
func (s *silence) explain(err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ranOut {
		return &TimeoutError{s.hook, s.d, err}
	}
	return err
}
