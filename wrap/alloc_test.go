package wrap_test

import (
	"context"
	"crypto/tls"
	"io"
	"log/slog"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/bodywrap/bodywrap/wrap"
)

func TestOneLayerIsOneAllocation(t *testing.T) {
	rec := newRecorder("")
	var body io.ReadCloser
	for mask := range allMethods + 1 {
		original := rec.only(mask)
		if got := testing.AllocsPerRun(100, func() { body = wrap.Body(original, passAll) }); got != 1 {
			t.Errorf("Body of %s allocates %v times, want 1", methodNames(mask), got)
		}
	}
	if got := testing.AllocsPerRun(100, func() { body = wrap.Body(rec, passAll, closeOnly) }); got != 2 {
		t.Errorf("Body with two hooks allocates %v times, want 2", got)
	}
	if got := testing.AllocsPerRun(100, func() { body = wrap.Keep(rec, body) }); got != 2 {
		t.Errorf("Keep allocates %v times, want 2", got)
	}
}

func TestACallAllocatesNothing(t *testing.T) {
	p := make([]byte, 64)
	for _, lay := range layerings {
		body := wrap.Body(idle{}, lay.hooks...)
		calls := map[string]func(){
			"Read":       func() { _, _ = body.Read(p) },
			"Write":      func() { _, _ = body.(io.Writer).Write(p) },
			"CloseWrite": func() { _ = body.(wrap.CloseWriter).CloseWrite() },
			"WriteTo":    func() { _, _ = body.(io.WriterTo).WriteTo(io.Discard) },
			"ReadFrom":   func() { _, _ = body.(io.ReaderFrom).ReadFrom(body) },
			"Close":      func() { _ = body.Close() },
		}
		for name, call := range calls {
			if got := testing.AllocsPerRun(100, call); got != 0 {
				t.Errorf("%s with %s allocates %v times, want 0", name, lay.name, got)
			}
		}
	}
}

func TestOneConnLayerIsOneAllocation(t *testing.T) {
	rec := &tlsRecorder{&connRecorder{recorder: newRecorder("")}}
	var conn net.Conn
	for _, mask := range connMasks() {
		original := wrap.ConnOnly(rec, mask)
		if got := testing.AllocsPerRun(100, func() { conn = wrap.Conn(original, passAll) }); got != 1 {
			t.Errorf("Conn of %s allocates %v times, want 1", connMethodNames(mask), got)
		}
	}
	if got := testing.AllocsPerRun(100, func() { conn = wrap.Conn(rec, passAll, closeOnly) }); got != 2 {
		t.Errorf("Conn with two hooks allocates %v times, want 2", got)
	}
	_ = conn
}

func TestAConnCallAllocatesNothing(t *testing.T) {
	p, ctx := make([]byte, 64), context.Background()
	for _, lay := range layerings {
		conn := wrap.Conn(idleConn{}, lay.hooks...)
		calls := map[string]func(){
			"Read":             func() { _, _ = conn.Read(p) },
			"Write":            func() { _, _ = conn.Write(p) },
			"CloseWrite":       func() { _ = conn.(wrap.CloseWriter).CloseWrite() },
			"CloseRead":        func() { _ = conn.(interface{ CloseRead() error }).CloseRead() },
			"WriteTo":          func() { _, _ = conn.(io.WriterTo).WriteTo(io.Discard) },
			"ReadFrom":         func() { _, _ = conn.(io.ReaderFrom).ReadFrom(conn) },
			"SyscallConn":      func() { _, _ = conn.(syscall.Conn).SyscallConn() },
			"NetConn":          func() { _ = conn.(interface{ NetConn() net.Conn }).NetConn() },
			"ConnectionState":  func() { _ = conn.(connectionStater).ConnectionState() },
			"HandshakeContext": func() { _ = conn.(handshakeContexter).HandshakeContext(ctx) },
			"SetReadDeadline":  func() { _ = conn.SetReadDeadline(time.Time{}) },
			"Close":            func() { _ = conn.Close() },
		}
		for name, call := range calls {
			if got := testing.AllocsPerRun(100, call); got != 0 {
				t.Errorf("%s with %s allocates %v times, want 0", name, lay.name, got)
			}
		}
	}
}

func TestAResponseUnderHandlerIsOneAllocation(t *testing.T) {
	h := wrap.Handler(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}), passAll)
	r := httptest.NewRequest("GET", "/", nil)
	for mask := range allWriterMethods + 1 {
		w := wrap.WriterOnly(&writerRecorder{}, mask)
		if got := testing.AllocsPerRun(100, func() { h.ServeHTTP(w, r) }); got != 1 {
			t.Errorf("a response by a writer with %s allocates %v times, want 1", writerMethodNames(keptByHandler(mask)), got)
		}
	}
	var w http.ResponseWriter = httptest.NewRecorder()
	if got := testing.AllocsPerRun(100, func() { h.ServeHTTP(w, r) }); got != 0 {
		t.Errorf("a response by a writer that cannot be hijacked allocates %v times, want 0", got)
	}
}

// idleConn does the same as a connection.
type idleConn struct{ idle }

func (idleConn) LocalAddr() net.Addr                      { return nil }
func (idleConn) RemoteAddr() net.Addr                     { return nil }
func (idleConn) SetDeadline(time.Time) error              { return nil }
func (idleConn) SetReadDeadline(time.Time) error          { return nil }
func (idleConn) SetWriteDeadline(time.Time) error         { return nil }
func (idleConn) CloseRead() error                         { return nil }
func (idleConn) SyscallConn() (syscall.RawConn, error)    { return nil, nil }
func (idleConn) NetConn() net.Conn                        { return nil }
func (idleConn) HandshakeContext(context.Context) error   { return nil }
func (idleConn) ConnectionState() (s tls.ConnectionState) { return s }

// A layer has the size that the package comment states.
func TestSizeOfALayer(t *testing.T) {
	words := map[int][2]uint64{32: {80, 96}, 64: {160, 176}} // of bits; 88 bytes take 96
	want := words[strconv.IntSize]
	rec := &connRecorder{recorder: newRecorder("")}
	var body io.ReadCloser
	if got := bytesPerRun(func() { body = wrap.Body(rec, passAll) }); got != want[0] {
		t.Errorf("Body allocates %d bytes, want %d", got, want[0])
	}
	if got := bytesPerRun(func() { body = wrap.Conn(rec, passAll) }); got != want[1] {
		t.Errorf("Conn allocates %d bytes, want %d", got, want[1])
	}
	_ = body
}

// bytesPerRun returns how many bytes f allocates. It takes the least of several
// averages, because other goroutines may allocate at the same time.
func bytesPerRun(f func()) uint64 {
	const runs = 1000
	least := uint64(math.MaxUint64)
	for range 10 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range runs {
			f()
		}
		runtime.ReadMemStats(&after)
		least = min(least, (after.TotalAlloc-before.TotalAlloc)/runs)
	}
	return least
}

// A call through a ready-made hook allocates nothing either, once a transform
// has its buffers.
func TestACallOfAReadyMadeHookAllocatesNothing(t *testing.T) {
	same := wrap.TransformRead(func(r io.Reader) (io.Reader, error) { return r, nil })
	encoder := wrap.TransformRead(wrap.Encoder(func(w io.Writer) nopWriteCloser { return nopWriteCloser{w} }))
	hooks := map[string]wrap.Hooks{
		"Done":             wrap.Done(func(wrap.Summary) {}),
		"DoneBeforeClose":  wrap.DoneBeforeClose(func(wrap.Summary) {}),
		"Log":              wrap.Log(context.Background(), slog.New(slog.DiscardHandler), slog.LevelInfo),
		"Count":            wrap.Count(new(wrap.Counters)),
		"CloseWaits":       wrap.CloseWaits(),
		"Throttle":         wrap.Throttle(wrap.NewLimiter(1<<30, 1<<20), wrap.NewLimiter(1<<30, 1<<20)),
		"TeeRead":          wrap.TeeRead(io.Discard),
		"TeeWrite":         wrap.TeeWrite(io.Discard),
		"LimitRead":        wrap.LimitRead(math.MaxInt64),
		"LimitWrite":       wrap.LimitWrite(math.MaxInt64),
		"Linger":           wrap.Linger(time.Hour),
		"Idle":             wrap.Idle(time.Hour),
		"TransformRead":    same,
		"Encoder":          encoder,
		"TransformWrite":   wrap.TransformWrite(func(w io.Writer) nopWriteCloser { return nopWriteCloser{w} }),
		"TransformRead 2x": {New: same.New, Read: passAll.Read},
	}
	p := make([]byte, 32<<10) // as much as a hook asks for, so that each Read asks the body
	for name, hook := range hooks {
		for _, original := range []io.ReadCloser{endless{}, endlessConn{}} {
			body := wrap.Body(original, hook)
			calls := map[string]func(){
				"Read":  func() { _, _ = body.Read(p) },
				"Write": func() { _, _ = body.(io.Writer).Write(p) },
			}
			for call, f := range calls {
				f() // makes what is made once
				if got := testing.AllocsPerRun(1000, f); got != 0 {
					t.Errorf("%s of a %T with %s allocates %v times, want 0", call, original, name, got)
				}
			}
			body.Close()
		}
	}
}

type nopWriteCloser struct{ io.Writer }

func (nopWriteCloser) Close() error { return nil }

// endlessConn is an endless body with deadlines.
type endlessConn struct{ idleConn }

func (endlessConn) Read(p []byte) (int, error) { return len(p), nil }

// A body with a ready-made hook costs a layer, a state, and for Log a callLog.
func TestAllocationsOfReadyMadeHooks(t *testing.T) {
	tests := []struct {
		name string
		hook wrap.Hooks
		want float64
	}{
		{"Done", wrap.Done(func(wrap.Summary) {}), 2},
		{"DoneBeforeClose", wrap.DoneBeforeClose(func(wrap.Summary) {}), 2},
		{"Count", wrap.Count(new(wrap.Counters)), 1},
		{"CloseWaits", wrap.CloseWaits(), 2},
		{"Log below its threshold", wrap.Log(context.Background(), slog.New(slog.DiscardHandler), slog.LevelInfo), 3},
	}
	p := make([]byte, 8)
	for _, tt := range tests {
		got := testing.AllocsPerRun(100, func() {
			body := wrap.Body(endless{}, tt.hook)
			_, _ = body.Read(p)
			_ = body.Close()
		})
		if got != tt.want {
			t.Errorf("a body with %s allocates %v times, want %v", tt.name, got, tt.want)
		}
	}
}

// idle is a body whose methods return at once and allocate nothing.
type idle struct{}

func (idle) Read(p []byte) (int, error)        { return len(p), io.EOF }
func (idle) Write(p []byte) (int, error)       { return len(p), nil }
func (idle) Close() error                      { return nil }
func (idle) CloseWrite() error                 { return nil }
func (idle) WriteTo(io.Writer) (int64, error)  { return 0, nil }
func (idle) ReadFrom(io.Reader) (int64, error) { return 0, nil }

// endless is an idle body that never reaches EOF.
type endless struct{ idle }

func (endless) Read(p []byte) (int, error) { return len(p), nil }
