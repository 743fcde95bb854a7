package loseswrite

import (
	"io"
	"sync/atomic"
)

// countingBody counts what is read, as metrics middlewares do.
type countingBody struct {
	io.ReadCloser
	n *atomic.Int64
}

func (b *countingBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	b.n.Add(int64(n))
	return n, err
}

// fullBody counts in both directions and keeps the half-close.
type fullBody struct {
	upgraded
	n *atomic.Int64
}

type upgraded interface {
	io.ReadWriteCloser
	CloseWrite() error
}

func (b *fullBody) Read(p []byte) (int, error) {
	n, err := b.upgraded.Read(p)
	b.n.Add(int64(n))
	return n, err
}

// spanBody ends a span at Close, as tracing transports do.
type spanBody struct {
	body io.ReadCloser
	end  func(error)
}

func (b *spanBody) Read(p []byte) (int, error) { return b.body.Read(p) }

func (b *spanBody) Close() error {
	err := b.body.Close()
	b.end(err)
	return err
}

// wrap returns what the body allows.
func wrap(body io.ReadCloser, n *atomic.Int64) io.ReadCloser {
	if up, ok := body.(upgraded); ok {
		return &fullBody{up, n}
	}
	return &countingBody{body, n}
}

var total atomic.Int64

func ended(error) {}
