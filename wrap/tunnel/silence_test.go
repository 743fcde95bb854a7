package tunnel_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"github.com/bodywrap/bodywrap/wrap/tunnel"
)

// limit is a time of silence after which tunnels end in tests that wait for it.
// That much has to be past before a test may miss its beat.
const limit = 400 * time.Millisecond

// outlast runs n tunnels with opt one after the other in which nothing happens,
// or nothing but that the client finishes, and tells when the last has ended.
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
			done <- fmt.Errorf("a silent tunnel: Copy = %w, want: %w", err, want)
			return
		}
	}
	done <- nil
}

// A deafCloser takes CloseWrite and does nothing, like a peer that ignores FIN.
type deafCloser struct{ net.Conn }

func (deafCloser) CloseWrite() error { return nil }

// trickle does step now and then for as long as n silent tunnels with opt take
// to end. It returns how often it did.
func trickle(t *testing.T, n int, opt tunnel.Options, finished bool, step func()) (steps int) {
	t.Helper()
	past := make(chan error, 1)
	go outlast(n, opt, finished, past)
	beat := time.NewTicker(limit / 20)
	defer beat.Stop()
	for {
		select {
		case err := <-past:
			if err != nil {
				t.Error(err)
			}
			return steps
		case <-beat.C:
			step()
			steps++
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
						t.Errorf("the silent direction: %+v", d)
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
	noLeaks(t)
	opt := tunnel.Options{Linger: limit}
	for _, kind := range kinds {
		for _, first := range []string{"client", "backend"} {
			t.Run(kind+"/"+first, func(t *testing.T) {
				t.Parallel()
				j := joinLinks(t, kind, kind, &opt)
				finisher, answerer, _ := j.ends(first)
				finish(t, finisher)
				if _, err := answerer.Read(make([]byte, 1)); err != io.EOF {
					t.Fatalf("the answerer's Read = %v, want EOF", err)
				}
				sent := trickle(t, 3, opt, true, func() { send(t, answerer, []byte(".")) })
				finish(t, answerer)
				if got, err := io.ReadAll(finisher); err != nil || len(got) != sent {
					t.Errorf("of %d bytes came %d, %v", sent, len(got), err)
				}
				if _, err := j.wait(); err != nil {
					t.Errorf("Copy: %v", err)
				}
			})
		}
	}
}

func TestCopyIdle(t *testing.T) {
	noLeaks(t)
	opt := tunnel.Options{Idle: limit}
	for _, kind := range []string{"tcp", "tls", "unix", "pipe"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			j := joinLinks(t, kind, kind, &opt)
			sent := trickle(t, 3, opt, false, func() {
				send(t, j.backend, []byte("."))
				if _, err := io.ReadFull(j.client, make([]byte, 1)); err != nil {
					t.Errorf("the client's Read: %v", err)
				}
			})
			result, err := j.wait()
			if !errors.Is(err, tunnel.ErrIdle) {
				t.Errorf("Copy = %v, want ErrIdle", err)
			}
			if d := result.ToClient; d.Bytes != int64(sent) || d.End != tunnel.Closed || d.Lost {
				t.Errorf("of %d bytes one at a time: %+v", sent, d)
			}
		})
	}
}

func TestCopyIdleIsOffByDefault(t *testing.T) {
	noLeaks(t)
	j := joinLinks(t, "tcp", "tcp", nil)
	trickle(t, 1, tunnel.Options{Idle: 20 * time.Millisecond}, false, func() {})
	select {
	case <-j.done:
		t.Errorf("Copy = %v with nothing to end it", j.err)
	default:
	}
}

// A side that is told nothing and does nothing is not waited for for ever.
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
				t.Errorf("the end that could not be told: %+v", d)
			}
			if d := result.ToClient; d.End != tunnel.Closed || !errors.Is(d.Err, tunnel.ErrLinger) {
				t.Errorf("the direction that was waited for: %+v", d)
			}
			for name, c := range map[string]net.Conn{"client": clientPeer, "backend": backendPeer} {
				if got, err := io.ReadAll(c); err != nil || len(got) > 0 {
					t.Errorf("the %s read %q, %v; want EOF", name, got, err)
				}
			}
		})
	}
}

func TestCopyKeepOpenNeverCutsAnAnswerThatFlows(t *testing.T) {
	noLeaks(t)
	opt := tunnel.Options{KeepOpen: true, Linger: limit}
	client, clientPeer := link(t, "tcp")
	backend, backendPeer := link(t, "pipe")
	j := joinConns(t, client, clientPeer, backend, backendPeer, &opt)
	finish(t, clientPeer)
	sent := trickle(t, 2, opt, true, func() { send(t, backendPeer, []byte(".")) })
	backendPeer.Close()
	if got, err := io.ReadAll(clientPeer); err != nil || len(got) != sent {
		t.Errorf("of %d bytes came %d, %v", sent, len(got), err)
	}
	if _, err := j.wait(); err != nil {
		t.Errorf("Copy: %v", err)
	}
}
