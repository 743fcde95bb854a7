package wrap_test

import (
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bodywrap/bodywrap/internal/testkit"
	"github.com/bodywrap/bodywrap/wrap"
)

// Linger and Idle close real bodies whose peer ignores EOF. The tests in
// silence_synctest_test.go check the exact times.
func TestSilenceClosesRealBodies(t *testing.T) {
	type body = func(*testing.T) io.ReadCloser
	tests := []struct {
		name string
		hook wrap.Hooks
		body body
		why  string
	}{
		{"Linger", wrap.Linger(time.Millisecond), dialSilent, "a connection can half-close in every version of Go"},
		{"Idle", wrap.Idle(time.Millisecond), dialSilent, "the same connection"},
		{"Idle", wrap.Idle(time.Millisecond), upgradedSilent, "the body of a 101"},
		{"Idle", wrap.Idle(time.Millisecond), stuckResponse, "the body of a response that never ends"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			done, c := summaries()
			body := wrap.Body(tt.body(t), wrap.Done(done), tt.hook)
			if cw, ok := body.(wrap.CloseWriter); ok {
				if err := cw.CloseWrite(); err != nil && tt.name == "Linger" {
					t.Fatalf("CloseWrite = %v", err)
				}
			}
			result := make(chan error, 1)
			go func() {
				_, err := io.Copy(io.Discard, body)
				result <- err
			}()
			var timeout *wrap.TimeoutError
			if err := receive(t, result, "the end of the copy"); !errors.As(err, &timeout) || timeout.Hook != tt.name {
				t.Errorf("Copy = %v, want a *TimeoutError of %s (%s)", err, tt.name, tt.why)
			}
			if err := body.Close(); err != nil {
				t.Errorf("Close = %v (%s)", err, tt.why)
			}
			if s := one(t, c); s.ReadErr != error(timeout) || s.CloseErr != nil {
				t.Errorf("ReadErr, CloseErr = %v, %v, want %v, nil (%s)", s.ReadErr, s.CloseErr, timeout, tt.why)
			}
		})
	}
}

// dialSilent returns a connection whose peer neither sends nor closes.
func dialSilent(t *testing.T) io.ReadCloser {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	peer, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(); peer.Close() })
	return conn
}

func upgradedSilent(t *testing.T) io.ReadCloser {
	t.Helper()
	hold := make(chan bool)
	body := upgradedBodyOf(t, func(w http.ResponseWriter, r *http.Request) {
		upgrade(w, func(net.Conn, io.Reader) { <-hold })
	})
	t.Cleanup(func() { close(hold) })
	return body
}

func stuckResponse(t *testing.T) io.ReadCloser {
	t.Helper()
	hold := make(chan bool)
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(200)
		_ = http.NewResponseController(w).Flush() // the client would get no response
		<-hold
	}))
	t.Cleanup(func() { close(hold); backend.Close() })
	resp, err := backend.Client().Get(backend.URL)
	if err != nil {
		t.Fatal(err)
	}
	return resp.Body
}

func TestLingerAndIdleStartNoGoroutine(t *testing.T) {
	before := runtime.NumGoroutine()
	bodies := make([]io.ReadCloser, 1000)
	for i := range bodies {
		bodies[i] = wrap.Body(newRecorder(""), wrap.Linger(time.Hour), wrap.Idle(time.Hour))
		_ = bodies[i].(wrap.CloseWriter).CloseWrite() // a recorder's cannot fail
	}
	if now := runtime.NumGoroutine(); now > before+500 { // others come and go
		t.Errorf("%d goroutines after 1000 bodies, %d before", now, before)
	}
	for _, body := range bodies {
		body.Close()
	}
}

// A timer that still ran would hold on to its body. The runtime itself lets go
// of stopped timers only when they are many, and when the processor that has
// them schedules something; so there are many, and all processors schedule.
func TestNothingIsLeftBehindAfterClose(t *testing.T) {
	const bodies = 1000
	var freed atomic.Int32
	stop := make(chan bool)
	var busy sync.WaitGroup
	for range 2 * runtime.GOMAXPROCS(0) {
		busy.Add(1)
		go func() {
			defer busy.Done()
			for {
				select {
				case <-stop:
					return
				default:
					runtime.Gosched()
				}
			}
		}()
	}
	defer busy.Wait()
	defer close(stop)

	for range bodies {
		orig := newRecorder("")
		runtime.AddCleanup(orig, func(*struct{}) { freed.Add(1) }, nil)
		body := wrap.Body(orig, wrap.Linger(time.Hour), wrap.Idle(time.Hour))
		_ = body.(wrap.CloseWriter).CloseWrite() // a recorder's cannot fail
		body.Close()
	}
	freedHalf := testkit.Eventually(func() bool {
		runtime.GC()
		return freed.Load() >= bodies/2
	})
	if !freedHalf {
		t.Fatalf("%d of %d closed bodies are still in use %v later", bodies-freed.Load(), bodies, testkit.Patience)
	}
}

func TestLingerLeavesABodyThatCannotHalfClose(t *testing.T) {
	body := newRecorder("").only(hasWrite)
	if got := wrap.Body(body, wrap.Linger(time.Hour)); got != body {
		t.Errorf("Body = %v, want the body itself: there is nothing to wait for", got)
	}
}
