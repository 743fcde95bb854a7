package tunnel

import (
	"syscall"
	"unsafe"

	"github.com/bodywrap/bodywrap/wrap/internal/socket"
)

// The kernel is asked about a socket in ways that change nothing. SO_ERROR and
// MSG_PEEK are not used, since they take a pending error away from the reader.

const (
	pollErr = 0x8
	pollHup = 0x10
)

// events polls the socket for the conditions that are always reported. It
// returns 0 if the socket is closed.
func (s *side) events() (events int16) {
	if s.fd == nil {
		return 0
	}
	_ = s.fd.Control(func(fd uintptr) { // fails if the socket is closed
		p := struct {
			fd              int32
			events, revents int16
		}{fd: int32(fd)}
		var now syscall.Timespec
		_, _, errno := syscall.Syscall6(syscall.SYS_PPOLL,
			uintptr(unsafe.Pointer(&p)), 1, uintptr(unsafe.Pointer(&now)), 0, 0, 0)
		if errno == 0 {
			events = p.revents
		}
	})
	return events
}

// unread is how many bytes that the peer has sent wait in the kernel.
func (s *side) unread() (n int, ok bool) { return socket.Ask(s.fd, syscall.TIOCINQ) }

// unsent is how many bytes the peer's kernel does not have yet, and may still
// get. The kernel goes on to send after both sides have sent FIN, until the
// peer's kernel has acknowledged our FIN.
func (s *side) unsent() (n int, ok bool) {
	if s.tcp == nil || s.dead() {
		return 0, false
	}
	return socket.Queued(s.fd)
}

// tcpClose is the state TCP_CLOSE of a socket, in the first byte of TCP_INFO:
// it was reset, or both FINs were acknowledged.
const tcpClose = 7

// dead reports whether nothing more is sent to the peer of a TCP socket.
func (s *side) dead() (dead bool) {
	if s.fd == nil {
		return false
	}
	err := s.fd.Control(func(fd uintptr) {
		// This returns the first 4 bytes of any option.
		info, err := syscall.GetsockoptInet4Addr(int(fd), syscall.IPPROTO_TCP, syscall.TCP_INFO)
		dead = err != nil || info[0] == tcpClose
	})
	return dead || err != nil
}

// queuedBytes is how many bytes the kernel holds for the peer, or 0 if it does
// not tell. Of a Unix socket that is, roughly, what the peer has not read.
func (s *side) queuedBytes() int {
	n, _ := socket.Queued(s.fd)
	return n
}

// pendingError reports whether the kernel has an error for the next read.
func (s *side) pendingError() bool { return s.events()&pollErr != 0 }

// hungUp reports whether a TCP connection is shut down in both directions, and
// has no error for the next call.
func (s *side) hungUp() bool {
	return s.tcp != nil && s.events()&(pollErr|pollHup) == pollHup
}
