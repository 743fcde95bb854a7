package wraptest

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"sync"
	"syscall"
	"time"
)

// errOwn is an error that only the original returns.
var errOwn = errors.New("the original's own error")

// An original is the body or connection behind the wrapper under test. It has
// every method, records each call, and returns the results that a check has
// set.
type original struct {
	mu      sync.Mutex     // guards calls, src, written and times
	calls   map[string]int // how often each method was called
	src     io.Reader      // Read and WriteTo read from it
	written []byte         // the bytes that Write and ReadFrom accepted

	// onWrite makes the result of Write. If nil, Write accepts all bytes.
	onWrite func(p []byte) (int, error)

	// err is the result of Close, CloseWrite, CloseRead, HandshakeContext
	// and the methods that set deadlines.
	err   error
	times []time.Time // the arguments of the methods that set deadlines

	blocks      bool          // Read waits for Close
	reading     chan struct{} // closed when a Read with blocks waits
	closed      chan struct{} // closed by Close
	readingOnce sync.Once     // closes reading
	closedOnce  sync.Once     // closes closed
}

func newOriginal(src io.Reader) *original {
	return &original{calls: make(map[string]int), src: src, reading: make(chan struct{}), closed: make(chan struct{})}
}

func (o *original) note(call string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.calls[call]++
}

// count returns how often the method call was called.
func (o *original) count(call string) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.calls[call]
}

func (o *original) Read(p []byte) (int, error) {
	o.note("Read")
	if o.blocks {
		o.readingOnce.Do(func() { close(o.reading) })
		<-o.closed
		return 0, errOwn
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.src.Read(p)
}

func (o *original) Write(p []byte) (int, error) {
	o.note("Write")
	o.mu.Lock()
	defer o.mu.Unlock()
	n, err := len(p), error(nil)
	if o.onWrite != nil {
		n, err = o.onWrite(p)
	}
	o.written = append(o.written, p[:n]...)
	return n, err
}

func (o *original) WriteTo(w io.Writer) (int64, error) {
	o.note("WriteTo")
	return io.Copy(w, onlyReader{o.src})
}

func (o *original) ReadFrom(r io.Reader) (int64, error) {
	o.note("ReadFrom")
	return io.Copy(writer(o.accept), onlyReader{r})
}

// accept is Write without a record of the call, for ReadFrom.
func (o *original) accept(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	n, err := len(p), error(nil)
	if o.onWrite != nil {
		n, err = o.onWrite(p)
	}
	o.written = append(o.written, p[:n]...)
	return n, err
}

func (o *original) Close() error {
	o.note("Close")
	o.closedOnce.Do(func() { close(o.closed) })
	return o.err
}

func (o *original) CloseWrite() error {
	o.note("CloseWrite")
	return o.err
}

func (o *original) CloseRead() error {
	o.note("CloseRead")
	return o.err
}

func (o *original) deadline(call string, t time.Time) error {
	o.note(call)
	o.mu.Lock()
	defer o.mu.Unlock()
	o.times = append(o.times, t)
	return o.err
}

func (o *original) SetDeadline(t time.Time) error      { return o.deadline("SetDeadline", t) }
func (o *original) SetReadDeadline(t time.Time) error  { return o.deadline("SetReadDeadline", t) }
func (o *original) SetWriteDeadline(t time.Time) error { return o.deadline("SetWriteDeadline", t) }
func (o *original) LocalAddr() net.Addr                { return localAddr }
func (o *original) RemoteAddr() net.Addr               { return remoteAddr }

func (o *original) SyscallConn() (syscall.RawConn, error) {
	o.note("SyscallConn")
	return nil, errOwn
}

func (o *original) NetConn() net.Conn {
	o.note("NetConn")
	return o
}

func (o *original) ConnectionState() tls.ConnectionState {
	o.note("ConnectionState")
	return tls.ConnectionState{ServerName: serverName}
}

func (o *original) HandshakeContext(ctx context.Context) error {
	o.note("HandshakeContext")
	if ctx.Value(contextKey{}) == nil {
		return errOtherContext
	}
	return o.err
}

// serverName is the server's name in the original's ConnectionState.
const serverName = "original.example"

// contextKey is the key by which HandshakeContext recognizes the check's
// context.
type contextKey struct{}

// errOtherContext is what HandshakeContext returns for any other context.
var errOtherContext = errors.New("not the caller's context")

var (
	localAddr  = &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1}
	remoteAddr = &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 2}
)

// onlyReader hides the other methods of a reader from io.Copy.
type onlyReader struct{ io.Reader }

// writer is an io.Writer that is a function.
type writer func(p []byte) (int, error)

func (w writer) Write(p []byte) (int, error) { return w(p) }
