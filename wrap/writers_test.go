package wrap_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// The optional methods of a ResponseWriter, as bits of a mask.
const (
	writerHijack = 1 << iota
	writerFlush
	writerFlushError
	writerReadFrom
	writerWriteString
	writerDeadlines
	writerEnableFullDuplex
	writerCloseNotify
	writerPush
	allWriterMethods = 1<<iota - 1
)

// writerMethodNames names mask as ResponseWriter+Hijack+Flush.
func writerMethodNames(mask int) string {
	names := []string{"ResponseWriter"}
	for i, name := range []string{"Hijack", "Flush", "FlushError", "ReadFrom", "WriteString", "Deadlines", "EnableFullDuplex", "CloseNotify", "Push"} {
		if mask&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, "+")
}

type (
	flushErrorer interface{ FlushError() error }
	deadliner    interface {
		readDeadliner
		writeDeadliner
	}
	readDeadliner  interface{ SetReadDeadline(time.Time) error }
	writeDeadliner interface{ SetWriteDeadline(time.Time) error }
	fullDuplexer   interface{ EnableFullDuplex() error }
	closeNotifier  interface{ CloseNotify() <-chan bool } // http.CloseNotifier is deprecated, and in use
)

// writerMethodsOf returns the optional methods of w.
func writerMethodsOf(w http.ResponseWriter) (mask int) {
	if _, ok := w.(http.Hijacker); ok {
		mask |= writerHijack
	}
	if _, ok := w.(http.Flusher); ok {
		mask |= writerFlush
	}
	if _, ok := w.(flushErrorer); ok {
		mask |= writerFlushError
	}
	if _, ok := w.(io.ReaderFrom); ok {
		mask |= writerReadFrom
	}
	if _, ok := w.(io.StringWriter); ok {
		mask |= writerWriteString
	}
	if _, ok := w.(deadliner); ok {
		mask |= writerDeadlines
	}
	if _, ok := w.(fullDuplexer); ok {
		mask |= writerEnableFullDuplex
	}
	if _, ok := w.(closeNotifier); ok {
		mask |= writerCloseNotify
	}
	if _, ok := w.(http.Pusher); ok {
		mask |= writerPush
	}
	return mask
}

// keptByHandler returns mask without the methods that Handler leaves out
// because another one is missing.
func keptByHandler(mask int) int {
	if mask&writerFlush == 0 {
		mask &^= writerFlushError
	}
	if mask&writerDeadlines == 0 {
		mask &^= writerEnableFullDuplex
	}
	return mask
}

// A writerRecorder has every method of a ResponseWriter, and records each call.
type writerRecorder struct {
	calls  []string
	header http.Header
	closed chan bool
	err    error

	conn net.Conn          // what Hijack returns
	brw  *bufio.ReadWriter // with it
}

func (r *writerRecorder) note(call string) { r.calls = append(r.calls, call) }

func (r *writerRecorder) Header() http.Header {
	r.note("Header")
	return r.header
}

func (r *writerRecorder) Write(p []byte) (int, error) {
	r.note("Write " + string(p))
	return len(p), r.err
}

func (r *writerRecorder) WriteHeader(status int) { r.note("WriteHeader " + http.StatusText(status)) }

func (r *writerRecorder) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	r.note("Hijack")
	return r.conn, r.brw, r.err
}

func (r *writerRecorder) Flush() { r.note("Flush") }

func (r *writerRecorder) FlushError() error {
	r.note("FlushError")
	return r.err
}

func (r *writerRecorder) ReadFrom(src io.Reader) (int64, error) {
	r.note("ReadFrom")
	n, _ := io.Copy(io.Discard, src) // its sources do not fail
	return n, r.err
}

func (r *writerRecorder) WriteString(s string) (int, error) {
	r.note("WriteString " + s)
	return len(s), r.err
}

func (r *writerRecorder) SetReadDeadline(t time.Time) error {
	r.note("SetReadDeadline " + t.Format(time.Kitchen))
	return r.err
}

func (r *writerRecorder) SetWriteDeadline(t time.Time) error {
	r.note("SetWriteDeadline " + t.Format(time.Kitchen))
	return r.err
}

func (r *writerRecorder) EnableFullDuplex() error {
	r.note("EnableFullDuplex")
	return r.err
}

func (r *writerRecorder) CloseNotify() <-chan bool {
	r.note("CloseNotify")
	return r.closed
}

func (r *writerRecorder) Push(target string, opts *http.PushOptions) error {
	r.note("Push " + target + " " + opts.Method)
	return r.err
}
