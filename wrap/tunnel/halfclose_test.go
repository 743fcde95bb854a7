package tunnel_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"runtime"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/bodywrap/bodywrap/wrap/tunnel"
)

// A noCloseWrite hides the CloseWrite of its connection.
type noCloseWrite struct{ net.Conn }

// A closeWriteFails has a CloseWrite that returns err and does nothing.
type closeWriteFails struct {
	net.Conn
	err error
}

func (c closeWriteFails) CloseWrite() error { return c.err }

func TestCopyWhereOneSideCannotHalfClose(t *testing.T) {
	tests := []struct {
		why  string
		kind string
		hide func(net.Conn) net.Conn
	}{
		{"a wrapper has lost CloseWrite", "tcp", func(c net.Conn) net.Conn { return noCloseWrite{c} }},
		{"net/http's error", "tcp", func(c net.Conn) net.Conn {
			return closeWriteFails{c, fmt.Errorf("CloseWrite: %w", http.ErrNotSupported)}
		}},
		{"the usual error", "unix", func(c net.Conn) net.Conn { return closeWriteFails{c, errors.ErrUnsupported} }},
		{"a pipe has no CloseWrite", "pipe", func(c net.Conn) net.Conn { return c }},
	}
	for _, tt := range tests {
		for _, first := range []string{"client", "backend"} {
			for _, keep := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s/%s first/KeepOpen=%v", tt.why, first, keep), func(t *testing.T) {
					noLeaks(t)
					able, ablePeer := link(t, "tcp")
					unable, unablePeer := link(t, tt.kind)
					unable = tt.hide(unable)
					j, there, back := joinFirst(t, first, able, ablePeer, unable, unablePeer, &tunnel.Options{KeepOpen: keep})
					question := block(100)
					go func() {
						send(t, ablePeer, question)
						finish(t, ablePeer)
					}()
					got := make([]byte, len(question))
					if _, err := io.ReadFull(unablePeer, got); err != nil || !bytes.Equal(got, question) {
						t.Fatalf("the question arrived as %q, %v", got, err)
					}
					if keep {
						send(t, unablePeer, []byte("answer"))
						unablePeer.Close()
						if got, err := io.ReadAll(ablePeer); err != nil || string(got) != "answer" {
							t.Errorf("the answer arrived as %q, %v", got, err)
						}
						if _, err := j.wait(); err != nil {
							t.Errorf("Copy: %v", err)
						}
						return
					}
					if got, err := io.ReadAll(unablePeer); err != nil || len(got) > 0 {
						t.Errorf("after the question, ReadAll = %q, %v; want EOF", got, err)
					}
					result, err := j.wait()
					if !errors.Is(err, tunnel.ErrHalfClose) {
						t.Errorf("Copy = %v, want ErrHalfClose", err)
					}
					if d := there(result); d.End != tunnel.EOF || d.HalfClosed || d.Lost {
						t.Errorf("the direction of the question: %+v; want EOF, not half-closed, nothing lost", d)
					}
					if d := back(result); d.End != tunnel.Closed || !errors.Is(d.Err, tunnel.ErrHalfClose) {
						t.Errorf("the direction of the answer: %+v; want Closed by ErrHalfClose", d)
					}
				})
			}
		}
	}
}

// A CloseWrite that fails with ErrNotConnected is no fault: that side has
// already ended. What it has sent is still read.
func TestCopyTakesNotConnectedForAlreadyHalfClosed(t *testing.T) {
	notConnected := &net.OpError{Op: "close", Net: "tcp", Err: os.NewSyscallError("shutdown", tunnel.ErrNotConnected)}
	for _, first := range []string{"client", "backend"} {
		t.Run(first+" first", func(t *testing.T) {
			noLeaks(t)
			able, ablePeer := link(t, "tcp")
			over, overPeer := link(t, "tcp")
			over = closeWriteFails{over, notConnected}
			j, there, back := joinFirst(t, first, able, ablePeer, over, overPeer, nil)
			finish(t, ablePeer)
			send(t, overPeer, []byte("answer"))
			finish(t, overPeer)
			if got, err := io.ReadAll(ablePeer); err != nil || string(got) != "answer" {
				t.Errorf("the answer arrived as %q, %v", got, err)
			}
			result, err := j.wait()
			if d := there(result); err != nil || d.End != tunnel.EOF || d.HalfClosed || d.Lost {
				t.Errorf("Copy = %v; the direction to that side: %+v; want EOF, and not half-closed by us", err, d)
			}
			if d := back(result); d.Bytes != 6 || d.End != tunnel.EOF || d.Lost {
				t.Errorf("the direction from that side: %+v; want the answer and EOF", d)
			}
		})
	}
}

// joinFirst joins one, which is the client or the backend, with two. It returns
// functions that pick the direction from one and the direction back to it.
func joinFirst(t *testing.T, as string, one io.ReadWriteCloser, onePeer net.Conn, two io.ReadWriteCloser, twoPeer net.Conn, opt *tunnel.Options) (j *joined, there, back func(tunnel.Result) tunnel.Direction) {
	toBackend := func(r tunnel.Result) tunnel.Direction { return r.ToBackend }
	toClient := func(r tunnel.Result) tunnel.Direction { return r.ToClient }
	if as == "client" {
		return joinConns(t, one, onePeer, two, twoPeer, opt), toBackend, toClient
	}
	return joinConns(t, two, twoPeer, one, onePeer, opt), toClient, toBackend
}

func TestCopyEndsWhenCloseWriteFails(t *testing.T) {
	noLeaks(t)
	broken := errors.New("broken")
	client, clientPeer := link(t, "tcp")
	backend, backendPeer := link(t, "tcp")
	j := joinConns(t, client, clientPeer, closeWriteFails{backend, broken}, backendPeer, nil)
	finish(t, clientPeer)
	result, err := j.wait()
	if d := result.ToClient; !errors.Is(err, broken) || d.End != tunnel.Failed || !errors.Is(d.Err, broken) || !d.Lost {
		t.Errorf("Copy = %v; the direction to the client: %+v; want CloseWrite's error", err, d)
	}
	wantReset(t, "the client", clientPeer)
}

// A watchedConn counts calls of Close and CloseWrite. If inside is not nil,
// CloseWrite closes inside and then waits for Close.
type watchedConn struct {
	net.Conn
	closes      atomic.Int32
	closeWrites atomic.Int32
	inside      chan struct{}
	closed      chan struct{} // if not nil, closed by the first Close
}

func (c *watchedConn) CloseWrite() error {
	c.closeWrites.Add(1)
	if c.inside != nil {
		close(c.inside)
		<-c.closed
	}
	return c.Conn.(interface{ CloseWrite() error }).CloseWrite()
}

func (c *watchedConn) Close() error {
	err := c.Conn.Close()
	if c.closes.Add(1) == 1 && c.closed != nil {
		close(c.closed)
	}
	return err
}

// The tunnel calls CloseWrite after an EOF, and Close when its context ends.
// Here both come at almost the same time, in either order.
func TestCopyCloseWriteAgainstClose(t *testing.T) {
	for _, kind := range kinds {
		t.Run(kind, func(t *testing.T) {
			noLeaks(t)
			for range 15 {
				client, clientPeer := link(t, kind)
				backend, backendPeer := link(t, kind)
				c, b := &watchedConn{Conn: client}, &watchedConn{Conn: backend}
				j := joinConns(t, c, clientPeer, b, backendPeer, nil)
				start := make(chan struct{})
				at := func(do func()) {
					spins := rand.IntN(200)
					go func() {
						<-start
						for range spins {
							runtime.Gosched()
						}
						do()
					}()
				}
				finished := make(chan struct{}, 2)
				for _, peer := range []net.Conn{clientPeer, backendPeer} {
					at(func() {
						_, _ = peer.Write([]byte("last")) // fails if the tunnel was cancelled first
						_ = peer.(interface{ CloseWrite() error }).CloseWrite()
						finished <- struct{}{}
					})
				}
				at(j.cancel)
				close(start)
				result, err := j.wait()
				if err != nil && !errors.Is(err, context.Canceled) {
					t.Errorf("Copy = %v, want nil or context.Canceled", err)
				}
				if err == nil && (result.ToBackend.End != tunnel.EOF || result.ToClient.End != tunnel.EOF) {
					t.Errorf("Copy = nil, %+v; want EOF twice", result)
				}
				for name, w := range map[string]*watchedConn{"client": c, "backend": b} {
					if n, m := w.closes.Load(), w.closeWrites.Load(); n != 1 || m > 1 {
						t.Errorf("the %s: %d calls of Close, want 1, and %d of CloseWrite, want at most 1", name, n, m)
					}
				}
				for name, s := range map[string]struct {
					d    tunnel.Direction
					peer net.Conn
				}{"backend": {result.ToBackend, backendPeer}, "client": {result.ToClient, clientPeer}} {
					if s.d.End != tunnel.EOF {
						continue
					}
					// If Close drops input that is unread,
					// the peer sees a reset after the
					// bytes.
					got, err := io.ReadAll(s.peer)
					if s.d.Bytes != 4 || !s.d.Lost && (err != nil && !errors.Is(err, syscall.ECONNRESET) || string(got) != "last") {
						t.Errorf("the %s read %q, %v, want \"last\"; the direction to it is %+v, want 4 bytes", name, got, err, s.d)
					}
				}
				<-finished
				<-finished
			}
		})
	}
}

// A CloseWrite may only return once Close is called. Copy calls Close then.
func TestCopyCancelsACloseWriteThatBlocks(t *testing.T) {
	noLeaks(t)
	client, clientPeer := link(t, "tcp")
	backend, backendPeer := link(t, "tcp")
	b := &watchedConn{Conn: backend, inside: make(chan struct{}), closed: make(chan struct{})}
	j := joinConns(t, client, clientPeer, b, backendPeer, nil)
	finish(t, clientPeer)
	<-b.inside
	j.cancel()
	result, err := j.wait()
	if !errors.Is(err, context.Canceled) {
		t.Errorf("Copy = %v, want context.Canceled", err)
	}
	if d := result.ToBackend; d.End != tunnel.EOF || d.HalfClosed {
		t.Errorf("the direction that had ended: %+v; want EOF, and not half-closed", d)
	}
	if d := result.ToClient; d.End != tunnel.Closed || !errors.Is(d.Err, context.Canceled) {
		t.Errorf("the other direction: %+v; want Closed by context.Canceled", d)
	}
}
