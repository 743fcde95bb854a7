package tunnel_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"sync"
	"testing"

	"github.com/bodywrap/bodywrap/wrap/tunnel"
)

// What can happen to a hijacked connection. A handler that has returned or
// panicked goes on in another goroutine, as a handler may.
var happenings = []string{"Hijack", "Close", "return", "panic", "Shutdown"}

// For each pair of happenings in both orders, after Hijack and without it,
// the connection is closed if and only if Close or Shutdown was called, and the
// group has it until then.
func TestHijackedInEachOrder(t *testing.T) {
	for _, first := range happenings {
		for _, second := range happenings {
			for _, hijackedBefore := range []bool{false, true} {
				if first == second || hijackedBefore && (first == "Hijack" || second == "Hijack") {
					continue
				}
				if second == "Hijack" && (first == "return" || first == "panic") {
					continue // net/http forbids it
				}
				order := []string{first, second}
				if hijackedBefore {
					order = append([]string{"Hijack"}, order...)
				}
				t.Run(fmt.Sprint(order), func(t *testing.T) {
					noLeaks(t)
					playOrder(t, order)
				})
			}
		}
	}
}

// playOrder serves one request to which these things happen, one after the
// other.
func playOrder(t *testing.T, order []string) {
	var group tunnel.Group
	turns, next := make(chan string), make(chan bool)
	var conn net.Conn
	var hijackErr error
	take := func(w http.ResponseWriter, turn string) {
		switch turn {
		case "Hijack":
			conn, _, hijackErr = http.NewResponseController(w).Hijack()
		case "Close":
			if conn != nil {
				conn.Close()
			}
		case "Shutdown":
			_ = group.Shutdown(ended()) // Len says what it does
		}
	}
	srv := httptest.NewUnstartedServer(group.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for turn := range turns {
			if turn != "return" && turn != "panic" {
				take(w, turn)
				next <- true
				continue
			}
			go func() {
				next <- true
				for turn := range turns {
					take(w, turn)
					next <- true
				}
				close(next)
			}()
			if turn == "panic" {
				panic(http.ErrAbortHandler)
			}
			return
		}
		close(next)
	})))
	srv.Config.ErrorLog = log.New(io.Discard, "", 0) // of the handler that panics
	srv.Start()
	defer srv.Close()
	client := dialTCP(t, srv.Listener.Addr().String())
	send(t, client, []byte(upgradeRequest))

	open, refused := false, false
	for _, turn := range order {
		turns <- turn
		<-next
		switch turn {
		case "Hijack":
			if refused && !errors.Is(hijackErr, tunnel.ErrShutdown) {
				t.Errorf("Hijack after Shutdown = %v, want ErrShutdown", hijackErr)
			}
			if open = hijackErr == nil; !open && !refused {
				t.Errorf("Hijack = %v", hijackErr)
			}
		case "Close":
			open = false
		case "Shutdown":
			open, refused = false, true
		}
		want := 0
		if open {
			want = 1
		}
		if n := group.Len(); n != want {
			t.Errorf("Len = %d after %s, want %d", n, turn, want)
		}
	}
	close(turns)
	<-next
	if open { // nobody else closes it
		if err := group.Shutdown(ended()); err != context.Canceled {
			t.Errorf("Shutdown = %v, want context.Canceled", err)
		}
	}
	if conn != nil {
		if n, err := client.Read(make([]byte, 1)); n > 0 || err != io.EOF {
			t.Errorf("the client reads %d bytes, %v; want EOF", n, err)
		}
	}
}

// A pipeWriter is a ResponseWriter whose connection is a net.Pipe.
type pipeWriter struct {
	http.ResponseWriter
	conn net.Conn
}

func (w *pipeWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	pause()
	return w.conn, bufio.NewReadWriter(bufio.NewReader(w.conn), bufio.NewWriter(w.conn)), nil
}

// pause lets other goroutines run, or not.
func pause() {
	for range rand.IntN(4) {
		runtime.Gosched()
	}
}

// In any order of Hijack, Close, the handler's end and Shutdown, each
// connection is closed, no one is left in the group, and Shutdown returns.
func TestHijackedInAnyOrder(t *testing.T) {
	noLeaks(t)
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	for i := range 10_000 {
		if err := race(random.IntN(8)); err != nil {
			t.Fatalf("run %d of seed %d: %v", i, seed, err)
		}
	}
}

// race serves two requests while Shutdown is called. The bits of kind say
// whether the handlers close the connection themselves, whether they panic, and
// whether Shutdown has time.
func race(kind int) error {
	closes, panics, patient := kind&1 > 0, kind&2 > 0, kind&4 > 0
	var group tunnel.Group
	var all sync.WaitGroup
	errs := make(chan error, 8)
	handler := group.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		pause()
		conn, _, err := http.NewResponseController(w).Hijack()
		switch {
		case errors.Is(err, tunnel.ErrShutdown):
			w.(interface{ Unwrap() http.ResponseWriter }).Unwrap().(*pipeWriter).conn.Close()
			return
		case err != nil:
			errs <- err
			return
		}
		if closes || patient {
			all.Add(1)
			go func() {
				defer all.Done()
				pause()
				conn.Close()
			}()
		}
		pause()
		if panics {
			panic(http.ErrAbortHandler)
		}
	}))
	request := func() {
		defer all.Done()
		defer func() { _ = recover() }() // as net/http does
		ours, peer := net.Pipe()
		all.Add(1)
		go func() {
			defer all.Done()
			_, _ = io.Copy(io.Discard, peer) // until ours is closed
		}()
		w := &pipeWriter{httptest.NewRecorder(), ours}
		handler.ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	}
	all.Add(3)
	go request()
	go request()
	go func() {
		defer all.Done()
		pause()
		ctx := ended()
		if patient {
			ctx = context.Background()
		}
		if err := group.Shutdown(ctx); err != nil && err != context.Canceled {
			errs <- fmt.Errorf("Shutdown = %w", err)
		}
	}()
	all.Wait()
	if n := group.Len(); n != 0 {
		return fmt.Errorf("Len = %d when all is over", n)
	}
	select {
	case err := <-errs:
		return err
	default:
		return nil
	}
}
