package wrap

import (
	"errors"
	"os"
	"time"
)

// isTimeout reports whether err is a timeout. After a timeout the caller can
// move the deadline and read on, so no hook may keep the error.
func isTimeout(err error) bool {
	if err == nil {
		return false // without an allocation
	}
	var t interface{ Timeout() bool }
	return errors.As(err, &t) && t.Timeout()
}

// hasReadDeadline reports whether body, or a value that body leads to by
// Unwrap, has a SetReadDeadline method.
func hasReadDeadline(body any) bool {
	_, ok := As[interface{ SetReadDeadline(time.Time) error }](body)
	return ok
}

// isDeadline reports whether err is a deadline that the caller has set. The
// TimeoutError of Linger and Idle also matches os.ErrDeadlineExceeded, but
// isDeadline returns false for it.
func isDeadline(err error) bool {
	var ours *TimeoutError
	return errors.Is(err, os.ErrDeadlineExceeded) && !errors.As(err, &ours)
}
