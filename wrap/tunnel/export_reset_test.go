//go:build !windows && !plan9

package tunnel

import "syscall"

// ErrNotConnected is the system's error for CloseWrite of a socket that is no
// longer connected.
const ErrNotConnected = syscall.ENOTCONN
