package wraptest

import (
	"context"
	"net"
	"syscall"
	"time"
)

// connChecks are the checks of a connection, in addition to bodyChecks.
var connChecks = []check{
	{"CloseRead", checkCloseRead},
	{"deadlines", checkDeadlines},
	{"addresses", checkAddresses},
	{"SyscallConn", checkSyscallConn},
	{"NetConn", checkNetConn},
	{"ConnectionState", checkConnectionState},
	{"HandshakeContext", checkHandshakeContext},
}

func checkCloseRead(found *subject, fresh maker) {
	if s := fresh(nothing()); !is[closeReader](s.shape) || !is[closeReader](s.wrapped) {
		return
	}
	for _, want := range []error{nil, errOwn} {
		s := fresh(nothing())
		s.err = want
		err := s.wrapped.(closeReader).CloseRead()
		switch calls := s.count("CloseRead"); {
		case calls != 1:
			found.fault("one CloseRead reaches the original %d times", calls)
		case err != want:
			found.fault("the original's CloseRead returns %v; the wrapper's returns %v", want, err)
		case s.count("Close") > 0:
			found.fault("CloseRead closes the original altogether")
		default:
			continue
		}
		return
	}
}

func checkDeadlines(found *subject, fresh maker) {
	at := time.Unix(1<<33, 0)
	for _, call := range []struct {
		name string
		of   func(net.Conn) error
	}{
		{"SetDeadline", func(c net.Conn) error { return c.SetDeadline(at) }},
		{"SetReadDeadline", func(c net.Conn) error { return c.SetReadDeadline(at) }},
		{"SetWriteDeadline", func(c net.Conn) error { return c.SetWriteDeadline(at) }},
	} {
		for _, want := range []error{nil, errOwn} {
			s := fresh(nothing())
			s.err = want
			err := call.of(s.wrapped.(net.Conn))
			switch calls := s.count(call.name); {
			case calls != 1 || len(s.times) != 1:
				found.fault("one %s reaches the original %d times: a peer that hangs is waited for without end", call.name, calls)
			case !s.times[0].Equal(at):
				found.fault("%s passes on another time", call.name)
			case err != want:
				found.fault("the original's %s returns %v; the wrapper's returns %v", call.name, want, err)
			default:
				continue
			}
			break
		}
	}
}

func checkAddresses(found *subject, fresh maker) {
	c := fresh(nothing()).wrapped.(net.Conn)
	if got := c.LocalAddr(); got != net.Addr(localAddr) {
		found.fault("LocalAddr is %v, not the original's %v", got, localAddr)
	}
	if got := c.RemoteAddr(); got != net.Addr(remoteAddr) {
		found.fault("RemoteAddr is %v, not the original's %v: logs and access rules go wrong", got, remoteAddr)
	}
}

func checkSyscallConn(found *subject, fresh maker) {
	s := fresh(nothing())
	if !is[syscall.Conn](s.shape) || !is[syscall.Conn](s.wrapped) {
		return
	}
	if _, err := s.wrapped.(syscall.Conn).SyscallConn(); err != errOwn || s.count("SyscallConn") != 1 {
		found.fault("SyscallConn does not return what the original's returns")
	}
}

func checkNetConn(found *subject, fresh maker) {
	s := fresh(nothing())
	if !is[netConner](s.shape) || !is[netConner](s.wrapped) {
		return
	}
	if got := s.wrapped.(netConner).NetConn(); got != net.Conn(s.original) {
		found.fault("NetConn does not return what the original's returns")
	}
}

func checkConnectionState(found *subject, fresh maker) {
	s := fresh(nothing())
	if !is[tlsState](s.shape) || !is[tlsState](s.wrapped) {
		return
	}
	if got := s.wrapped.(tlsState).ConnectionState(); got.ServerName != serverName {
		found.fault("ConnectionState does not return what the original's returns")
	}
}

func checkHandshakeContext(found *subject, fresh maker) {
	if s := fresh(nothing()); !is[handshaker](s.shape) || !is[handshaker](s.wrapped) {
		return
	}
	ctx := context.WithValue(context.Background(), contextKey{}, true)
	for _, want := range []error{nil, errOwn} {
		s := fresh(nothing())
		s.err = want
		err := s.wrapped.(handshaker).HandshakeContext(ctx)
		switch calls := s.count("HandshakeContext"); {
		case calls != 1:
			found.fault("one HandshakeContext reaches the original %d times", calls)
		case err == errOtherContext:
			found.fault("HandshakeContext passes on another context: its caller cannot end the handshake")
		case err != want:
			found.fault("the original's HandshakeContext returns %v; the wrapper's returns %v", want, err)
		default:
			continue
		}
		return
	}
}
