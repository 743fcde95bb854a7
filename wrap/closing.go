package wrap

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"sync"
)

// saysClosed reports whether err says that its source was already closed.
func saysClosed(err error) bool {
	return errors.Is(err, net.ErrClosed) || errors.Is(err, fs.ErrClosed) || errors.Is(err, io.ErrClosedPipe)
}

var (
	errReadClosedConn  = fmt.Errorf("wrap: read: %w", net.ErrClosed)
	errWriteClosedConn = fmt.Errorf("wrap: write: %w", net.ErrClosed)
)

// readAfterClose returns the error of a Read after Close: the error of a closed
// connection if body is a net.Conn, else http.ErrBodyReadAfterClose.
func readAfterClose(body any) error {
	if _, ok := body.(net.Conn); ok {
		return errReadClosedConn
	}
	return http.ErrBodyReadAfterClose
}

// writeAfterClose returns the error of a Write after Close: the error of a
// closed connection if body is a net.Conn, else errWriteAfterEnd.
func writeAfterClose(body any) error {
	if _, ok := body.(net.Conn); ok {
		return errWriteClosedConn
	}
	return errWriteAfterEnd
}

// release closes v, a transform's reader, if v has a Close method. Some readers
// have a Close without a result. release drops the error: Close only frees the
// reader's own resources, and the body is already closed.
func release(v any) {
	switch c := v.(type) {
	case io.Closer:
		_ = c.Close()
	case interface{ Close() }:
		c.Close()
	}
}

// A closeOnce passes only the first Close on. A later Close never waits for the
// first one, which may have called it in the same goroutine.
type closeOnce struct {
	mu     sync.Mutex // guards the rest; not held while Close runs
	called bool       // the first Close has begun
	err    error      // the result of the first Close; nil until it has returned
}

func (o *closeOnce) close(c io.Closer) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.called {
		o.called = true
		o.mu.Unlock()
		err := func() error {
			defer o.mu.Lock() // also if Close panics
			return c.Close()
		}()
		o.err = err
	}
	return o.err
}
