package wrap

import (
	"errors"
	"os"
	"time"
)

// isTimeout reports whether err is a timeout. A Read that returns one may go on
// later, once the caller has moved the deadline, so no hook may keep it.
func isTimeout(err error) bool {
	if err == nil {
		return false // without an allocation
	}
	var t interface{ Timeout() bool }
	return errors.As(err, &t) && t.Timeout()
}

// hasReadDeadline reports whether somebody can set a read deadline on body: if
// body is a connection, or wraps one and says so.
func hasReadDeadline(body any) bool {
	_, ok := As[interface{ SetReadDeadline(time.Time) error }](body)
	return ok
}

// isDeadline reports whether err is a deadline that the caller has set, and not
// the end of a body that Linger or Idle has closed.
func isDeadline(err error) bool {
	var ours *TimeoutError
	return errors.Is(err, os.ErrDeadlineExceeded) && !errors.As(err, &ours)
}
