package tunnel_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/bodywrap/bodywrap/wrap"
	"github.com/bodywrap/bodywrap/wrap/tunnel"
)

// blockedClose returns hooks whose Close waits for release.
func blockedClose(release <-chan struct{}) wrap.Hooks {
	return wrap.Hooks{Close: func(next io.Closer) error {
		<-release
		return next.Close()
	}}
}

// If Close of a side blocks, the other side is closed all the same, and
// Shutdown returns a second later. Its error says how many sides are still
// open.
func TestShutdownDoesNotWaitForACloseThatBlocks(t *testing.T) {
	t.Parallel()
	for _, who := range []string{"client", "backend", "both"} {
		t.Run(who, func(t *testing.T) {
			t.Parallel()
			var group tunnel.Group
			release := make(chan struct{})
			client, clientPeer := link(t, "tcp")
			backend, backendPeer := link(t, "tcp")
			want := "1 sides"
			if who != "backend" {
				client = wrap.Conn(client, blockedClose(release))
			}
			if who != "client" {
				backend = wrap.Conn(backend, blockedClose(release))
			}
			j := joinConns(t, client, clientPeer, backend, backendPeer, &tunnel.Options{Group: &group})
			waitFor(t, "the tunnel to begin", func() bool { return group.Len() > 0 })
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			err := group.Shutdown(ctx)
			if who == "both" {
				want = "2 sides"
			}
			if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), want) {
				t.Errorf("Shutdown = %v, want context.Canceled and %q", err, want)
			}
			if n := group.Len(); n != 1 {
				t.Errorf("Len = %d, want 1: the tunnel is not over", n)
			}
			for name, open := range map[string]net.Conn{"client": clientPeer, "backend": backendPeer} {
				if who == name || who == "both" {
					continue
				}
				if n, err := open.Read(make([]byte, 1)); n > 0 || err != io.EOF {
					t.Errorf("the %s reads %d, %v while the other's Close blocks, want EOF", name, n, err)
				}
			}
			close(release)
			if _, err := j.wait(); !errors.Is(err, tunnel.ErrShutdown) {
				t.Errorf("Copy = %v, want ErrShutdown", err)
			}
			if err := group.Shutdown(ctx); err != nil {
				t.Errorf("Shutdown after the tunnel has ended = %v, want nil", err)
			}
		})
	}
}

// If a Read does not return even after Close, Shutdown returns a second later
// too. Its error does not blame Close.
func TestShutdownDoesNotWaitForAReadThatBlocks(t *testing.T) {
	t.Parallel()
	var group tunnel.Group
	release := make(chan struct{})
	client, clientPeer := link(t, "tcp")
	backend, backendPeer := link(t, "tcp")
	client = wrap.Conn(client, wrap.Hooks{Read: func(next io.Reader, p []byte) (int, error) {
		<-release
		return next.Read(p)
	}})
	j := joinConns(t, client, clientPeer, backend, backendPeer, &tunnel.Options{Group: &group})
	waitFor(t, "the tunnel to begin", func() bool { return group.Len() > 0 })
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := group.Shutdown(ctx); !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "1 tunnels") {
		t.Errorf("Shutdown = %v, want context.Canceled and 1 tunnels", err)
	}
	close(release)
	j.wait()
}

func TestShutdownOfAnEmptyGroup(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for range 100 {
		var group tunnel.Group
		if err := group.Shutdown(ctx); err != nil {
			t.Fatalf("Shutdown of an empty group with a context that is done = %v, want nil", err)
		}
		if err := group.Shutdown(ctx); err != nil {
			t.Fatalf("the second Shutdown = %v, want nil", err)
		}
	}
}
