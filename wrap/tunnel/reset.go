//go:build !windows && !plan9

package tunnel

import (
	"errors"
	"syscall"
)

var errReset error = syscall.ECONNRESET

// isReset reports whether err says that the peer has reset the connection.
func isReset(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNABORTED)
}

// isNotConnected reports whether err, which CloseWrite returned, says that the
// connection was over already.
func isNotConnected(err error) bool { return errors.Is(err, syscall.ENOTCONN) }

// isAfterEOF reports whether err says that the peer reset the connection after
// it had finished sending. Linux does so.
func isAfterEOF(err error) bool { return errors.Is(err, syscall.EPIPE) }
