// Package timeout recognizes the errors of deadlines.
package timeout

import (
	"errors"
	"io"
)

// Is reports whether err is a timeout. After a timeout the caller can move the
// deadline and go on, so nothing may keep the error.
func Is(err error) bool {
	if err == nil || err == io.EOF {
		return false // without an allocation
	}
	var t interface{ Timeout() bool }
	return errors.As(err, &t) && t.Timeout()
}
