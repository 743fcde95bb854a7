package wrap

import (
	"errors"
	"os"
	"time"
)

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
