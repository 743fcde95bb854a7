package netlistener

import (
	"errors"
	"net"
	"os"
	"testing"
	"time"
)

func TestBoundOverASocket(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := Bound(inner, 1)
	defer l.Close()
	if _, ok := l.(interface{ AcceptTCP() (*net.TCPConn, error) }); ok {
		t.Error("AcceptTCP goes round the bound")
	}
	if _, ok := l.(interface{ SetUnlinkOnClose(bool) }); ok {
		t.Error("a TCP listener has SetUnlinkOnClose")
	}
	if got, ok := boundedAs[*net.TCPListener](l); !ok || got != inner {
		t.Errorf("boundedAs finds %v, %v, want the TCP listener", got, ok)
	}

	for range 2 {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
	}
	first, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	accepted := make(chan error)
	go func() {
		c, err := l.Accept()
		if err == nil {
			c.Close()
		}
		accepted <- err
	}()
	select {
	case err := <-accepted:
		t.Fatalf("a second connection is accepted beside the first (%v)", err)
	default:
	}
	first.Close()
	if err := <-accepted; err != nil {
		t.Fatal(err)
	}

	// A deadline of the listener's is that of Accept.
	if err := l.(interface{ SetDeadline(time.Time) error }).SetDeadline(time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Accept(); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("Accept after its deadline: %v", err)
	}
}

func TestBoundOfAUnixSocket(t *testing.T) {
	inner, err := net.Listen("unix", t.TempDir()+"/s")
	if err != nil {
		t.Skip(err) // not every system has them
	}
	l := Bound(inner, 1)
	defer l.Close()
	l.(interface{ SetUnlinkOnClose(bool) }).SetUnlinkOnClose(true)
	if _, ok := l.(interface{ AcceptUnix() (*net.UnixConn, error) }); ok {
		t.Error("AcceptUnix goes round the bound")
	}
}
