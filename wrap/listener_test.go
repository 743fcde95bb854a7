package wrap_test

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/bodywrap/bodywrap/internal/testkit"
	"github.com/bodywrap/bodywrap/wrap"
	"github.com/google/go-cmp/cmp"
)

func TestListenerHasExactlyTheMethodsOfTheOriginal(t *testing.T) {
	for mask := range allListenerMethods + 1 {
		t.Run(listenerMethodNames(mask), func(t *testing.T) {
			original := wrap.ListenerOnly(&listenerRecorder{}, mask)
			if got := listenerMethodsOf(original); got != mask {
				t.Fatalf("the test's own listener has %s, want %s", listenerMethodNames(got), listenerMethodNames(mask))
			}
			l := wrap.Listener(original, passAll)
			if got := listenerMethodsOf(l); got != mask {
				t.Errorf("Listener has %s, want %s", listenerMethodNames(got), listenerMethodNames(mask))
			}
			if got := listenerMethodsOf(wrap.Listener(l, passAll)); got != mask {
				t.Errorf("Listener of Listener has %s, want %s", listenerMethodNames(got), listenerMethodNames(mask))
			}
			if got := l.(interface{ Unwrap() net.Listener }).Unwrap(); got != original {
				t.Errorf("Unwrap = %v, want the original", got)
			}
		})
	}
}

func TestEachListenerCallReachesTheOriginalOnce(t *testing.T) {
	at := time.Date(2000, 1, 1, 12, 0, 0, 0, time.UTC)
	rec := &listenerRecorder{err: errors.New("the listener's own error")}
	l := wrap.Listener(rec, passAll)
	if conn, err := l.Accept(); conn != nil || err != rec.err {
		t.Errorf("Accept = %v, %v, want nil, %v", conn, err, rec.err)
	}
	if got := l.Addr(); got != recordedAddr("listener") {
		t.Errorf("Addr = %v", got)
	}
	if err := l.(acceptDeadliner).SetDeadline(at); err != rec.err {
		t.Errorf("SetDeadline = %v, want %v", err, rec.err)
	}
	if _, err := l.(filer).File(); err != rec.err {
		t.Errorf("File = %v, want %v", err, rec.err)
	}
	if _, err := l.(syscall.Conn).SyscallConn(); err != rec.err {
		t.Errorf("SyscallConn = %v, want %v", err, rec.err)
	}
	if err := l.Close(); err != rec.err {
		t.Errorf("Close = %v, want %v", err, rec.err)
	}
	want := []string{"Accept", "Addr", "SetDeadline 12:00PM", "File", "SyscallConn", "Close"}
	if diff := cmp.Diff(want, rec.calls); diff != "" {
		t.Errorf("calls that reached the original (-want +got):\n%s", diff)
	}
}

func TestListenerComesBackAsItIs(t *testing.T) {
	l := &listenerRecorder{}
	tests := []struct {
		name  string
		l     net.Listener
		hooks []wrap.Hooks
		why   string
	}{
		{"nil", nil, []wrap.Hooks{passAll}, "there is nothing to wrap"},
		{"no hooks", l, nil, "a layer would only cost"},
		{"zero hooks", l, []wrap.Hooks{{}, {}}, "they do nothing"},
	}
	for _, tt := range tests {
		if got := wrap.Listener(tt.l, tt.hooks...); got != tt.l {
			t.Errorf("%s: Listener(%v) = %v, want it back: %s", tt.name, tt.l, got, tt.why)
		}
	}
}

// Each accepted connection has the methods that Conn keeps. New makes hooks for
// that connection alone.
func TestListenerHooksEachConnection(t *testing.T) {
	var seen []io.ReadCloser
	own := wrap.Hooks{New: func(c io.ReadCloser) wrap.Hooks {
		seen = append(seen, c)
		return closeOnly
	}}
	a := wrap.ConnOnly(&connRecorder{}, connCloseWrite)
	b := wrap.ConnOnly(&connRecorder{}, connNetConn)
	rec := &listenerRecorder{}
	l := wrap.Listener(rec, own)
	for _, conn := range []net.Conn{a, b} {
		rec.conn = conn
		got, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		if has, want := connMethodsOf(got), connMethodsOf(conn); has != want {
			t.Errorf("the accepted connection has %s, want %s", connMethodNames(has), connMethodNames(want))
		}
		if under := got.(interface{ Unwrap() net.Conn }).Unwrap(); under != conn {
			t.Errorf("Unwrap = %v, want what the listener accepted", under)
		}
	}
	if len(seen) != 2 || seen[0] != a || seen[1] != b {
		t.Errorf("New was called with %v, want each connection once", seen)
	}
}

func TestListenerHasItsOwnCopyOfTheHooks(t *testing.T) {
	closed := 0
	counting := wrap.Hooks{Close: func(next io.Closer) error {
		closed++
		return next.Close()
	}}
	hooks := []wrap.Hooks{counting}
	l := wrap.Listener(&listenerRecorder{conn: &connRecorder{recorder: newRecorder("")}}, hooks...)
	hooks[0] = wrap.Hooks{}
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(); err != nil || closed != 1 {
		t.Errorf("Close = %v and its hook was called %d times, want nil and 1: the caller's slice has changed since", err, closed)
	}
}

// The client learns at once that nobody will serve it, and a hook that has a
// state for the connection learns that it is over.
func TestListenerClosesTheConnectionWhenNewPanics(t *testing.T) {
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer tcp.Close()
	var closed int
	behind := wrap.Hooks{Close: func(next io.Closer) error {
		closed++
		return next.Close()
	}}
	l := wrap.Listener(tcp, wrap.Hooks{New: func(io.ReadCloser) wrap.Hooks { panic("no hooks today") }}, behind)
	client, err := net.Dial("tcp", tcp.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	closedAtEnd(t, client)
	func() {
		defer func() {
			if got := recover(); got != "no hooks today" {
				t.Errorf("Accept panics with %v, want the panic of New", got)
			}
		}()
		conn, err := l.Accept()
		t.Errorf("Accept = %v, %v, want a panic", conn, err)
	}()
	if n, err := client.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Errorf("the client reads %d, %v, want EOF", n, err)
	}
	if closed != 1 {
		t.Errorf("the hook behind was told of %d closes, want 1", closed)
	}
}

func TestListenerOfRealListeners(t *testing.T) {
	listen := func(network, address string) net.Listener {
		l, err := net.Listen(network, address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		return l
	}
	tests := []struct {
		name string
		l    net.Listener
		has  int
	}{
		{"TCP", listen("tcp", "127.0.0.1:0"), allListenerMethods},
		{"Unix", listen("unix", testkit.SocketPath(t)), allListenerMethods},
		{"TLS", tls.NewListener(listen("tcp", "127.0.0.1:0"), &tls.Config{Certificates: make([]tls.Certificate, 1)}), 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := wrap.Listener(tt.l, passAll)
			if got := listenerMethodsOf(l); got != tt.has {
				t.Errorf("Listener has %s, want %s", listenerMethodNames(got), listenerMethodNames(tt.has))
			}
			if tt.has&listenerSetDeadline != 0 {
				if err := l.(acceptDeadliner).SetDeadline(time.Unix(1, 0)); err != nil {
					t.Fatal(err)
				}
				var timeout net.Error
				if conn, err := l.Accept(); !errors.As(err, &timeout) || !timeout.Timeout() {
					t.Errorf("Accept after its deadline = %v, %v, want a timeout", conn, err)
				}
			}
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			if conn, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
				t.Errorf("Accept after Close = %v, %v, want net.ErrClosed", conn, err)
			}
		})
	}
}
