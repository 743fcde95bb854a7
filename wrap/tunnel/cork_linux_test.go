package tunnel_test

import (
	"crypto/tls"
	"net"
	"syscall"
	"testing"
)

// cork holds back the bytes that are written to a TCP connection. They go out
// with the bytes or the FIN that follow.
func cork(t *testing.T, conn net.Conn) { setCork(t, conn, 1) }

// uncork sends the bytes that cork holds back.
func uncork(t *testing.T, conn net.Conn) { setCork(t, conn, 0) }

func setCork(t *testing.T, conn net.Conn, on int) {
	t.Helper()
	if secure, ok := conn.(*tls.Conn); ok {
		conn = secure.NetConn()
	}
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return // a Unix socket has no segments
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	if e := raw.Control(func(fd uintptr) {
		err = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_CORK, on)
	}); e != nil || err != nil {
		t.Fatal(e, err)
	}
}
