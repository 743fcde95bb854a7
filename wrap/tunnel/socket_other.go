//go:build !linux

package tunnel

import (
	"io"
	"syscall"
)

// Only on Linux is a socket asked. These are the answers of a kernel that tells
// nothing.

func (s *side) unread() (n int, ok bool) { return 0, false }

func (s *side) unsent() (n int, ok bool) { return 0, false }

func (s *side) queuedBytes() int { return 0 }

func (s *side) pendingError() bool { return false }

func (s *side) hungUp() bool { return false }

func (d *direction) copySocket(io.Writer, syscall.RawConn) (handled bool, err error) {
	return false, nil
}
