package wrap_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/bodywrap/bodywrap/wrap"
)

// A hookedListener puts hooks in front of each connection, and counts them.
type hookedListener struct {
	net.Listener
	hooks    []wrap.Hooks
	accepted atomic.Int32
}

func (l *hookedListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.accepted.Add(1)
	return wrap.Conn(c, l.hooks...), nil
}

// serve serves h on connections with hooks, and returns the listener.
func serve(t *testing.T, h http.Handler, hooks ...wrap.Hooks) *hookedListener {
	t.Helper()
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &hookedListener{Listener: inner, hooks: hooks}
	server := &http.Server{Handler: h}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	t.Cleanup(func() {
		_ = server.Close() // Serve says what matters
		if err := receive(t, served, "Serve's return"); err != http.ErrServerClosed {
			t.Errorf("Serve = %v", err)
		}
	})
	return l
}

var echo = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body) // the client checks
	_, _ = w.Write(body)
})

// An http.Server ends its background read after each request by a read
// deadline, and goes on to use the connection. With a transform below, it lost
// each connection after one request.
func TestServerKeepsConnectionsThatATransformDecodes(t *testing.T) {
	transforms := []wrap.Hooks{wrap.TransformRead(gzip.NewReader), wrap.TransformWrite(gzip.NewWriter)}
	l := serve(t, echo, transforms...)
	transport := &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := new(net.Dialer).DialContext(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return wrap.Conn(c, transforms...), nil
	}}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}
	for i, size := range []int{0, 1, 100_000, 10, 1 << 20, 5, 0, 3} {
		sent := strings.Repeat("x", size)
		resp, err := client.Post("http://"+l.Addr().String(), "text/plain", strings.NewReader(sent))
		if err != nil {
			t.Fatalf("request %d: %v", i, err)
		}
		got, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || string(got) != sent {
			t.Errorf("request %d: read %d bytes, %v, want the %d that were sent", i, len(got), err, size)
		}
	}
	if n := l.accepted.Load(); n != 1 {
		t.Errorf("8 requests took %d connections, want 1", n)
	}
}

// That deadline is not an error of a connection that goes on.
func TestDoneDoesNotCallAReadDeadlineAFailure(t *testing.T) {
	for _, close := range []bool{false, true} {
		t.Run(fmt.Sprintf("Connection: close is %v", close), func(t *testing.T) {
			done, c := summaries()
			var log syncBuffer
			logs := make(chan wrap.Summary, 1)
			l := serve(t, echo,
				wrap.Done(func(s wrap.Summary) { logs <- s }), // outermost: is last to know
				wrap.Done(done),
				wrap.Log(context.Background(), slog.New(slog.NewTextHandler(&log, nil)), slog.LevelInfo))
			client := &http.Client{Transport: &http.Transport{DisableKeepAlives: close}}
			requests := 3
			if close {
				requests = 1
			}
			for range requests {
				resp, err := client.Post("http://"+l.Addr().String(), "text/plain", strings.NewReader("hello"))
				if err != nil {
					t.Fatal(err)
				}
				if got, err := io.ReadAll(resp.Body); string(got) != "hello" || err != nil {
					t.Errorf("read %q, %v, want hello", got, err)
				}
				resp.Body.Close()
			}
			client.CloseIdleConnections()
			receive(t, logs, "the end of the connection")
			if s := one(t, c); s.ReadErr != nil || s.WriteErr != nil || s.Read == 0 {
				t.Errorf("summary = %+v, want bytes and no error", s)
			}
			if got := log.String(); !strings.Contains(got, "body done") || strings.Contains(got, "error") {
				t.Errorf("log = %s, want a record without an error", got)
			}
			if n := l.accepted.Load(); n != 1 {
				t.Errorf("%d connections, want 1", n)
			}
		})
	}
}

// A syncBuffer is a buffer for several goroutines.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// This table says which timeouts are errors of the body.
func TestDoneTellsDeadlinesApart(t *testing.T) {
	_, conn := tcpPair(t)
	cut := &wrap.TimeoutError{Hook: "Idle"}
	timedOut := &net.OpError{Op: "read", Err: os.ErrDeadlineExceeded}
	failing := func(err error) wrap.Hooks {
		return wrap.Hooks{
			Read:    func(io.Reader, []byte) (int, error) { return 0, err },
			Write:   func(io.Writer, []byte) (int, error) { return 0, err },
			WriteTo: func(io.WriterTo, io.Writer) (int64, error) { return 0, err },
		}
	}
	tests := []struct {
		name  string
		body  io.ReadCloser
		err   error
		read  error
		write error
		why   string
	}{
		{"deadline of a connection", conn, timedOut, nil, timedOut, "the caller can move it; a write deadline can cost bytes"},
		{"deadline of a wrapped connection", wrap.Body(conn, passAll), timedOut, nil, timedOut, "so it can here"},
		{"cut by Idle", conn, cut, cut, cut, "the connection is closed"},
		{"failure of a connection", conn, io.ErrUnexpectedEOF, io.ErrUnexpectedEOF, io.ErrUnexpectedEOF, "no deadline"},
		{"timeout of a body", newRecorder(""), timedOut, timedOut, timedOut, "nobody can move it"},
	}
	for _, tt := range tests {
		for _, way := range []string{"Read", "WriteTo"} {
			t.Run(tt.name+"/"+way, func(t *testing.T) {
				done, c := summaries()
				closes := wrap.Hooks{Close: func(io.Closer) error { return nil }}
				body := wrap.Body(tt.body, wrap.Done(done), failing(tt.err), closes)
				if way == "Read" {
					_, _ = body.Read(make([]byte, 1))
				} else {
					_, _ = body.(io.WriterTo).WriteTo(io.Discard)
				}
				_, _ = body.(io.Writer).Write([]byte("x"))
				body.Close()
				if s := one(t, c); s.ReadErr != tt.read || s.WriteErr != tt.write {
					t.Errorf("ReadErr, WriteErr = %v, %v, want %v, %v: %s", s.ReadErr, s.WriteErr, tt.read, tt.write, tt.why)
				}
			})
		}
	}
}
