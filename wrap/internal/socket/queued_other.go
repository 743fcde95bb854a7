//go:build !linux

package socket

import "syscall"

// Queued returns 0 and false: only on Linux does Queued ask the kernel.
func Queued(syscall.RawConn) (n int, ok bool) { return 0, false }
