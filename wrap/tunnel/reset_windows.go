package tunnel

import (
	"errors"
	"syscall"
)

const (
	wsaENOTCONN  = syscall.Errno(10057)
	wsaESHUTDOWN = syscall.Errno(10058)
)

var errReset error = syscall.WSAECONNRESET

// isReset reports whether err says that the peer has reset the connection.
func isReset(err error) bool {
	return errors.Is(err, syscall.WSAECONNRESET) || errors.Is(err, syscall.WSAECONNABORTED) || errors.Is(err, wsaESHUTDOWN)
}

// isNotConnected reports whether err, which CloseWrite returned, says that the
// connection was over already.
func isNotConnected(err error) bool { return errors.Is(err, wsaENOTCONN) }

// isAfterEOF returns false, since Windows does not say whether the peer had
// finished sending before the reset.
func isAfterEOF(error) bool { return false }
