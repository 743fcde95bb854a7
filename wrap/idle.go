package wrap

import (
	"io"
	"time"
)

// Idle closes a body through which nothing moves in either direction for d.
// The clock starts when the body is wrapped, and every byte read or written
// restarts it; that a Read or Write is waiting does not.
//
//	resp.Body = wrap.Body(resp.Body, wrap.Idle(10*time.Minute))
//
// A call that fails because of this returns a [*TimeoutError], and so does every
// Read from then on. After Close, and after EOF of a body that can only be read,
// there is no clock. The body is closed once, by Idle or by the caller's Close,
// which after Idle's returns the result of that. If the body's Close panics in
// Idle's goroutine, the panic goes on in the caller's next call, once. The body's
// Close must make waiting calls return, as it does in bodies of responses and
// in connections; the body of a request that a server has received does not,
// for which there is [http.ResponseController.SetReadDeadline].
//
// WriteTo and ReadFrom are routed through Read and Write, since they do not
// tell when bytes move. A d that is not positive panics.
func Idle(d time.Duration) Hooks {
	if d <= 0 {
		panic("wrap: Idle: the duration must be positive; without a limit, leave the hook out")
	}
	return Hooks{New: func(body io.ReadCloser) Hooks {
		i := &idle{next: methodsOf(body), moved: time.Now()}
		i.silence = silence{hook: "Idle", d: d, body: body, lasted: i.lasted}
		i.mu.Lock()
		defer i.mu.Unlock()
		i.start()
		return Hooks{stage: i}
	}}
}

type idle struct {
	next methods
	silence

	moved time.Time // when bytes last did
}

func (i *idle) lasted() time.Duration { return time.Since(i.moved) }

func (i *idle) Read(p []byte) (int, error) {
	i.raise()
	n, err := i.next.r.Read(p)
	i.did(n, err == io.EOF && i.next.w == nil)
	return n, i.explainRead(err)
}

func (i *idle) Write(p []byte) (int, error) {
	i.raise()
	n, err := i.next.w.Write(p)
	i.did(n, false)
	return n, i.explain(err)
}

func (i *idle) did(n int, over bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if n > 0 {
		i.moved = time.Now()
	}
	if over {
		i.stop()
	}
}

func (i *idle) CloseWrite() error {
	i.raise()
	return i.explain(i.next.cw.CloseWrite())
}

func (i *idle) WriteTo(w io.Writer) (int64, error)  { return pump(w, i) }
func (i *idle) ReadFrom(r io.Reader) (int64, error) { return pump(i, r) }
func (i *idle) Close() error                        { return i.close() }
