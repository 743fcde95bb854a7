package wrap_test

import (
	"net"
	"os"
	"strings"
	"syscall"
	"time"
)

// The optional methods of a listener, as bits of a mask.
const (
	listenerSetDeadline = 1 << iota
	listenerFile
	listenerSyscallConn
	allListenerMethods = 1<<iota - 1
)

// listenerMethodNames names mask as net.Listener+SetDeadline+File.
func listenerMethodNames(mask int) string {
	names := []string{"net.Listener"}
	for i, name := range []string{"SetDeadline", "File", "SyscallConn"} {
		if mask&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, "+")
}

type (
	acceptDeadliner interface{ SetDeadline(time.Time) error }
	filer           interface{ File() (*os.File, error) }
)

// listenerMethodsOf returns the optional methods of l.
func listenerMethodsOf(l net.Listener) (mask int) {
	if _, ok := l.(acceptDeadliner); ok {
		mask |= listenerSetDeadline
	}
	if _, ok := l.(filer); ok {
		mask |= listenerFile
	}
	if _, ok := l.(syscall.Conn); ok {
		mask |= listenerSyscallConn
	}
	return mask
}

// A listenerRecorder has every method of a listener, records each call, and
// accepts conn.
type listenerRecorder struct {
	conn  net.Conn
	err   error // what every call returns
	calls []string
}

func (r *listenerRecorder) note(call string) error {
	r.calls = append(r.calls, call)
	return r.err
}

func (r *listenerRecorder) Accept() (net.Conn, error) { return r.conn, r.note("Accept") }
func (r *listenerRecorder) Close() error              { return r.note("Close") }
func (r *listenerRecorder) Addr() net.Addr {
	_ = r.note("Addr")
	return recordedAddr("listener")
}

func (r *listenerRecorder) SetDeadline(t time.Time) error {
	return r.note("SetDeadline " + t.Format(time.Kitchen))
}

func (r *listenerRecorder) File() (*os.File, error) { return nil, r.note("File") }

func (r *listenerRecorder) SyscallConn() (syscall.RawConn, error) {
	return nil, r.note("SyscallConn")
}
