package wrap

import (
	"io"
	"sync"
	"sync/atomic"
)

// CloseWaits makes Close wait for a Read that is on its way. After Close has
// returned, nothing reads from the original any more. It is for the body of a
// request whose buffer is used again: net/http may read from the body after
// RoundTrip has returned, until it has closed the body (golang/go#81445).
//
//	free := make(chan struct{})
//	wrap.Request(req, wrap.Done(func(wrap.Summary) { close(free) }), wrap.CloseWaits())
//	resp, err := client.Do(req)
//	// ...
//	<-free // now the buffer is not read any more
//
// Done alone is not enough. It reports when Close has returned, and without
// CloseWaits a Read may still run in another goroutine.
//
// Close closes the original first, and then waits. If the original's Close does
// not make its Read return, Close waits as long as that Read. Do not close the
// body from within its own Read or WriteTo, as a hook behind CloseWaits could:
// Close would wait for itself. A Read after Close returns
// [http.ErrBodyReadAfterClose], or for a [net.Conn] an error that is
// [net.ErrClosed]. WriteTo keeps its fast path. Reads of several goroutines
// wait for each other. Calls that write are not affected.
func CloseWaits() Hooks {
	return Hooks{New: func(body io.ReadCloser) Hooks {
		return Hooks{stage: &closeWaits{passThrough: passThrough{methodsOf(body)}, onClose: readAfterClose(body)}}
	}}
}

// A closeWaits is the CloseWaits of one body.
type closeWaits struct {
	passThrough
	onClose error       // what Read returns after Close
	closed  atomic.Bool // Close was called
	mu      sync.Mutex  // held by Read and WriteTo for the whole call
}

func (c *closeWaits) Read(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed.Load() {
		return 0, c.onClose
	}
	return c.next.r.Read(p)
}

func (c *closeWaits) WriteTo(w io.Writer) (int64, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed.Load() {
		return 0, c.onClose
	}
	return c.next.wt.WriteTo(w)
}

func (c *closeWaits) Close() error {
	c.closed.Store(true)
	defer c.wait() // also if the body's Close panics
	return c.next.c.Close()
}

// wait returns when no Read or WriteTo is on its way.
func (c *closeWaits) wait() {
	c.mu.Lock()
	defer c.mu.Unlock()
}
