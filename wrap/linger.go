package wrap

import (
	"io"
	"time"

	"github.com/bodywrap/bodywrap/wrap/internal/copybuf"
)

// Linger closes a body that stays silent for d after its CloseWrite has
// succeeded. It is for a backend that ignores EOF and would keep the tunnel
// open for ever, like haproxy's "timeout client-fin".
//
//	resp.Body = wrap.Body(resp.Body, wrap.Linger(30*time.Second))
//
// The body is silent while a Read waits and gets no bytes. Bytes restart the
// clock. While no Read waits, the clock stands still, so that a slow client
// does not lose the end of its answer. Once Linger has closed the body, a call
// that fails returns a [*TimeoutError], and so does every Read. The clock runs
// only after CloseWrite, and not after EOF or Close. The body is closed once,
// and a panic of its Close goes on, as [Idle] describes. The body's Close must
// make a waiting Read return, as it does in bodies of responses and in
// connections.
//
// WriteTo is routed through Read, because it does not tell when bytes move.
// ReadFrom keeps its fast path. A d that is not positive panics.
//
// The field Linger of tunnel.Options is for a whole tunnel, and differs from
// this hook: bytes in either direction restart its clock, and the clock does
// not stand still while nobody reads.
func Linger(d time.Duration) Hooks {
	if d <= 0 {
		panic("wrap: Linger: the duration must be positive; without a limit, leave the hook out")
	}
	return Hooks{New: func(body io.ReadCloser) Hooks {
		l := &linger{passThrough: passThrough{methodsOf(body)}}
		if l.next.cw == nil {
			return Hooks{} // cannot be half-closed
		}
		l.silence = silence{hook: "Linger", d: d, body: body, silentFor: l.silentFor}
		return Hooks{stage: l}
	}}
}

// A linger is the Linger of one body. CloseWrite starts the timer of silence,
// and EOF stops it. The silence is the time that Reads have waited since
// CloseWrite or the last bytes.
type linger struct {
	passThrough
	silence

	// The rest is guarded by silence.mu.

	readers int           // how many Reads are in flight
	since   time.Time     // the start of the wait that waited lacks
	waited  time.Duration // the silence before since
}

// silentFor is called with mu held.
func (l *linger) silentFor() time.Duration {
	if l.readers == 0 {
		return l.waited
	}
	return l.waited + time.Since(l.since)
}

func (l *linger) Read(p []byte) (n int, err error) {
	l.raise()
	l.beginRead()
	defer func() { l.endRead(n, err) }()
	n, err = l.next.r.Read(p)
	return n, l.explainRead(err)
}

func (l *linger) beginRead() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.readers++; l.readers == 1 && l.timer != nil {
		l.since = time.Now()
	}
}

func (l *linger) endRead(n int, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err == io.EOF {
		l.stop()
	}
	if l.timer != nil {
		l.waited = l.silentFor()
		l.since = time.Now()
		if n > 0 {
			l.waited = 0
		}
	}
	l.readers--
}

func (l *linger) CloseWrite() error {
	l.raise()
	if err := l.next.cw.CloseWrite(); err != nil {
		return l.explain(err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.timer == nil {
		l.since = time.Now() // a wait before CloseWrite does not count
		l.start()
	}
	return nil
}

func (l *linger) Write(p []byte) (int, error) {
	l.raise()
	n, err := l.next.w.Write(p)
	return n, l.explain(err)
}

func (l *linger) ReadFrom(r io.Reader) (int64, error) {
	l.raise()
	n, err := l.next.rf.ReadFrom(r)
	return n, l.explain(err)
}

func (l *linger) WriteTo(w io.Writer) (int64, error) { return copybuf.Pump(w, l) }
func (l *linger) Close() error                       { return l.close() }
