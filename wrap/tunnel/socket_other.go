//go:build !linux

package tunnel

import (
	"io"
	"syscall"
)

// Elsewhere than on Linux a socket is not asked; what can be told without is.

func (s *side) unread() (n int, ok bool) { return 0, false }

func (s *side) unsent() (n int, ok bool) { return 0, false }

func (s *side) queued() (n int, ok bool) { return 0, false }

func (s *side) pendingReset() error { return s.cut() }

// cut returns an error if what reads as EOF is not one, since a write was told
// of a reset.
func (s *side) cut() error {
	if s.reset.Load() == resetMidway {
		return errReset
	}
	return nil
}

func (d *direction) copySocket(io.Writer, syscall.RawConn) (handled bool, err error) {
	return false, nil
}
