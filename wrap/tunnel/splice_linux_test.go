package tunnel_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"
	"unsafe"

	"github.com/bodywrap/bodywrap/wrap"
	"github.com/bodywrap/bodywrap/wrap/tunnel"
)

// piped returns how many bytes are in pipes of this process.
func piped(t *testing.T) int {
	t.Helper()
	_, held := pipesInUse(t)
	return held
}

// narrow makes the kernel's buffers from ours to peer small.
func narrow(t *testing.T, ours, peer net.Conn) {
	t.Helper()
	if err := ours.(interface{ SetWriteBuffer(int) error }).SetWriteBuffer(64 << 10); err != nil {
		t.Fatal(err)
	}
	if err := peer.(interface{ SetReadBuffer(int) error }).SetReadBuffer(64 << 10); err != nil {
		t.Fatal(err)
	}
}

// jam floods a tunnel whose receiver does not read. It returns once bytes wait
// in a pipe and moved, the tunnel's counter, has not changed for 20 looks. The
// result is that counter: how many bytes the receiver's kernel has taken.
func jam(t *testing.T, sender net.Conn, moved *atomic.Int64, flooded chan<- error) int64 {
	t.Helper()
	go func() { flooded <- flood(sender) }()
	before, stood := int64(-1), 0
	waitFor(t, "bytes to wait in a pipe", func() bool {
		n := moved.Load()
		if n == before && piped(t) > 0 {
			stood++
		} else {
			before, stood = n, 0
		}
		return stood == 20
	})
	return before
}

// If the receiver is reset, the bytes that wait in the pipe are lost. The
// result says so.
func TestCopyTellsOfBytesLostInAPipe(t *testing.T) {
	for _, kinds := range [][2]string{{"tcp", "tcp"}, {"unix", "tcp"}} {
		for _, who := range []string{"client", "backend"} {
			t.Run(kinds[0]+" to "+kinds[1]+"/"+who, func(t *testing.T) {
				noLeaks(t)
				src, sender := link(t, kinds[0])
				dst, receiver := link(t, kinds[1])
				narrow(t, dst, receiver)
				counters := new(tunnel.Counters)
				opt := &tunnel.Options{Counters: counters}
				as, moved := "backend", &counters.ToClient
				if who == "backend" {
					as, moved = "client", &counters.ToBackend
				}
				j, there, back := joinFirst(t, as, src, sender, dst, receiver, opt)
				flooded := make(chan error, 1)
				taken := jam(t, sender, moved, flooded)
				reset(t, receiver)
				result, err := j.wait()
				if !errors.Is(err, syscall.ECONNRESET) {
					t.Errorf("Copy = %v, want connection reset by peer", err)
				}
				// Either direction may learn of the reset
				// first.
				if d := there(result); d.End == tunnel.EOF || d.End == tunnel.Failed || !d.Lost || d.Err == nil || d.Bytes < taken || d.Bytes != moved.Load() {
					t.Errorf("the direction with the pipe: %+v; want a reset after %d bytes or more, and some lost", d, taken)
				}
				if d := back(result); d.Bytes != 0 || d.End == tunnel.EOF {
					t.Errorf("the other direction: %+v; want no EOF", d)
				}
				if err := <-flooded; !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, syscall.EPIPE) {
					t.Errorf("the sender's Write = %v, want a reset", err)
				}
				// The next tunnel must not get the bytes of
				// this pipe.
				next := joinLinks(t, "tcp", "tcp", nil)
				exchange(t, next, block(3<<20), block(3<<20))
			})
		}
	}
}

// If the sender is reset, a receiver that reads first gets the bytes that wait
// in the pipe.
func TestCopyDeliversWhatIsInAPipeBeforeAReset(t *testing.T) {
	noLeaks(t)
	steadily(t, func(mark func()) error {
		client, sender := link(t, "tcp")
		backend, receiver := link(t, "tcp")
		narrow(t, backend, receiver)
		counters := new(tunnel.Counters)
		j := joinConns(t, client, sender, backend, receiver, &tunnel.Options{Counters: counters})
		flooded := make(chan error, 1)
		taken := jam(t, sender, &counters.ToBackend, flooded)
		want := int(taken) + piped(t)
		mark()
		reset(t, sender)
		got, p := 0, make([]byte, 16<<10)
		var err error
		for err == nil {
			var n int
			n, err = receiver.Read(p)
			got += n
			mark()
		}
		<-flooded
		if !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("Read = %v, want connection reset by peer", err)
		}
		result, err := j.wait()
		if d := result.ToBackend; err == nil || !d.Lost || d.End != tunnel.Reset || d.Bytes < int64(got) {
			t.Errorf("Copy = %+v, %v; want the reset", d, err)
		}
		if got < want {
			return fmt.Errorf("the receiver read %d bytes, want at least the %d that the tunnel had read", got, want)
		}
		return nil
	})
}

// In a spliced direction, only the receiver's reads show that bytes move. This
// test is not parallel: it looks at the pipes of the process.
func TestCopyIdleWhileSplicing(t *testing.T) {
	noLeaks(t)
	opt := tunnel.Options{Idle: limit}
	for _, who := range []string{"client", "backend"} {
		t.Run(who, func(t *testing.T) {
			t.Parallel()
			steadily(t, func(mark func()) error {
				src, sender := link(t, "tcp")
				dst, receiver := link(t, "tcp")
				narrow(t, dst, receiver)
				mark()
				j, there, _ := joinFirst(t, who, src, sender, dst, receiver, &opt)
				flooded := make(chan error, 1)
				go func() { flooded <- flood(sender) }()
				p := make([]byte, 64<<10)
				steps, err := trickle(2, opt, false, func() error {
					_, err := io.ReadFull(receiver, p)
					mark()
					return err
				})
				if err != nil {
					return err
				}
				if tunnel.Pipes() == 0 {
					t.Error("nothing was spliced")
				}
				// The receiver stops, and the tunnel is silent.
				result, err := j.wait()
				<-flooded
				if !errors.Is(err, tunnel.ErrIdle) {
					return fmt.Errorf("Copy = %w, want ErrIdle", err)
				}
				if d := there(result); d.Bytes < int64(steps*len(p)) || d.End != tunnel.Closed || !d.Lost {
					return fmt.Errorf("after %d bytes were read: %+v; want at least as many, Closed, and some lost", steps*len(p), d)
				}
				return nil
			})
		})
	}
}

// A side may read slowly what the kernel holds for it after the other side has
// finished. Nothing else moves then, and Linger must not end the tunnel.
func TestCopyLingerSparesASlowReader(t *testing.T) {
	t.Parallel()
	tests := []struct {
		kind        string
		piece, pace int // piece bytes are read in every pace-th step
		outlasts    int // how many times Linger the reader takes at least
	}{
		{"tcp", 2 << 10, 1, 2},
		{"tls", 2 << 10, 1, 2},
		{"unix", 32 << 10, 8, 1}, // its queue shrinks by whole writes
	}
	for _, tt := range tests {
		for _, first := range []string{"client", "backend"} {
			t.Run(tt.kind+"/"+first, func(t *testing.T) {
				t.Parallel()
				steadily(t, func(mark func()) error {
					src, sender := link(t, "tcp")
					dst, reader := linkTo(t, tt.kind, narrowly)
					opt := tunnel.Options{Linger: limit}
					j, there, back := joinFirst(t, first, src, sender, dst, reader, &opt)
					message := block(150 << 10)
					send(t, sender, message)
					mark()
					finish(t, sender)
					left, at, steps := -1, 0, 0
					_, err := trickle(tt.outlasts, opt, true, func() error {
						if steps++; steps%tt.pace != 0 || len(message)-at < tt.piece {
							return nil
						}
						p := make([]byte, tt.piece)
						_, err := io.ReadFull(reader, p)
						if err == nil && !bytes.Equal(p, message[at:at+len(p)]) {
							err = fmt.Errorf("after %d bytes, the reader gets other bytes than were sent", at)
						}
						at += len(p)
						if n := unsent(dst); n != left {
							left = n
							mark()
						}
						return err
					})
					if err != nil {
						return err
					}
					if err := expect(reader, message[at:]); err != nil {
						return err
					}
					_, err = reader.Write([]byte("answer"))
					err = errors.Join(err, reader.(wrap.CloseWriter).CloseWrite(), expect(sender, []byte("answer")))
					mark()
					result, e := j.wait()
					if there(result).Lost || back(result).Lost {
						return fmt.Errorf("Copy = %+v, want nothing lost", result)
					}
					return errors.Join(err, e)
				})
			})
		}
	}
}

// unsent returns how many bytes the kernel holds for conn's peer, or 0 if conn
// is closed.
func unsent(conn net.Conn) (n int) {
	if secure, ok := conn.(*tls.Conn); ok {
		conn = secure.NetConn()
	}
	raw, err := conn.(syscall.Conn).SyscallConn()
	if err != nil {
		return 0
	}
	_ = raw.Control(func(fd uintptr) {
		var held int32
		_, _, _ = syscall.Syscall(syscall.SYS_IOCTL, fd, syscall.TIOCOUTQ, uintptr(unsafe.Pointer(&held)))
		n = int(held)
	})
	return n
}

// narrowly gives a socket a small buffer for the bytes that it receives.
func narrowly(_, _ string, c syscall.RawConn) (err error) {
	if e := c.Control(func(fd uintptr) {
		err = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 16<<10)
	}); e != nil {
		return e
	}
	return err
}

// If the body of the 101 is a TCP connection, Upgrade splices too.
func TestUpgradeSplicesAConnection(t *testing.T) {
	t.Run("alone", func(t *testing.T) {
		upgradeSplices(t, func(h http.Handler) http.Handler { return h }, nil)
	})
	// The hook that tells the group of Close does not need the bytes.
	t.Run("behind Group.Handler", func(t *testing.T) {
		var group tunnel.Group
		upgradeSplices(t, group.Handler, &group)
	})
}

func upgradeSplices(t *testing.T, wrapped func(http.Handler) http.Handler, group *tunnel.Group) {
	noLeaks(t)
	tunnel.DropPipes()
	backend, peer := link(t, "tcp")
	handled := make(chan error, 1)
	srv := httptest.NewServer(wrapped(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		br := bufio.NewReader(backend)
		resp, err := http.ReadResponse(br, nil)
		if err == nil {
			resp.Body = backend.(*net.TCPConn)
			_, err = tunnel.Upgrade(w, r.WithContext(context.WithoutCancel(r.Context())), resp, &tunnel.Options{BackendBuffered: br, Group: group})
		}
		handled <- err
	})))
	defer srv.Close()
	send(t, peer, []byte(upgradeResponse+"early"))
	client, err := net.Dial("tcp", srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	send(t, client, []byte(upgradeRequest))
	br := bufio.NewReader(client)
	readSwitching(t, br)
	answer := block(3 << 20)
	go func() {
		send(t, peer, answer)
		finish(t, peer)
	}()
	if err := expect(br, append([]byte("early"), answer...)); err != nil {
		t.Error(err)
	}
	finish(t, client)
	if err := <-handled; err != nil {
		t.Errorf("Upgrade: %v", err)
	}
	if tunnel.Pipes() == 0 {
		t.Error("nothing was spliced")
	}
}

// Splice refuses a file that is opened to append. Its bytes go through memory,
// and none of them is lost in the pipe.
func TestPumpCopiesWhereItCannotSplice(t *testing.T) {
	noLeaks(t)
	name := filepath.Join(t.TempDir(), "f")
	f, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	want := block(60_000)
	n, err := tunnel.PutPiped(want, f.Fd())
	if err != nil || n != int64(len(want)) {
		t.Errorf("PutPiped = %d, %v; want %d", n, err, len(want))
	}
	if got, err := os.ReadFile(name); err != nil || !bytes.Equal(got, want) {
		t.Errorf("the file has %d bytes, %v; want the %d that were put into the pipe", len(got), err, len(want))
	}
}
