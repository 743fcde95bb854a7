package tunnel_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/bodywrap/bodywrap/wrap/tunnel"
)

var kinds = []string{"tcp", "tls", "unix"} // of the connections that half-close

// block returns the first n bytes of pattern.
func block(n int) []byte { return pattern[:n:n] }

// pattern has bytes that depend on their offset, so that a byte in the wrong
// place is found.
var pattern = func() []byte {
	p := make([]byte, 8<<20)
	for i := range p {
		p[i] = byte(i ^ i>>8 ^ i>>16)
	}
	return p
}()

// expect reads r to EOF in small pieces, and returns an error unless the bytes
// are exactly want.
func expect(r io.Reader, want []byte) error {
	p, at := make([]byte, 32<<10), 0
	for {
		n, err := r.Read(p)
		if at+n > len(want) || !bytes.Equal(p[:n], want[at:at+n]) {
			return fmt.Errorf("after %d of %d bytes, Read returns other bytes than were sent", at, len(want))
		}
		switch at += n; {
		case err == io.EOF && at == len(want):
			return nil
		case err != nil:
			return fmt.Errorf("after %d of %d bytes, Read = %w", at, len(want), err)
		}
	}
}

// ends returns the peer that finishes first, the other peer, and a function
// that picks the direction from the other to the first.
func (j *joined) ends(first string) (finisher, answerer net.Conn, answer func(tunnel.Result) tunnel.Direction) {
	if first == "client" {
		return j.client, j.backend, func(r tunnel.Result) tunnel.Direction { return r.ToClient }
	}
	return j.backend, j.client, func(r tunnel.Result) tunnel.Direction { return r.ToBackend }
}

// When one side finishes, its bytes that are still on the way arrive, and so do
// all bytes that the other side sends afterwards.
func TestCopyDeliversWhatComesAfterFIN(t *testing.T) {
	question, answer := block(4<<20), block(4<<20+1)
	for i, client := range kinds {
		for _, backend := range []string{client, kinds[(i+1)%len(kinds)]} {
			for _, first := range []string{"client", "backend"} {
				t.Run(fmt.Sprintf("%s-%s/%s first", client, backend, first), func(t *testing.T) {
					j := join(t, client, backend, nil)
					finisher, answerer, back := j.ends(first)
					go func() {
						send(t, finisher, question)
						finish(t, finisher)
					}()
					if err := expect(answerer, question); err != nil {
						t.Fatalf("the question: %v", err)
					}
					go func() {
						send(t, answerer, answer)
						finish(t, answerer)
					}()
					if err := expect(finisher, answer); err != nil {
						t.Errorf("the answer: %v", err)
					}
					result, err := j.wait()
					if err != nil {
						t.Errorf("Copy: %v", err)
					}
					d := back(result)
					if d.Bytes != int64(len(answer)) || d.End != tunnel.EOF || d.Err != nil || d.Lost || d.Last.Before(d.First) || d.First.IsZero() {
						t.Errorf("the direction of the answer: %+v, want %d bytes, EOF, nothing lost", d, len(answer))
					}
				})
			}
		}
	}
}

func TestCopyPassesResetsOn(t *testing.T) {
	for _, client := range []string{"tcp", "tls"} {
		for _, backend := range []string{"tcp", "tls"} {
			for _, who := range []string{"client", "backend"} {
				t.Run(fmt.Sprintf("%s-%s/%s", client, backend, who), func(t *testing.T) {
					j := join(t, client, backend, nil)
					dying, other, _ := j.ends(who)
					// Once half of the message has come,
					// the tunnel has delivered all of it.
					// The rest is read after the reset.
					message := block(100)
					send(t, dying, message)
					got := make([]byte, 50)
					if _, err := io.ReadFull(other, got); err != nil {
						t.Fatal(err)
					}
					reset(t, dying)
					got = append(got, wantReset(t, "the other side", other)...)
					if !bytes.Equal(got, message) {
						t.Errorf("the other side read %d of the %d bytes before the reset", len(got), len(message))
					}
					result, err := j.wait()
					if err == nil {
						t.Error("Copy = nil, want the reset")
					}
					from, to := result.ToBackend, result.ToClient
					if who == "backend" {
						from, to = to, from
					}
					if from.End != tunnel.Reset || !from.Lost || from.Err == nil || to.End != tunnel.Closed && to.End != tunnel.Reset {
						t.Errorf("after a reset by the %s: the direction from it is %+v, and the other %+v", who, from, to)
					}
				})
			}
		}
	}
}

func TestCopyPassesResetsOnUnderLoad(t *testing.T) {
	for _, client := range []string{"tcp", "tls"} {
		for _, backend := range []string{"tcp", "tls"} {
			for _, who := range []string{"client", "backend"} {
				t.Run(fmt.Sprintf("%s-%s/%s", client, backend, who), func(t *testing.T) {
					j := join(t, client, backend, nil)
					dying, other, _ := j.ends(who)
					died := make(chan struct{})
					go func() {
						_ = flood(dying) // until dying is reset
						close(died)
					}()
					told := make(chan error, 2) // the kernel reports the reset to the writer or to the reader
					go func() { told <- flood(other) }()
					for _, c := range []net.Conn{dying, other} {
						if _, err := io.CopyN(io.Discard, c, 1<<20); err != nil {
							t.Fatal(err)
						}
					}
					reset(t, dying)
					go func() {
						_, err := io.Copy(io.Discard, other)
						told <- err
					}()
					if w, r := <-told, <-told; !errors.Is(w, syscall.ECONNRESET) && !errors.Is(r, syscall.ECONNRESET) {
						t.Errorf("the other side: Write and Read = %v and %v, want connection reset by peer", w, r)
					}
					if _, err := j.wait(); err == nil {
						t.Error("Copy = nil, want the reset")
					}
					<-died
				})
			}
		}
	}
}

// A Unix socket is reset if it is closed before all its input is read. The
// other side first gets what the socket had sent. Then it is reset, or only
// closed if it is a Unix socket too.
func TestCopyPassesResetsOfUnixSocketsOn(t *testing.T) {
	for _, other := range []string{"tcp", "tls", "unix"} {
		for _, who := range []string{"client", "backend"} {
			t.Run(who+" before "+other, func(t *testing.T) {
				noLeaks(t)
				one, dying := link(t, "unix")
				two, peer := link(t, other)
				j, there, back := joinFirst(t, who, one, dying, two, peer, nil)
				send(t, peer, []byte("unread"))
				if _, err := io.ReadFull(dying, make([]byte, 1)); err != nil {
					t.Fatal(err)
				}
				message := block(100)
				send(t, dying, message)
				dying.Close()
				got, err := io.ReadAll(peer)
				if !bytes.Equal(got, message) || (err == nil) != (other == "unix") {
					t.Errorf("the other side read %d of %d bytes and then %v, want all and a reset: %v", len(got), len(message), err, other != "unix")
				}
				result, err := j.wait()
				if d := there(result); err == nil || d.End != tunnel.Reset || !d.Lost || d.Bytes != int64(len(message)) {
					t.Errorf("Copy = %v, %+v; want the reset", err, d)
				}
				if d := back(result); d.End == tunnel.EOF {
					t.Errorf("the direction to the reset side: %+v; want no EOF", d)
				}
			})
		}
	}
}

// flood writes until Write fails.
func flood(conn net.Conn) error {
	p := block(64 << 10)
	for {
		if _, err := conn.Write(p); err != nil {
			return err
		}
	}
}

func TestCopyNoticesAResetWhileTheOtherSideDoesNotRead(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"tcp", "tls"} {
		for _, other := range kinds {
			for _, who := range []string{"client", "backend"} {
				t.Run(fmt.Sprintf("%s %s before %s", kind, who, other), func(t *testing.T) {
					t.Parallel()
					one, dying := link(t, kind)
					two, peer := link(t, other)
					// On a busy machine, stuff may return
					// while the tunnel still reads. A Read
					// then returns the reset, and peer has
					// Linger to take its bytes.
					j, there, _ := joinFirst(t, who, one, dying, two, peer, &tunnel.Options{Linger: limit})
					stuff(t, dying)
					begin := time.Now()
					reset(t, dying)
					result, err := j.wait()
					t.Logf("noticed after %v", time.Since(begin))
					if d := there(result); err == nil || d.End != tunnel.Reset || !d.Lost {
						t.Errorf("Copy = %v, %+v; want the reset", err, d)
					}
				})
			}
		}
	}
}

// stuff writes until conn takes nothing for as long as limit.
func stuff(t *testing.T, conn net.Conn) {
	t.Helper()
	p := block(64 << 10)
	for {
		if err := conn.SetWriteDeadline(time.Now().Add(limit)); err != nil {
			t.Fatal(err)
		}
		if _, err := conn.Write(p); err != nil {
			return
		}
	}
}

func TestCopyEndsWhenCancelled(t *testing.T) {
	for _, kind := range []string{"tcp", "tls", "unix", "pipe"} {
		t.Run(kind, func(t *testing.T) {
			noLeaks(t)
			for i := range 6 {
				counters := new(tunnel.Counters)
				j := joinLinks(t, kind, kind, &tunnel.Options{Counters: counters})
				var busy sync.WaitGroup
				for _, c := range []net.Conn{j.client, j.backend} {
					busy.Add(2)
					go func() {
						defer busy.Done()
						_ = flood(c) // until c is closed
					}()
					go func() {
						defer busy.Done()
						_, _ = io.Copy(io.Discard, c) // until c is closed
					}()
				}
				// The tunnel is cancelled at a random moment:
				// at once, or while bytes move.
				for some := rand.Int64N(int64(i)<<18 + 1); counters.ToBackend.Load() < some; {
					runtime.Gosched()
				}
				j.cancel()
				if result, err := j.wait(); !errors.Is(err, context.Canceled) || result.ToBackend.Bytes != counters.ToBackend.Load() {
					t.Errorf("Copy = %+v, %v; want context.Canceled and %d bytes", result, err, counters.ToBackend.Load())
				}
				busy.Wait()
			}
		})
	}
}
