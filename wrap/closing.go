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

// saysClosed reports whether err is the answer of something that was closed before.
func saysClosed(err error) bool {
	return errors.Is(err, net.ErrClosed) || errors.Is(err, fs.ErrClosed) || errors.Is(err, io.ErrClosedPipe)
}

var (
	errReadClosedConn  = fmt.Errorf("wrap: read: %w", net.ErrClosed)
	errWriteClosedConn = fmt.Errorf("wrap: write: %w", net.ErrClosed)
)

// readAfterClose returns the error of a Read after Close: that of a connection
// if body is one, and else that of net/http's bodies.
func readAfterClose(body any) error {
	if _, ok := body.(net.Conn); ok {
		return errReadClosedConn
	}
	return http.ErrBodyReadAfterClose
}

// writeAfterClose returns the error of a Write after Close, as readAfterClose does.
func writeAfterClose(body any) error {
	if _, ok := body.(net.Conn); ok {
		return errWriteClosedConn
	}
	return errWriteAfterEnd
}

// release closes v, a transform's reader, if it can be closed. Some readers have
// a Close without a result. An error is dropped: Close only frees what the
// reader holds, and the body is closed already.
func release(v any) {
	switch c := v.(type) {
	case io.Closer:
		_ = c.Close()
	case interface{ Close() }:
		c.Close()
	}
}

// A closeOnce passes one Close on. It never waits for that: Close may bring about
// another Close in the same goroutine.
type closeOnce struct {
	mu     sync.Mutex
	called bool
	err    error // the result; nil until Close has returned
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
