package socket

import (
	"syscall"
	"unsafe"
)

// Queued returns how many bytes the kernel holds for the peer of raw. For TCP
// these are the bytes that the peer's kernel has not acknowledged. For a Unix
// socket they are roughly the bytes that the peer has not read. ok is false if
// the kernel does not tell, or raw is nil or closed.
func Queued(raw syscall.RawConn) (n int, ok bool) { return Ask(raw, syscall.TIOCOUTQ) }

// Ask returns the answer to the ioctl what, which must answer with a number.
func Ask(raw syscall.RawConn, what uintptr) (n int, ok bool) {
	if raw == nil {
		return 0, false
	}
	_ = raw.Control(func(fd uintptr) { // if raw is closed, ok stays false
		var answer int32
		_, _, errno := syscall.Syscall(syscall.SYS_IOCTL, fd, what, uintptr(unsafe.Pointer(&answer)))
		n, ok = int(answer), errno == 0
	})
	return n, ok
}
