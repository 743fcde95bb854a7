package tunnel_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"github.com/bodywrap/bodywrap/internal/testkit"
	"github.com/bodywrap/bodywrap/wrap"
	"github.com/bodywrap/bodywrap/wrap/tunnel"
)

// limit is the Idle or Linger of tests that wait for it.
const limit = time.Second / 2

// steadily calls try, which keeps a tunnel alive and calls mark each time that
// bytes have moved. On a busy machine the calls of mark can be so far apart
// that the tunnel rightly ends. If try fails after such a pause, steadily calls
// it again.
func steadily(t *testing.T, try func(mark func()) error) {
	t.Helper()
	for end := time.Now().Add(testkit.Patience); ; {
		last, longest := time.Now(), time.Duration(0)
		err := try(func() {
			now := time.Now()
			longest = max(longest, now.Sub(last))
			last = now
		})
		switch {
		case err == nil:
			return
		case longest < limit/2:
			t.Fatal(err)
		case time.Now().After(end):
			t.Fatalf("the machine is too busy: after a pause of %v: %v", longest, err)
		}
		t.Logf("try again, after a pause of %v: %v", longest, err)
	}
}

// outlast runs n silent tunnels with opt, one after the other. If finished is
// true, their clients finish at once. outlast sends to done when the last
// tunnel has ended, or an error if one of them ends in another way than by its
// limit.
func outlast(n int, opt tunnel.Options, finished bool, done chan<- error) {
	for range n {
		client, clientPeer := net.Pipe()
		backend, _ := net.Pipe()
		want := tunnel.ErrIdle
		if finished {
			clientPeer.Close()
			want = tunnel.ErrLinger
		}
		if _, err := tunnel.Copy(context.Background(), client, deafCloser{backend}, &opt); !errors.Is(err, want) {
			done <- fmt.Errorf("Copy of a silent tunnel = %w, want %w", err, want)
			return
		}
	}
	done <- nil
}

// A deafCloser has a CloseWrite that does nothing, as if its peer ignored FIN.
type deafCloser struct{ net.Conn }

func (deafCloser) CloseWrite() error { return nil }

// trickle calls step 20 times in each limit, until n silent tunnels with opt
// have ended one after the other. It returns how often it called step. After an
// error it does not call step again.
func trickle(n int, opt tunnel.Options, finished bool, step func() error) (steps int, err error) {
	past := make(chan error, 1)
	go outlast(n, opt, finished, past)
	beat := time.NewTicker(limit / 20)
	defer beat.Stop()
	for {
		select {
		case e := <-past:
			return steps, errors.Join(err, e)
		case <-beat.C:
			if err == nil {
				err = step()
				steps++
			}
		}
	}
}

func TestCopyEndsWhenOneSideIgnoresTheEnd(t *testing.T) {
	for i, client := range kinds {
		for _, backend := range []string{client, kinds[(i+1)%len(kinds)]} {
			for _, first := range []string{"client", "backend"} {
				t.Run(fmt.Sprintf("%s-%s/%s", client, backend, first), func(t *testing.T) {
					j := join(t, client, backend, &tunnel.Options{Linger: 20 * time.Millisecond})
					finisher, ignorer, direction := j.ends(first)
					finisher.Close()
					result, err := j.wait()
					if !errors.Is(err, tunnel.ErrLinger) {
						t.Errorf("Copy = %v, want ErrLinger", err)
					}
					if d := direction(result); d.End != tunnel.Closed || !errors.Is(d.Err, tunnel.ErrLinger) || d.Lost {
						t.Errorf("the silent direction: %+v; want Closed by ErrLinger, nothing lost", d)
					}
					if got, err := io.ReadAll(ignorer); err != nil || len(got) > 0 {
						t.Errorf("the silent side read %q, %v; want EOF", got, err)
					}
				})
			}
		}
	}
}

func TestCopyNeverCutsAnAnswerThatFlows(t *testing.T) {
	t.Parallel()
	tests := []struct {
		why      string
		one, two string
		keep     bool
	}{
		{"TCP", "tcp", "tcp", false},
		{"TLS", "tls", "tls", false},
		{"Unix sockets", "unix", "unix", false},
		{"the answerer was not told", "tcp", "pipe", true},
	}
	for _, tt := range tests {
		for _, first := range []string{"client", "backend"} {
			t.Run(tt.why+"/"+first, func(t *testing.T) {
				t.Parallel()
				opt := tunnel.Options{Linger: limit, KeepOpen: tt.keep}
				steadily(t, func(mark func()) error {
					one, finisher := link(t, tt.one)
					two, answerer := link(t, tt.two)
					mark()
					j, _, _ := joinFirst(t, first, one, finisher, two, answerer, &opt)
					finish(t, finisher)
					sent, err := trickle(2, opt, true, func() error {
						_, err := answerer.Write([]byte("."))
						mark()
						return err
					})
					if tt.keep {
						answerer.Close()
					} else if e := answerer.(wrap.CloseWriter).CloseWrite(); e != nil {
						err = errors.Join(err, e)
					}
					mark()
					_, e := j.wait()
					return errors.Join(err, e, expect(finisher, bytes.Repeat([]byte("."), sent)))
				})
			})
		}
	}
}

func TestCopyIdle(t *testing.T) {
	t.Parallel()
	opt := tunnel.Options{Idle: limit}
	for _, kind := range []string{"tcp", "tls", "unix", "pipe"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			steadily(t, func(mark func()) error {
				j := joinLinks(t, kind, kind, &opt)
				mark()
				sent, err := trickle(3, opt, false, func() error {
					_, err := j.backend.Write([]byte("."))
					if err == nil {
						_, err = io.ReadFull(j.client, make([]byte, 1))
					}
					mark()
					return err
				})
				if err != nil {
					return err
				}
				result, err := j.wait()
				if !errors.Is(err, tunnel.ErrIdle) {
					return fmt.Errorf("Copy = %w, want ErrIdle", err)
				}
				if d := result.ToClient; d.Bytes != int64(sent) || d.End != tunnel.Closed || d.Lost {
					return fmt.Errorf("the direction to the client: %+v; want %d bytes, Closed, nothing lost", d, sent)
				}
				return nil
			})
		})
	}
}

func TestCopyIdleIsOffByDefault(t *testing.T) {
	noLeaks(t)
	j := joinLinks(t, "tcp", "tcp", nil)
	past := make(chan error, 1)
	outlast(1, tunnel.Options{Idle: 20 * time.Millisecond}, false, past)
	if err := <-past; err != nil {
		t.Error(err)
	}
	select {
	case <-j.done:
		t.Errorf("Copy returned %v, want it to go on", j.err)
	default:
	}
}

// With KeepOpen, a side that cannot be told and does nothing is closed after
// Linger.
func TestCopyKeepOpenEndsAfterLinger(t *testing.T) {
	for _, kind := range []string{"tcp", "pipe"} {
		t.Run(kind, func(t *testing.T) {
			noLeaks(t)
			client, clientPeer := link(t, "tcp")
			backend, backendPeer := link(t, kind)
			j := joinConns(t, client, clientPeer, noCloseWrite{backend}, backendPeer, &tunnel.Options{
				KeepOpen: true,
				Linger:   20 * time.Millisecond,
			})
			finish(t, clientPeer)
			result, err := j.wait()
			if !errors.Is(err, tunnel.ErrLinger) {
				t.Errorf("Copy = %v, want ErrLinger", err)
			}
			if d := result.ToBackend; d.End != tunnel.EOF || d.HalfClosed || d.Lost {
				t.Errorf("the direction that has ended: %+v; want EOF, not half-closed, nothing lost", d)
			}
			if d := result.ToClient; d.End != tunnel.Closed || !errors.Is(d.Err, tunnel.ErrLinger) {
				t.Errorf("the other direction: %+v; want Closed by ErrLinger", d)
			}
			for name, c := range map[string]net.Conn{"client": clientPeer, "backend": backendPeer} {
				if got, err := io.ReadAll(c); err != nil || len(got) > 0 {
					t.Errorf("the %s read %q, %v; want EOF", name, got, err)
				}
			}
		})
	}
}
