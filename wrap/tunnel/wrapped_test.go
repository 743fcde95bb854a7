package tunnel_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/bodywrap/bodywrap/wrap"
)

func TestCopyGoesRoundConnsThatOnlyCount(t *testing.T) {
	noLeaks(t)
	client, clientPeer := link(t, "tcp")
	backend, backendPeer := link(t, "tcp")
	var c, b meter
	j := joinConns(t, wrap.Conn(client, c.hooks()), clientPeer, wrap.Conn(backend, b.hooks()), backendPeer, nil)
	there, back := block(3<<20), block(2<<20)
	exchange(t, j, there, back)
	if got, want := []int64{c.in.Load(), c.out.Load(), b.in.Load(), b.out.Load()}, []int64{3 << 20, 2 << 20, 2 << 20, 3 << 20}; fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("counted %d, want %d", got, want)
	}
	if n := c.calls.Load() + b.calls.Load(); n != 0 {
		t.Errorf("%d calls of Read and Write hooks, want none", n)
	}
}

// The middleware may have read bytes before the upgrade. Upgrade must not send
// them twice.
func TestUpgradeUnderHandler(t *testing.T) {
	noLeaks(t)
	p := startProxy(t, echoBackend, func(next http.Handler) http.Handler {
		return wrap.Handler(next, wrap.Hooks{Close: func(next io.Closer) error { return next.Close() }})
	})
	conn := p.dial(t)
	early := block(1000)
	send(t, conn, append([]byte(upgradeRequest), early...))
	finish(t, conn)
	br := bufio.NewReader(conn)
	readSwitching(t, br)
	if got, err := io.ReadAll(br); err != nil || !bytes.Equal(got, early) {
		t.Errorf("the client read %d of %d bytes that the backend sends back, %v", len(got), len(early), err)
	}
	if o := p.wait(t); o.err != nil {
		t.Errorf("Upgrade = %+v, %v", o.result, o.err)
	}
}
