//go:build !windows && !plan9

package tunnel

import (
	"errors"
	"syscall"
)

var errReset error = syscall.ECONNRESET

// isReset reports whether err tells that the peer has reset the connection.
func isReset(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNABORTED)
}

// isNotConnected reports whether err, of CloseWrite, tells that the connection
// was over already.
func isNotConnected(err error) bool { return errors.Is(err, syscall.ENOTCONN) }

// isAfterEOF reports whether a reset came after the peer had finished sending,
// as Linux tells.
func isAfterEOF(err error) bool { return errors.Is(err, syscall.EPIPE) }
