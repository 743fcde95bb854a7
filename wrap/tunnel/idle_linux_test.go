package tunnel_test

import (
	"io"
	"testing"

	"github.com/bodywrap/bodywrap/internal/testkit"
)

func TestIdleTunnelsHoldTwoDescriptorsEach(t *testing.T) {
	noLeaks(t)
	const tunnels = 200
	before := testkit.InUse().Descriptors // package net frees its pipes with garbage
	for range tunnels {
		client, clientPeer := link(t, "tcp")
		backend, backendPeer := link(t, "tcp")
		j := joinConns(t, client, clientPeer, backend, backendPeer, nil)
		// An idle tunnel is one that was used in both directions.
		send(t, j.client, []byte("ping"))
		if _, err := io.ReadFull(j.backend, make([]byte, 4)); err != nil {
			t.Fatal(err)
		}
		send(t, j.backend, []byte("pong"))
		if _, err := io.ReadFull(j.client, make([]byte, 4)); err != nil {
			t.Fatal(err)
		}
	}
	const perTunnel = 4 // two of the tunnel's and two of the test's peers
	if got := testkit.InUse().Descriptors - before; got > tunnels*perTunnel {
		t.Errorf("%d idle tunnels and their peers hold %d descriptors, want %d", tunnels, got, tunnels*perTunnel)
	}
}
