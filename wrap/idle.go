package wrap

import (
	"io"
	"math"
	"syscall"
	"time"

	"github.com/bodywrap/bodywrap/wrap/internal/copybuf"
	"github.com/bodywrap/bodywrap/wrap/internal/socket"
)

// Idle closes a body through which no byte moves in either direction for d.
//
//	resp.Body = wrap.Body(resp.Body, wrap.Idle(10*time.Minute))
//
// The clock starts when the body is wrapped, and every byte that is read or
// written restarts it. A Read or Write that waits does not restart it. If the
// peer takes the bytes of one long Write slowly, the clock restarts too:
//
//   - On Linux, Idle asks the kernel how many written bytes a TCP or Unix
//     socket still holds for its peer. It asks at intervals, so the clock may
//     run for up to a quarter of d longer. Idle finds the socket through
//     wrappers with an Unwrap or NetConn method, and behind the body of a 101.
//   - On other systems, and if there is no such socket, Idle splits a long
//     Write into several. Each has as many bytes as a peer takes within d/2 at
//     1 KiB a second.
//
// Once Idle has closed the body, a call that fails returns a [*TimeoutError],
// and so does every Read. The clock stops at Close, and at EOF of a body
// without Write. The body is closed once, by Idle or by the caller's Close. If
// Idle has closed it, the caller's Close returns the result of Idle's Close. If
// the body's Close panics in Idle's goroutine, the panic goes on in the
// caller's next call, once. The body's Close must make waiting calls return, as
// it does in bodies of responses and in connections. The body of a request that
// a server has received does not; use [http.ResponseController.SetReadDeadline]
// for it.
//
// WriteTo and ReadFrom are routed through Read and Write, because they do not
// tell when bytes move. A d that is not positive panics.
//
// The field Idle of tunnel.Options is for a whole tunnel, and differs from this
// hook: the bytes of both sides restart one clock, and WriteTo and ReadFrom
// keep their direct way.
func Idle(d time.Duration) Hooks {
	if d <= 0 {
		panic("wrap: Idle: the duration must be positive; without a limit, leave the hook out")
	}
	return Hooks{New: func(body io.ReadCloser) Hooks {
		i := &idle{passThrough: passThrough{methodsOf(body)}, lastMoved: time.Now(), maxWrite: math.MaxInt}
		i.silence = silence{hook: "Idle", d: d, body: body, silentFor: i.silentFor}
		i.mu.Lock()
		defer i.mu.Unlock()
		if i.next.w != nil {
			i.findSocket(body)
		}
		i.start()
		return Hooks{stage: i}
	}}
}

// An idle is the Idle of one body. The timer of silence runs from the start.
// Every call that moves bytes sets lastMoved, and so does silentFor if the
// kernel's queue has changed since the last check.
type idle struct {
	passThrough
	silence

	// socket is the body's socket. It is nil if the kernel does not tell
	// how many bytes it holds for the peer.
	socket syscall.RawConn

	maxWrite  int       // a longer Write is split; MaxInt if socket is set
	lastMoved time.Time // when bytes last moved; guarded by mu
	queued    int       // the kernel's answer at the last check; guarded by mu
}

// findSocket sets socket and checkEvery if the kernel tells of progress within
// a Write, and maxWrite if it does not. It is called with mu held.
func (i *idle) findSocket(body io.ReadCloser) {
	conn, _ := socket.Behind(body)
	raw := socket.Raw(conn)
	queued, ok := socket.Queued(raw)
	if !ok {
		i.maxWrite = socket.Part(i.d)
		return
	}
	i.socket, i.queued, i.checkEvery = raw, queued, i.d/checksEmpty
}

// How often the kernel is asked within d, depending on its last answer.
const (
	checksQueued = 16 // it holds bytes for the peer
	checksEmpty  = 4  // it holds none
)

// silentFor asks the kernel if there is a socket, and sets checkEvery. It is
// called with mu held.
func (i *idle) silentFor() time.Duration {
	if i.socket != nil {
		queued, _ := socket.Queued(i.socket) // 0 if the socket is closed
		if queued != i.queued {
			i.queued, i.lastMoved = queued, time.Now()
		}
		i.checkEvery = i.d/checksEmpty + 1
		if queued > 0 {
			i.checkEvery = i.d/checksQueued + 1
		}
	}
	return time.Since(i.lastMoved)
}

func (i *idle) Read(p []byte) (int, error) {
	i.raise()
	n, err := i.next.r.Read(p)
	i.record(n, err == io.EOF && i.next.w == nil)
	return n, i.explainRead(err)
}

func (i *idle) Write(p []byte) (int, error) {
	i.raise()
	written := 0
	for {
		part := p[written:min(len(p), written+min(i.maxWrite, len(p)))]
		n, err := i.next.w.Write(part)
		i.record(n, false)
		written += n
		if err != nil || n != len(part) || written == len(p) {
			return written, i.explain(err)
		}
	}
}

// record restarts the clock if n bytes have moved, and stops it at the end.
func (i *idle) record(n int, ended bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if n > 0 {
		i.lastMoved = time.Now()
	}
	if ended {
		i.stop()
	}
}

func (i *idle) CloseWrite() error {
	i.raise()
	return i.explain(i.next.cw.CloseWrite())
}

func (i *idle) WriteTo(w io.Writer) (int64, error)  { return copybuf.Pump(w, i) }
func (i *idle) ReadFrom(r io.Reader) (int64, error) { return copybuf.Pump(i, r) }
func (i *idle) Close() error                        { return i.close() }
