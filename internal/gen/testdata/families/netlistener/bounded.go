// Package netlistener bounds how many connections of a listener are open.
package netlistener

import (
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// Bound returns l as a listener of which n connections can be open at a time.
// Accept waits until one of them is closed.
func Bound(l net.Listener, n int) net.Listener {
	b := &boundedListener{Listener: l, free: make(chan struct{}, n), done: make(chan struct{})}
	return b.bounded(boundedSetOf(l))
}

// bounded is what a listener may do beside the methods that it always has.
//
//wrapgen:for boundedListener
//wrapgen:test newTestListener
//wrapgen:as
type bounded interface {
	SetDeadline(t time.Time) error            // for Accept
	File() (*os.File, error)                  // hands the socket to another process
	SetUnlinkOnClose(unlink bool)             // of a *net.UnixListener
	syscall.Conn                              //wrapgen:pass // socket options
	AcceptTCP() (*net.TCPConn, error)         //wrapgen:hide // its connections cannot be counted
	AcceptUnix() (c *net.UnixConn, err error) //wrapgen:hide
}

type boundedListener struct {
	net.Listener
	free chan struct{} // holds a value for each open connection
	once sync.Once
	done chan struct{} // closed by Close
}

// newTestListener is for the generated test.
func newTestListener(l net.Listener) *boundedListener {
	return &boundedListener{Listener: l, free: make(chan struct{}, 1), done: make(chan struct{})}
}

func (l *boundedListener) Accept() (net.Conn, error) {
	select {
	case l.free <- struct{}{}:
	case <-l.done:
		return nil, net.ErrClosed
	}
	c, err := l.Listener.Accept()
	if err != nil {
		<-l.free
		return nil, err
	}
	return &boundedConn{Conn: c, closed: func() { <-l.free }}, nil
}

func (l *boundedListener) Close() error {
	l.once.Do(func() { close(l.done) })
	return l.Listener.Close()
}

// boundedConn calls closed when it is closed for the first time.
type boundedConn struct {
	net.Conn
	once   sync.Once
	closed func()
}

func (c *boundedConn) Close() error {
	defer c.once.Do(c.closed)
	return c.Conn.Close()
}
