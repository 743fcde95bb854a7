package wrap_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/bodywrap/bodywrap/wrap"
	"github.com/google/go-cmp/cmp"
)

func TestConnHasExactlyTheMethodsOfTheOriginal(t *testing.T) {
	for _, mask := range connMasks() {
		for _, lay := range layerings {
			t.Run(connMethodNames(mask)+"/"+lay.name, func(t *testing.T) {
				rec := &tlsRecorder{&connRecorder{recorder: newRecorder("")}}
				original := wrap.ConnOnly(rec, mask)
				if got := connMethodsOf(original); got != mask {
					t.Fatalf("the test's own connection has %s, want %s", connMethodNames(got), connMethodNames(mask))
				}
				conn := wrap.Conn(original, lay.hooks...)
				if got := connMethodsOf(conn); got != mask {
					t.Errorf("Conn has %s, want %s", connMethodNames(got), connMethodNames(mask))
				}
				again := wrap.Conn(conn, lay.hooks...)
				if got := connMethodsOf(again); got != mask {
					t.Errorf("Conn of Conn has %s, want %s", connMethodNames(got), connMethodNames(mask))
				}
				if got, ok := wrap.As[*tlsRecorder](again); !ok || got != rec {
					t.Errorf("As[*tlsRecorder] = %v, %v, want the original", got, ok)
				}
			})
		}
	}
}

// These connections have only one of the two methods for which net/http asks.
// If a connection has only ConnectionState, net/http assumes that its TLS
// handshake is done; see golang/go#56104.
func TestConnOfHalfTheTLSMethods(t *testing.T) {
	rec := &tlsRecorder{&connRecorder{recorder: newRecorder("")}}
	tests := []struct {
		name string
		conn net.Conn
		want int
		why  string
	}{
		{"ConnectionState", struct {
			net.Conn
			connectionStater
		}{rec, rec}, connConnectionState, "it has shaken hands already"},
		{"HandshakeContext", struct {
			net.Conn
			handshakeContexter
		}{rec, rec}, 0, "nobody asks for it alone"},
	}
	for _, tt := range tests {
		if got := connMethodsOf(wrap.Conn(tt.conn, passAll)); got != tt.want {
			t.Errorf("Conn of a connection with %s has %s, want %s (%s)", tt.name, connMethodNames(got), connMethodNames(tt.want), tt.why)
		}
	}
}

// Each member of the family passes every call on to its original.
func TestEachConnCallReachesTheOriginalOnce(t *testing.T) {
	at := time.Date(2000, 1, 1, 12, 0, 0, 0, time.UTC)
	for _, mask := range connMasks() {
		t.Run(connMethodNames(mask), func(t *testing.T) {
			under := &connRecorder{}
			rec := &tlsRecorder{&connRecorder{newRecorder("ab"), under}}
			rec.err = errors.New("the connection's own error")
			conn := wrap.ConnOnly(rec, mask)

			var want []string
			expect := func(call string, err error) {
				t.Helper()
				want = append(want, call)
				if err != rec.err {
					t.Errorf("%s = %v, want %v", call, err, rec.err)
				}
			}
			p := make([]byte, 1)
			if n, err := conn.Read(p); n != 1 || err != nil || p[0] != 'a' {
				t.Errorf("Read = %d, %v with %q, want 1, nil with %q", n, err, p, "a")
			}
			if n, err := conn.Write([]byte("x")); n != 1 || err != nil {
				t.Errorf("Write = %d, %v, want 1, nil", n, err)
			}
			if got := conn.LocalAddr(); got != recordedAddr("local") {
				t.Errorf("LocalAddr = %v", got)
			}
			if got := conn.RemoteAddr(); got != recordedAddr("remote") {
				t.Errorf("RemoteAddr = %v", got)
			}
			want = append(want, "Read", "Write", "LocalAddr", "RemoteAddr")
			expect("SetDeadline 12:00PM", conn.SetDeadline(at))
			expect("SetReadDeadline 1:00PM", conn.SetReadDeadline(at.Add(time.Hour)))
			expect("SetWriteDeadline 2:00PM", conn.SetWriteDeadline(at.Add(2*time.Hour)))
			wantOut := "x"
			if c, ok := conn.(io.ReaderFrom); ok {
				if n, err := c.ReadFrom(strings.NewReader("yz")); n != 2 || err != nil {
					t.Errorf("ReadFrom = %d, %v, want 2, nil", n, err)
				}
				want, wantOut = append(want, "ReadFrom"), wantOut+"yz"
			}
			if c, ok := conn.(io.WriterTo); ok {
				var b bytes.Buffer
				if n, err := c.WriteTo(&b); n != 1 || err != nil || b.String() != "b" {
					t.Errorf("WriteTo = %d, %v with %q, want 1, nil with %q", n, err, b.String(), "b")
				}
				want = append(want, "WriteTo")
			}
			if c, ok := conn.(wrap.CloseWriter); ok {
				expect("CloseWrite", c.CloseWrite())
			}
			if c, ok := conn.(interface{ CloseRead() error }); ok {
				expect("CloseRead", c.CloseRead())
			}
			if c, ok := conn.(syscall.Conn); ok {
				_, err := c.SyscallConn()
				expect("SyscallConn", err)
			}
			if c, ok := conn.(interface{ NetConn() net.Conn }); ok {
				if got := c.NetConn(); got != under {
					t.Errorf("NetConn = %v, want %v", got, under)
				}
				want = append(want, "NetConn")
			}
			if c, ok := conn.(connectionStater); ok {
				if got := c.ConnectionState().ServerName; got != "recorded" {
					t.Errorf("ConnectionState has the ServerName %q, want %q", got, "recorded")
				}
				want = append(want, "ConnectionState")
			}
			if c, ok := conn.(handshakeContexter); ok {
				ctx := context.WithValue(context.Background(), noted{}, "in time")
				expect("HandshakeContext in time", c.HandshakeContext(ctx))
			}
			expect("Close", conn.Close())
			if diff := cmp.Diff(want, rec.calls); diff != "" {
				t.Errorf("calls that reached the original (-want +got):\n%s", diff)
			}
			if got := rec.out.String(); got != wantOut {
				t.Errorf("the original was given %q, want %q", got, wantOut)
			}
			if got := conn.(interface{ Unwrap() net.Conn }).Unwrap(); got != rec {
				t.Errorf("Unwrap = %v, want the original", got)
			}
		})
	}
}

func TestConnHooksStandInFrontOfTheirMethods(t *testing.T) {
	var calls []string
	hooks := wrap.Hooks{
		Read: func(next io.Reader, p []byte) (int, error) {
			calls = append(calls, "Read")
			return next.Read(p)
		},
		Write: func(next io.Writer, p []byte) (int, error) {
			calls = append(calls, "Write")
			return next.Write(p)
		},
		Close: func(next io.Closer) error {
			calls = append(calls, "Close")
			return next.Close()
		},
		CloseWrite: func(next wrap.CloseWriter) error {
			calls = append(calls, "CloseWrite")
			return next.CloseWrite()
		},
	}
	rec := &connRecorder{recorder: newRecorder("in")}
	conn := wrap.Conn(rec, hooks)
	if n, err := io.Copy(io.Discard, conn); n != 2 || err != nil {
		t.Errorf("io.Copy from the connection = %d, %v, want 2, nil", n, err)
	}
	if n, err := io.Copy(conn, strings.NewReader("out")); n != 3 || err != nil {
		t.Errorf("io.Copy to the connection = %d, %v, want 3, nil", n, err)
	}
	_ = conn.(wrap.CloseWriter).CloseWrite()
	_ = conn.Close()
	want := []string{"Read", "Read", "Write", "CloseWrite", "Close"} // the second Read is told of EOF
	if diff := cmp.Diff(want, calls); diff != "" {
		t.Errorf("hooks called (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, rec.calls); diff != "" {
		t.Errorf("calls that reached the original, none of them round a hook (-want +got):\n%s", diff)
	}
}

func TestConnComesBackAsItIs(t *testing.T) {
	conn := &connRecorder{}
	tests := []struct {
		name  string
		conn  net.Conn
		hooks []wrap.Hooks
		why   string
	}{
		{"nil", nil, []wrap.Hooks{passAll}, "there is nothing to wrap"},
		{"no hooks", conn, nil, "a layer would only cost"},
		{"zero hooks", conn, []wrap.Hooks{{}, {}}, "they do nothing"},
		{"New makes none", conn, []wrap.Hooks{{New: func(io.ReadCloser) wrap.Hooks { return wrap.Hooks{} }}}, "it saw no need"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := wrap.Conn(tt.conn, tt.hooks...); got != tt.conn {
				t.Errorf("Conn(%v) = %v, want it back: %s", tt.conn, got, tt.why)
			}
		})
	}
}

func TestNewIsCalledWithTheConn(t *testing.T) {
	var seen []io.ReadCloser
	hooks := wrap.Hooks{New: func(conn io.ReadCloser) wrap.Hooks {
		seen = append(seen, conn)
		return closeOnly
	}}
	a, b := &connRecorder{}, &connRecorder{}
	wrap.Conn(a, hooks)
	wrap.Conn(b, hooks)
	if len(seen) != 2 || seen[0] != a || seen[1] != b {
		t.Errorf("New was called with %v, want each connection once", seen)
	}
}

func TestConnOfRealConns(t *testing.T) {
	for _, kind := range connKinds {
		t.Run(kind.name, func(t *testing.T) {
			a, b := kind.pair(t)
			if got := connMethodsOf(a); got != kind.has {
				t.Fatalf("the original has %s, want %s (%s)", connMethodNames(got), connMethodNames(kind.has), kind.why)
			}
			for _, lay := range layerings {
				if got := connMethodsOf(wrap.Conn(a, lay.hooks...)); got != kind.has {
					t.Errorf("Conn with %s has %s, want %s (%s)", lay.name, connMethodNames(got), connMethodNames(kind.has), kind.why)
				}
			}
			converse(t, wrap.Conn(a, passAll), wrap.Conn(b, closeOnly, passAll))
		})
	}
}

// converse sends a megabyte each way between two ends. The second megabyte
// follows after the first and its EOF have arrived.
func converse(t *testing.T, a, b net.Conn) {
	t.Helper()
	question := bytes.Repeat([]byte("question"), 1<<17)
	answer := bytes.Repeat([]byte("answer.."), 1<<17)
	asked := make(chan error, 1)
	go sayAndHalfClose(a, question, asked)
	var got []byte
	var err error
	if _, ok := b.(wrap.CloseWriter); ok {
		got, err = io.ReadAll(b)
	} else {
		got = make([]byte, len(question))
		_, err = io.ReadFull(b, got)
	}
	if !bytes.Equal(got, question) || err != nil {
		t.Errorf("the second end read %d bytes, %v, want the %d of the first", len(got), err, len(question))
	}
	if err := <-asked; err != nil {
		t.Error(err)
	}
	answered := make(chan error, 1)
	go sayAndClose(b, answer, answered)
	if got, err := io.ReadAll(a); !bytes.Equal(got, answer) || err != nil {
		t.Errorf("after CloseWrite the first end read %d bytes, %v, want the %d of the second", len(got), err, len(answer))
	}
	if err := <-answered; err != nil {
		t.Error(err)
	}
}

func sayAndHalfClose(c net.Conn, message []byte, done chan<- error) {
	_, err := c.Write(message)
	if cw, ok := c.(wrap.CloseWriter); ok {
		err = errors.Join(err, cw.CloseWrite())
	}
	done <- err
}

func sayAndClose(c net.Conn, message []byte, done chan<- error) {
	_, err := c.Write(message)
	done <- errors.Join(err, c.Close())
}

// SyscallConn gives access to the socket's options.
func TestConnKeepsSyscallConn(t *testing.T) {
	a, _ := tcpPair(t)
	raw, err := wrap.Conn(a, passAll).(syscall.Conn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	called := false
	if err := raw.Control(func(fd uintptr) { called = true }); err != nil || !called {
		t.Errorf("Control = %v, called: %v, want nil, true", err, called)
	}
}

// A deadline interrupts a call while a hook is running.
func TestConnDeadlineEndsARead(t *testing.T) {
	for _, kind := range connKinds {
		t.Run(kind.name, func(t *testing.T) {
			a, _ := kind.pair(t)
			conn := wrap.Conn(a, passAll)
			reading, read := make(chan struct{}), make(chan error, 1)
			hooks := wrap.Hooks{Read: func(next io.Reader, p []byte) (int, error) {
				close(reading)
				return next.Read(p)
			}}
			go readOnce(wrap.Conn(conn, hooks), read)
			<-reading
			if err := conn.SetReadDeadline(time.Now()); err != nil {
				t.Fatal(err)
			}
			var timeout net.Error
			if err := <-read; !errors.As(err, &timeout) || !timeout.Timeout() {
				t.Errorf("Read = %v, want a timeout", err)
			}
		})
	}
}

func readOnce(c net.Conn, done chan<- error) {
	_, err := c.Read(make([]byte, 1))
	done <- err
}
