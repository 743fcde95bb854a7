package tunnel_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"sync/atomic"
	"testing"

	"github.com/bodywrap/bodywrap/wrap"
	"github.com/bodywrap/bodywrap/wrap/tunnel"
)

// A meter counts in hooks for WriteTo and ReadFrom too, so that bytes may go
// round its hooks for Read and Write.
type meter struct{ calls, in, out atomic.Int64 }

func (m *meter) hooks() wrap.Hooks {
	return wrap.Hooks{
		Read: func(next io.Reader, p []byte) (int, error) {
			m.calls.Add(1)
			n, err := next.Read(p)
			m.in.Add(int64(n))
			return n, err
		},
		Write: func(next io.Writer, p []byte) (int, error) {
			m.calls.Add(1)
			n, err := next.Write(p)
			m.out.Add(int64(n))
			return n, err
		},
		WriteTo: func(next io.WriterTo, w io.Writer) (int64, error) {
			n, err := next.WriteTo(w)
			m.in.Add(n)
			return n, err
		},
		ReadFrom: func(next io.ReaderFrom, r io.Reader) (int64, error) {
			n, err := next.ReadFrom(r)
			m.out.Add(n)
			return n, err
		},
	}
}

func TestCopyGoesRoundHooksThatOnlyCount(t *testing.T) {
	for _, kind := range []string{"tcp", "unix"} {
		t.Run(kind, func(t *testing.T) {
			noLeaks(t)
			client, clientPeer := link(t, "tcp")
			backend, backendPeer := link(t, kind)
			var c, b meter
			wrapped := wrap.Body(client, c.hooks()).(io.ReadWriteCloser)
			j := joinConns(t, wrapped, clientPeer, wrap.Body(backend, b.hooks()).(io.ReadWriteCloser), backendPeer, nil)
			there, back := block(3<<20), block(2<<20)
			exchange(t, j, there, back)
			for name, got := range map[string]int64{
				"client in": c.in.Load() - int64(len(there)), "client out": c.out.Load() - int64(len(back)),
				"backend in": b.in.Load() - int64(len(back)), "backend out": b.out.Load() - int64(len(there)),
			} {
				if got != 0 {
					t.Errorf("%s: the hooks counted %+d bytes too many, want 0", name, got)
				}
			}
			// A Unix socket has neither WriteTo nor ReadFrom, so
			// its bytes pass the hooks for Read and Write.
			if n := c.calls.Load() + b.calls.Load(); kind == "tcp" && n != 0 {
				t.Errorf("%d calls of Read and Write hooks, want none", n)
			}
		})
	}
}

// exchange sends there to the backend and back to the client at the same time.
// It fails t unless all bytes arrive and the tunnel ends without an error.
func exchange(t *testing.T, j *joined, there, back []byte) {
	t.Helper()
	go func() {
		send(t, j.client, there)
		finish(t, j.client)
	}()
	answered := make(chan error, 1)
	go func() { answered <- expect(j.backend, there) }()
	go func() {
		send(t, j.backend, back)
		finish(t, j.backend)
	}()
	if err := expect(j.client, back); err != nil {
		t.Errorf("to the client: %v", err)
	}
	if err := <-answered; err != nil {
		t.Errorf("to the backend: %v", err)
	}
	result, err := j.wait()
	if err != nil || result.ToBackend.Bytes != int64(len(there)) || result.ToClient.Bytes != int64(len(back)) {
		t.Errorf("Copy = %+v, %v; want %d bytes and %d", result, err, len(there), len(back))
	}
}

// A hook for Read or Write gets all bytes, on either side and in either
// direction.
func TestCopyGivesHooksTheBytes(t *testing.T) {
	noLeaks(t)
	client, clientPeer := link(t, "tcp")
	backend, backendPeer := link(t, "tcp")
	see := func(seen *bytes.Buffer, sent *bytes.Buffer) wrap.Hooks {
		return wrap.Hooks{
			Read: func(next io.Reader, p []byte) (int, error) {
				n, err := next.Read(p)
				seen.Write(p[:n])
				return n, err
			},
			Write: func(next io.Writer, p []byte) (int, error) {
				sent.Write(p)
				return next.Write(p)
			},
		}
	}
	var clientSent, clientGot, backendSent, backendGot bytes.Buffer
	j := joinConns(t,
		wrap.Body(client, see(&clientSent, &clientGot)).(io.ReadWriteCloser), clientPeer,
		wrap.Body(backend, see(&backendSent, &backendGot)).(io.ReadWriteCloser), backendPeer, nil)
	there, back := block(300_000), block(200_000)
	exchange(t, j, there, back)
	for name, seen := range map[string][2][]byte{
		"client's Read": {clientSent.Bytes(), there}, "client's Write": {clientGot.Bytes(), back},
		"backend's Read": {backendSent.Bytes(), back}, "backend's Write": {backendGot.Bytes(), there},
	} {
		if !bytes.Equal(seen[0], seen[1]) {
			t.Errorf("the hook of the %s saw %d bytes, want the %d that were sent", name, len(seen[0]), len(seen[1]))
		}
	}
}

func TestCopyCountsWhatADestinationHasTaken(t *testing.T) {
	noLeaks(t)
	full := errors.New("full")
	client, clientPeer := link(t, "tcp")
	backend, backendPeer := link(t, "tcp")
	limited := wrap.Body(backend, wrap.Hooks{Write: func(next io.Writer, p []byte) (int, error) {
		n, err := next.Write(p[:min(len(p), 10)])
		if err == nil {
			err = full
		}
		return n, err
	}}).(io.ReadWriteCloser)
	j := joinConns(t, client, clientPeer, limited, backendPeer, nil)
	send(t, clientPeer, block(100))
	result, err := j.wait()
	if d := result.ToBackend; !errors.Is(err, full) || d.Bytes != 10 || d.End != tunnel.Failed || !d.Lost {
		t.Errorf("Copy = %v, %+v; want the hook's error after 10 bytes", err, d)
	}
}

// A closeCounter counts calls of Close, and keeps all methods of a TCPConn.
type closeCounter struct {
	*net.TCPConn
	closes atomic.Int32
}

func (c *closeCounter) Close() error {
	c.closes.Add(1)
	return c.TCPConn.Close()
}

func TestCopyClosesEachSideOnce(t *testing.T) {
	ends := map[string]func(*joined){
		"both finish": func(j *joined) { finish(j.t, j.client); finish(j.t, j.backend) },
		"reset":       func(j *joined) { reset(j.t, j.client) },
		"cancelled":   func(j *joined) { j.cancel() },
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			noLeaks(t)
			client, clientPeer := link(t, "tcp")
			backend, backendPeer := link(t, "tcp")
			c, b := &closeCounter{TCPConn: client.(*net.TCPConn)}, &closeCounter{TCPConn: backend.(*net.TCPConn)}
			j := joinConns(t, c, clientPeer, b, backendPeer, nil)
			end(j)
			j.wait()
			if c, b := c.closes.Load(), b.closes.Load(); c != 1 || b != 1 {
				t.Errorf("closed %d and %d times, want once each", c, b)
			}
		})
	}
}
