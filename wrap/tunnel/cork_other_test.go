//go:build !linux

package tunnel_test

import (
	"net"
	"testing"
)

// Elsewhere than on Linux the segments are as they fall.

func cork(*testing.T, net.Conn) {}

func uncork(*testing.T, net.Conn) {}
