package tunnel_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/bodywrap/bodywrap/wrap"
	"github.com/bodywrap/bodywrap/wrap/tunnel"
)

// copyPanics calls Copy, and returns the value that Copy panics with, or nil
// and the error that Copy returns.
func copyPanics(client, backend io.ReadWriteCloser, opt *tunnel.Options) (panicked any, err error) {
	defer func() { panicked = recover() }()
	_, err = tunnel.Copy(context.Background(), client, backend, opt)
	return nil, err
}

type unwrapPanics struct{ net.Conn }

func (unwrapPanics) Unwrap() net.Conn { panic(http.ErrAbortHandler) }

// If a hook panics, in either direction, Copy closes both sides, leaves the
// group, and panics with the same value.
func TestCopyClosesBothSidesWhenAHookPanics(t *testing.T) {
	boom := http.ErrAbortHandler // net/http looks for this value
	read := wrap.Hooks{Read: func(io.Reader, []byte) (int, error) { panic(boom) }}
	write := wrap.Hooks{Write: func(io.Writer, []byte) (int, error) { panic(boom) }}
	closeWrite := wrap.Hooks{CloseWrite: func(wrap.CloseWriter) error { panic(boom) }}
	closes := wrap.Hooks{Close: func(next io.Closer) error { _ = next.Close(); panic(boom) }}
	exit := wrap.Hooks{Write: func(io.Writer, []byte) (int, error) { runtime.Goexit(); return 0, nil }}
	hooked := func(h wrap.Hooks) func(net.Conn) io.ReadWriteCloser {
		return func(c net.Conn) io.ReadWriteCloser { return wrap.Conn(c, h) }
	}
	tests := []struct {
		name string
		wrap func(net.Conn) io.ReadWriteCloser
		want any
	}{
		{"Read", hooked(read), boom},
		{"Write", hooked(write), boom},
		{"CloseWrite", hooked(closeWrite), boom},
		{"Close", hooked(closes), boom},
		{"Unwrap", func(c net.Conn) io.ReadWriteCloser { return unwrapPanics{c} }, boom},
		{"Write, by Goexit", hooked(exit), nil},
	}
	for _, tt := range tests {
		for _, who := range []string{"client", "backend"} {
			t.Run(tt.name+"/"+who, func(t *testing.T) {
				noLeaks(t)
				var group tunnel.Group
				client, clientPeer := link(t, "tcp")
				backend, backendPeer := link(t, "tcp")
				var c, b io.ReadWriteCloser = client, backend
				if who == "client" {
					c = tt.wrap(client)
				} else {
					b = tt.wrap(backend)
				}
				// Both peers send and finish, so that Copy
				// calls each method. Copy calls CloseWrite only
				// on a side whose peer has not finished.
				for name, peer := range map[string]net.Conn{"client": clientPeer, "backend": backendPeer} {
					send(t, peer, []byte("x"))
					if tt.name != "CloseWrite" || name != who {
						finish(t, peer)
					}
				}
				got, done := any(nil), make(chan struct{})
				var err error
				go func() {
					defer close(done) // also if a hook ends the goroutine
					got, err = copyPanics(c, b, &tunnel.Options{Group: &group})
				}()
				<-done
				if got != tt.want || tt.want == nil && err == nil && who == "client" {
					t.Errorf("Copy panicked with %v and returned %v, want the panic %v, or an error", got, err, tt.want)
				}
				for name, peer := range map[string]net.Conn{"client": clientPeer, "backend": backendPeer} {
					_, _ = io.ReadAll(peer) // ends with the connection, or at its deadline
					if n, err := peer.Read(make([]byte, 1)); n > 0 || errors.Is(err, context.DeadlineExceeded) {
						t.Errorf("the %s's connection is still open: Read = %d, %v", name, n, err)
					}
				}
				if n := group.Len(); n != 0 {
					t.Errorf("Len = %d, want 0", n)
				}
			})
		}
	}
}

// A tunnel stays in its group until both sides are closed, even if a hook has
// panicked.
func TestGroupWaitsForATunnelThatPanics(t *testing.T) {
	noLeaks(t)
	var group tunnel.Group
	client, clientPeer := link(t, "tcp")
	backend, _ := link(t, "tcp")
	closing, release := make(chan struct{}), make(chan struct{})
	c := wrap.Conn(client, wrap.Hooks{Read: func(io.Reader, []byte) (int, error) { panic("boom") }})
	b := wrap.Conn(backend, wrap.Hooks{Close: func(next io.Closer) error {
		close(closing)
		<-release
		return next.Close()
	}})
	var panicked atomic.Value
	done := make(chan struct{})
	go func() {
		defer close(done)
		v, _ := copyPanics(c, b, &tunnel.Options{Group: &group})
		panicked.Store(v)
	}()
	<-closing
	if n := group.Len(); n != 1 {
		t.Errorf("Len while a side is being closed = %d, want 1", n)
	}
	if n, err := clientPeer.Read(make([]byte, 1)); n > 0 || err == nil {
		t.Errorf("the client reads %d, %v while the backend's Close blocks, want an end", n, err)
	}
	close(release)
	if err := group.Shutdown(context.Background()); err != nil {
		t.Errorf("Shutdown = %v, want nil", err)
	}
	<-done
	if got := panicked.Load(); got != "boom" {
		t.Errorf("Copy panicked with %v, want boom", got)
	}
}
