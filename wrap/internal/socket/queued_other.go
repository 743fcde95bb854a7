//go:build !linux

package socket

import "syscall"

// Queued returns 0 and false: elsewhere than on Linux the kernel is not asked.
func Queued(syscall.RawConn) (n int, ok bool) { return 0, false }
