package wrap

import (
	"io"
	"math"
	"syscall"
	"time"

	"github.com/bodywrap/bodywrap/wrap/internal/socket"
)

// Idle closes a body through which nothing moves in either direction for d.
// The clock starts when the body is wrapped, and every byte read or written
// restarts it; that a Read or Write is waiting does not. A peer that takes the
// bytes of one long Write little by little restarts it too:
//
//   - On Linux the kernel tells how much of what was written a TCP or Unix socket
//     still holds for its peer. It is asked now and then, so that the clock may run
//     for up to a quarter of d longer. The socket is found through wrappers with an
//     Unwrap or NetConn method, and behind the body of a 101.
//
//   - Elsewhere, and where there is no such socket, a long Write is passed on as
//     several, each of as many bytes as a peer takes within d/2 at 1 KiB a second.
//
//     resp.Body = wrap.Body(resp.Body, wrap.Idle(10*time.Minute))
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
//
// The field Idle of tunnel.Options is for a whole tunnel, and differs from this
// hook: the bytes of both sides restart one clock, and WriteTo and ReadFrom keep
// their direct way.
func Idle(d time.Duration) Hooks {
	if d <= 0 {
		panic("wrap: Idle: the duration must be positive; without a limit, leave the hook out")
	}
	return Hooks{New: func(body io.ReadCloser) Hooks {
		i := &idle{passThrough: passThrough{methodsOf(body)}, moved: time.Now(), part: math.MaxInt}
		i.silence = silence{hook: "Idle", d: d, body: body, lasted: i.lasted}
		i.mu.Lock()
		defer i.mu.Unlock()
		if i.next.w != nil {
			i.look(body)
		}
		i.start()
		return Hooks{stage: i}
	}}
}

type idle struct {
	passThrough
	silence

	socket syscall.RawConn // of body; nil if the kernel does not tell what it holds for the peer
	part   int             // how much of a Write is passed on at once
	moved  time.Time       // when bytes last did; guarded by mu
	queued int             // what the kernel held when it was last asked; guarded by mu
}

// look finds out how to learn of progress within a Write.
func (i *idle) look(body io.ReadCloser) {
	conn, _ := socket.Behind(body)
	raw := socket.Raw(conn)
	queued, ok := socket.Queued(raw)
	if !ok {
		i.part = socket.Part(i.d)
		return
	}
	i.socket, i.queued, i.every = raw, queued, i.d/looksEmpty
}

// How often the kernel is asked within d, while it holds something for the peer
// and while it does not.
const (
	looksFull  = 16
	looksEmpty = 4
)

// lasted is called with mu held.
func (i *idle) lasted() time.Duration {
	if i.socket != nil {
		queued, _ := socket.Queued(i.socket) // 0 if the socket is closed
		if queued != i.queued {
			i.queued, i.moved = queued, time.Now()
		}
		i.every = i.d/looksEmpty + 1
		if queued > 0 {
			i.every = i.d/looksFull + 1
		}
	}
	return time.Since(i.moved)
}

func (i *idle) Read(p []byte) (int, error) {
	i.raise()
	n, err := i.next.r.Read(p)
	i.did(n, err == io.EOF && i.next.w == nil)
	return n, i.explainRead(err)
}

func (i *idle) Write(p []byte) (int, error) {
	i.raise()
	written := 0
	for {
		part := p[written:min(len(p), written+min(i.part, len(p)))]
		n, err := i.next.w.Write(part)
		i.did(n, false)
		written += n
		if err != nil || n != len(part) || written == len(p) {
			return written, i.explain(err)
		}
	}
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
