package tunnel_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/bodywrap/bodywrap/internal/testkit"
	"github.com/bodywrap/bodywrap/wrap/tunnel"
)

// noQueues is why tests of slow peers are skipped on other systems than Linux.
const noQueues = "package tunnel only asks Linux how many bytes the kernel holds for a peer"

// A peer that reads slowly and without a pause is not silent, even if one Write
// to it lasts for longer than Idle. A net.Pipe has no queue in the kernel that
// shows progress.
func TestCopyIdleSparesASlowWrite(t *testing.T) {
	t.Parallel()
	opt := tunnel.Options{Idle: limit}
	steadily(t, func(mark func()) error {
		client, clientPeer := link(t, "tcp")
		backend, backendPeer := link(t, "pipe")
		sent := block(32 << 10)
		go func() { _, _ = clientPeer.Write(sent) }() // the bytes that arrive are checked
		mark()
		j := joinConns(t, client, clientPeer, backend, backendPeer, &opt)
		var got []byte
		p := make([]byte, 200)
		_, err := trickle(3, opt, false, func() error {
			n, err := backendPeer.Read(p)
			got = append(got, p[:n]...)
			mark()
			return err
		})
		if err == nil && !bytes.Equal(got, sent[:len(got)]) {
			err = errors.New("the backend read other bytes than the client has sent")
		}
		j.cancel()
		if _, e := j.wait(); !errors.Is(e, context.Canceled) {
			err = errors.Join(err, fmt.Errorf("Copy = %w, want context.Canceled", e))
		}
		return err
	})
}

// upgradedThrough serves one request by tunnel.Upgrade with an http.Transport.
// It returns both peers, and a channel that gets the error of Upgrade.
func upgradedThrough(t *testing.T, opt *tunnel.Options) (client, backend net.Conn, ended <-chan error) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	tr := &http.Transport{}
	t.Cleanup(tr.CloseIdleConnections)
	done := make(chan error, 1)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		out := r.Clone(context.WithoutCancel(r.Context()))
		out.URL.Scheme, out.URL.Host, out.RequestURI = "http", l.Addr().String(), ""
		resp, err := tr.RoundTrip(out)
		if err != nil {
			t.Errorf("RoundTrip: %v", err)
			return
		}
		_, err = tunnel.Upgrade(w, r, resp, opt)
		done <- err
	}))
	t.Cleanup(proxy.Close)
	client, err = net.Dial("tcp", proxy.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	if _, err := io.WriteString(client, upgradeRequest); err != nil {
		t.Fatal(err)
	}
	backend, err = l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { backend.Close() })
	_ = backend.SetDeadline(time.Now().Add(testkit.Patience)) // on an error, Read fails too
	_ = client.SetDeadline(time.Now().Add(testkit.Patience))
	if err := backend.(*net.TCPConn).SetReadBuffer(64 << 10); err != nil {
		t.Fatal(err)
	}
	if _, err := http.ReadRequest(bufio.NewReader(backend)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(backend, upgradeResponse); err != nil {
		t.Fatal(err)
	}
	// The head is read one byte at a time: a buffer could take bytes after
	// it.
	var head strings.Builder
	for p := make([]byte, 1); !strings.HasSuffix(head.String(), "\r\n\r\n"); head.Write(p) {
		if _, err := io.ReadFull(client, p); err != nil {
			t.Fatalf("reading the head after %q: %v", head.String(), err)
		}
	}
	return client, backend, done
}

// The body of a 101 hides its connection. An upload to a backend that reads
// slowly and without a pause is not cut off all the same.
func TestUpgradeSparesASlowUpload(t *testing.T) {
	t.Parallel()
	if !tunnel.SeesQueues {
		t.Skip(noQueues)
	}
	opt := tunnel.Options{Idle: limit}
	steadily(t, func(mark func()) error {
		client, backend, ended := upgradedThrough(t, &opt)
		go func() {
			for p := block(1 << 20); ; {
				if _, err := client.Write(p); err != nil {
					return // the test has closed client
				}
			}
		}()
		mark()
		p := make([]byte, 16<<10)
		_, err := trickle(6, opt, false, func() error {
			_, err := io.ReadFull(backend, p)
			mark()
			return err
		})
		select {
		case e := <-ended: // the backend still reads what the kernel holds
			return errors.Join(err, fmt.Errorf("Upgrade has returned: %w", e))
		default:
		}
		client.Close()
		backend.Close()
		<-ended
		return err
	})
}

// A backend that stops reading is cut off while bytes are on the way to it. It
// must see a reset, since EOF would mean that it has read all bytes.
func TestUpgradeCutsByAReset(t *testing.T) {
	if !tunnel.SeesQueues {
		t.Skip(noQueues)
	}
	client, backend, ended := upgradedThrough(t, &tunnel.Options{Idle: 50 * time.Millisecond})
	go func() {
		for p := block(1 << 20); ; {
			if _, err := client.Write(p); err != nil {
				return // the tunnel has ended
			}
		}
	}()
	if err := <-ended; !errors.Is(err, tunnel.ErrIdle) {
		t.Fatalf("Upgrade = %v, want ErrIdle", err)
	}
	wantReset(t, "the backend", backend)
}

// The kernel may deliver bytes just after the client has finished. The backend
// then has Linger from that moment, and not twice.
func TestCopyLingersOnce(t *testing.T) {
	t.Parallel()
	if !tunnel.SeesQueues {
		t.Skip(noQueues)
	}
	// The tunnel is looked at often while the kernel holds bytes, so that
	// it ends after little more than linger. With the fault it took twice
	// as long.
	const linger = 3 * limit
	steadily(t, func(mark func()) error {
		client, clientPeer := link(t, "tcp")
		backend, backendPeer := link(t, "tcp")
		if err := backendPeer.(*net.TCPConn).SetReadBuffer(64 << 10); err != nil {
			t.Fatal(err)
		}
		told := make(chan struct{})
		mark()
		j := joinConns(t, client, clientPeer, &tellsCloseWrite{backend.(*net.TCPConn), told}, backendPeer, &tunnel.Options{Linger: linger})
		sent := block(300_000)
		send(t, clientPeer, sent)
		finish(t, clientPeer)
		<-told
		if err := expect(backendPeer, sent); err != nil {
			t.Fatal(err)
		}
		mark()
		_, err := trickle(1, tunnel.Options{Linger: linger * 18 / 10}, true, func() error {
			mark()
			return nil
		})
		select {
		case <-j.done:
		default:
			err = errors.Join(err, errors.New("Copy has not returned after 1.8 times Linger"))
		}
		if _, e := j.wait(); !errors.Is(e, tunnel.ErrLinger) {
			t.Errorf("Copy = %v, want ErrLinger", e)
		}
		return err
	})
}

// A tellsCloseWrite closes told when CloseWrite has returned.
type tellsCloseWrite struct {
	*net.TCPConn
	told chan struct{}
}

func (c *tellsCloseWrite) Unwrap() net.Conn { return c.TCPConn }

func (c *tellsCloseWrite) CloseWrite() error {
	defer close(c.told)
	return c.TCPConn.CloseWrite()
}

// A stream is like one of QUIC: Close only ends what is written. A Read that
// waits does not return.
type stream struct{ net.Conn }

func (s stream) Close() error { return s.Conn.(*net.TCPConn).CloseWrite() }

func TestCopyReturnsThoughCloseDoesNotEndARead(t *testing.T) {
	client, clientPeer := link(t, "tcp")
	backend, backendPeer := link(t, "tcp")
	j := joinConns(t, stream{client}, clientPeer, stream{backend}, backendPeer, nil)
	send(t, clientPeer, []byte("x"))
	if _, err := io.ReadFull(backendPeer, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	j.cancel()
	if _, err := j.wait(); !errors.Is(err, context.Canceled) {
		t.Errorf("Copy = %v, want context.Canceled", err)
	}
	client.Close()
	backend.Close()
}

// http.Server leaves deadlines on a connection that somebody takes from it by
// other means than Hijack. Dialers leave the deadline of a handshake.
func TestCopyClearsDeadlines(t *testing.T) {
	noLeaks(t)
	client, clientPeer := link(t, "tcp")
	backend, backendPeer := link(t, "tls")
	for _, c := range []net.Conn{client, backend} {
		if err := c.SetDeadline(time.Unix(1, 0)); err != nil {
			t.Fatal(err)
		}
	}
	j := joinConns(t, client, clientPeer, backend, backendPeer, nil)
	for _, way := range [][2]net.Conn{{clientPeer, backendPeer}, {backendPeer, clientPeer}} {
		send(t, way[0], []byte("x"))
		if _, err := io.ReadFull(way[1], make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
	}
	finish(t, clientPeer)
	finish(t, backendPeer)
	if _, err := j.wait(); err != nil {
		t.Errorf("Copy = %v, want nil", err)
	}
}

// A readsSome has a ReadFrom that takes some bytes from its reader, and then
// fails with err.
type readsSome struct {
	net.Conn
	some int64
	err  error
}

func (c *readsSome) ReadFrom(r io.Reader) (int64, error) {
	n, err := io.CopyN(c.Conn, r, c.some)
	return n, errors.Join(err, c.err)
}

func TestCopyCountsEarlyBytesAndWhatReadFromHasTaken(t *testing.T) {
	noLeaks(t)
	client, clientPeer := link(t, "tcp")
	backend, backendPeer := link(t, "tcp")
	full := errors.New("full")
	early := bufio.NewReader(strings.NewReader("early"))
	if _, err := early.Peek(5); err != nil {
		t.Fatal(err)
	}
	var counters tunnel.Counters
	j := joinConns(t, client, clientPeer, &readsSome{backend, 7, full}, backendPeer, &tunnel.Options{ClientBuffered: early, Counters: &counters})
	send(t, clientPeer, block(100))
	result, err := j.wait()
	if d := result.ToBackend; !errors.Is(err, full) || d.Bytes != 12 || counters.ToBackend.Load() != 12 {
		t.Errorf("Copy = %v, %+v and %d counted; want %v, 5 early bytes and 7", err, d, counters.ToBackend.Load(), full)
	}
	if got, _ := io.ReadAll(backendPeer); len(got) != 12 {
		t.Errorf("the backend read %d bytes, want 12", len(got))
	}
}
