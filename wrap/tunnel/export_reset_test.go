//go:build !windows && !plan9

package tunnel

import "syscall"

// ErrNotConnected is the system's error for a socket that is over.
const ErrNotConnected = syscall.ENOTCONN
