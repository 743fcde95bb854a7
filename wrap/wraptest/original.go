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

// An original is what the wrapper under test is given. It can do everything,
// notes each call, and answers as a check has told it to.
type original struct {
	mu      sync.Mutex
	calls   map[string]int
	src     io.Reader // what there is to read
	written []byte
	took    func(p []byte) (int, error) // answers Write; nil takes all
	err     error                       // answers Close, CloseWrite, CloseRead, HandshakeContext and deadlines
	times   []time.Time                 // of the deadlines

	blocks  bool          // Read waits for Close
	reading chan struct{} // closed when such a Read waits
	closed  chan struct{} // closed by Close
	once    [2]sync.Once
}

func newOriginal(src io.Reader) *original {
	return &original{calls: make(map[string]int), src: src, reading: make(chan struct{}), closed: make(chan struct{})}
}

func (o *original) note(call string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.calls[call]++
}

// count returns how often call has come.
func (o *original) count(call string) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.calls[call]
}

func (o *original) Read(p []byte) (int, error) {
	o.note("Read")
	if o.blocks {
		o.once[0].Do(func() { close(o.reading) })
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
	if o.took != nil {
		n, err = o.took(p)
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
	return io.Copy(writer(o.take), onlyReader{r})
}

// take is Write that is not noted: it came through ReadFrom.
func (o *original) take(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	n, err := len(p), error(nil)
	if o.took != nil {
		n, err = o.took(p)
	}
	o.written = append(o.written, p[:n]...)
	return n, err
}

func (o *original) Close() error {
	o.note("Close")
	o.once[1].Do(func() { close(o.closed) })
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
func (o *original) LocalAddr() net.Addr                { return here }
func (o *original) RemoteAddr() net.Addr               { return there }

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
	return tls.ConnectionState{ServerName: agreed}
}

func (o *original) HandshakeContext(ctx context.Context) error {
	o.note("HandshakeContext")
	if ctx.Value(contextKey{}) == nil {
		return errOtherContext
	}
	return o.err
}

// agreed is the server's name in the original's ConnectionState.
const agreed = "original.example"

// contextKey is in the context of a check that calls HandshakeContext.
type contextKey struct{}

// errOtherContext is what HandshakeContext returns for any other context.
var errOtherContext = errors.New("not the caller's context")

var (
	here  = &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1}
	there = &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 2}
)

type onlyReader struct{ io.Reader }

type writer func(p []byte) (int, error)

func (w writer) Write(p []byte) (int, error) { return w(p) }
