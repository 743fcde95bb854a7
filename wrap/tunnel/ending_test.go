package tunnel_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/bodywrap/bodywrap/wrap/tunnel"
)

var kinds = []string{"tcp", "tls", "unix"} // those that half-close

// block returns n bytes that differ from place to place.
func block(n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(i ^ i>>8 ^ i>>16)
	}
	return p
}

// slowly reads r to its end in small pieces.
func slowly(r io.Reader) ([]byte, error) {
	var all bytes.Buffer
	p := make([]byte, 64<<10)
	for {
		n, err := r.Read(p)
		all.Write(p[:n])
		if err == io.EOF {
			return all.Bytes(), nil
		}
		if err != nil {
			return all.Bytes(), err
		}
		time.Sleep(time.Microsecond) // be slower than the sender
	}
}

// ends returns who finishes first, the other, and the direction that goes on.
func (j *joined) ends(first string) (finisher, answerer net.Conn, answer func(tunnel.Result) tunnel.Direction) {
	if first == "client" {
		return j.client, j.backend, func(r tunnel.Result) tunnel.Direction { return r.ToClient }
	}
	return j.backend, j.client, func(r tunnel.Result) tunnel.Direction { return r.ToBackend }
}

func TestCopyDeliversWhatComesAfterTheOtherSideFinished(t *testing.T) {
	answer := block(4 << 20)
	for _, client := range kinds {
		for _, backend := range kinds {
			for _, first := range []string{"client", "backend"} {
				t.Run(fmt.Sprintf("%s-%s/%s first", client, backend, first), func(t *testing.T) {
					j := join(t, client, backend, nil)
					finisher, answerer, direction := j.ends(first)
					send(t, finisher, []byte("question"))
					finish(t, finisher)
					if got, err := io.ReadAll(answerer); err != nil || string(got) != "question" {
						t.Fatalf("the question arrived as %q, %v", got, err)
					}
					go func() {
						send(t, answerer, answer)
						finish(t, answerer)
					}()
					got, err := slowly(finisher)
					if err != nil || !bytes.Equal(got, answer) {
						t.Errorf("of an answer of %d bytes came %d, %v", len(answer), len(got), err)
					}
					result, err := j.wait()
					if err != nil {
						t.Errorf("Copy: %v", err)
					}
					d := direction(result)
					if d.Bytes != int64(len(answer)) || d.End != tunnel.EOF || d.Err != nil || d.Lost || d.Last.Before(d.First) || d.First.IsZero() {
						t.Errorf("answer: %+v, want %d bytes, EOF, nothing lost", d, len(answer))
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
					// Half of it shows that all is there, and the rest is read after the reset.
					message := block(100)
					send(t, dying, message)
					got := make([]byte, 50)
					if _, err := io.ReadFull(other, got); err != nil {
						t.Fatal(err)
					}
					reset(t, dying)
					got = append(got, wantReset(t, "the other side", other)...)
					if !bytes.Equal(got, message) {
						t.Errorf("of %d bytes before the reset came %d", len(message), len(got))
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
						t.Errorf("after a reset by the %s: %+v; and back %+v", who, from, to)
					}
				})
			}
		}
	}
}

func TestCopyPassesResetsOnUnderLoad(t *testing.T) {
	for _, who := range []string{"client", "backend"} {
		t.Run(who, func(t *testing.T) {
			j := join(t, "tcp", "tcp", nil)
			dying, other, _ := j.ends(who)
			go flood(dying)
			told := make(chan error, 2) // the kernel tells either the writer or the reader
			go func() { told <- flood(other) }()
			for _, c := range []net.Conn{dying, other} {
				if _, err := io.CopyN(io.Discard, c, 4<<20); err != nil {
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
		})
	}
}

// flood writes until it cannot.
func flood(conn net.Conn) error {
	p := block(64 << 10)
	for {
		if _, err := conn.Write(p); err != nil {
			return err
		}
	}
}

func TestCopyNoticesAResetWhileTheOtherSideDoesNotRead(t *testing.T) {
	for _, other := range []string{"tcp", "tls", "unix"} {
		for _, who := range []string{"client", "backend"} {
			t.Run(who+" before "+other, func(t *testing.T) {
				client, backend := "tcp", other
				if who == "backend" {
					client, backend = other, "tcp"
				}
				j := join(t, client, backend, nil)
				dying, _, _ := j.ends(who)
				if err := dying.SetWriteDeadline(time.Now().Add(time.Second / 2)); err != nil {
					t.Fatal(err)
				}
				_ = flood(dying) // until nothing goes in any more
				begin := time.Now()
				reset(t, dying)
				result, err := j.wait()
				t.Logf("noticed after %v", time.Since(begin))
				from := result.ToBackend
				if who == "backend" {
					from = result.ToClient
				}
				if err == nil || from.End != tunnel.Reset || !from.Lost {
					t.Errorf("Copy = %v, %+v; want the reset", err, from)
				}
			})
		}
	}
}

func TestCopyEndsWhenCancelled(t *testing.T) {
	for _, kind := range []string{"tcp", "tls", "unix", "pipe"} {
		t.Run(kind, func(t *testing.T) {
			j := join(t, kind, kind, nil)
			for _, c := range []net.Conn{j.client, j.backend} {
				go flood(c)
				go io.Copy(io.Discard, c)
			}
			time.Sleep(rand.N(10 * time.Millisecond)) // any moment must do
			j.cancel()
			if result, err := j.wait(); !errors.Is(err, context.Canceled) {
				t.Errorf("Copy = %+v, %v; want context.Canceled", result, err)
			}
		})
	}
}
