// Package encode reads what a writer, such as an encoder, makes of a stream.
package encode

import (
	"bytes"
	"io"
	"sync"

	"github.com/bodywrap/bodywrap/wrap/internal/copybuf"
	"github.com/bodywrap/bodywrap/wrap/internal/timeout"
)

// A Reader returns what a writer makes of a body. The writer writes to Out. One
// goroutine at a time may use a Reader.
type Reader struct {
	Out Output // what Read has not returned yet

	body   io.Reader
	w      FlushingWriter
	flush  bool      // flush w after each Read of the body
	closer io.Closer // closes w; nil once w is closed
	err    error     // what Read returns after Out
}

// Reset makes r read what w makes of body. w writes to r.Out, which becomes
// empty. With flush, w is flushed after each Read of the body.
func (r *Reader) Reset(body io.Reader, w io.WriteCloser, flush bool) {
	r.Out.reset()
	r.body, r.w.Writer, r.flush, r.closer, r.err = body, w, flush, w, nil
}

// Read returns a timeout of the body once, and then goes on.
func (r *Reader) Read(p []byte) (int, error) {
	if len(p) > 0 && r.Out.len() == 0 && r.err == nil {
		r.fill()
	}
	if r.Out.len() > 0 {
		return r.Out.read(p)
	}
	err := r.err
	if timeout.Is(err) {
		r.err = nil
	}
	return 0, err
}

// fill reads from the body until Out has bytes or err is set.
func (r *Reader) fill() {
	buf := copybuf.Get()
	defer copybuf.Put(buf)
	w := r.w.Writer
	if r.flush {
		w = &r.w
	}
	for r.Out.len() == 0 && r.err == nil {
		var ended bool
		_, ended, r.err = copybuf.PumpOnce(w, r.body, buf)
		if r.err != nil && !r.flush {
			_, _ = r.w.Write(nil) // flushes what came before the error
		}
		if ended && r.err == nil {
			r.err = r.Close()
			if r.err == nil {
				r.err = io.EOF
			}
		}
	}
}

// Close closes the writer, once.
func (r *Reader) Close() error {
	c := r.closer
	if r.closer = nil; c == nil {
		return nil
	}
	return c.Close()
}

// An Output holds what a writer writes until a Reader returns it. The writer
// may write in a goroutine of its own, as the one of zstd does between two
// flushes.
type Output struct {
	mu  sync.Mutex
	buf bytes.Buffer // guarded by mu
}

func (o *Output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *Output) read(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Read(p)
}

func (o *Output) len() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Len()
}

func (o *Output) reset() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.buf.Reset()
}

// A FlushingWriter is a writer that is flushed after each Write if it has a
// `Flush() error` method.
type FlushingWriter struct{ io.Writer }

func (f FlushingWriter) Write(p []byte) (int, error) {
	n, err := f.Writer.Write(p)
	if flusher, ok := f.Writer.(interface{ Flush() error }); ok && err == nil {
		err = flusher.Flush()
	}
	return n, err
}
