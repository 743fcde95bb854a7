package wrap

import (
	"io"
	"time"
)

// Linger closes a body that stays silent for d after its CloseWrite has
// succeeded. It is for the backend that ignores EOF and would hold the tunnel
// for ever, as haproxy's "timeout client-fin" is.
//
//	resp.Body = wrap.Body(resp.Body, wrap.Linger(30*time.Second))
//
// The body is silent while a Read waits and gets no bytes: bytes restart the
// clock, and it stands still while nobody reads, so that a slow client does
// not lose the end of its answer. A call that fails because of this returns a
// [*TimeoutError], and so does every Read from then on. Before CloseWrite, after
// EOF and after Close there is no clock. The body is closed once, and a panic of
// its Close goes on, as [Idle] describes. The body's Close must make a waiting
// Read return, as it does in bodies of responses and in connections.
//
// WriteTo is routed through Read, since it does not tell when bytes move;
// ReadFrom keeps its direct way. A d that is not positive panics.
//
// The field Linger of tunnel.Options is for a whole tunnel, and differs from this
// hook: bytes in either direction restart its clock, and the clock does not
// stand still while nobody reads.
func Linger(d time.Duration) Hooks {
	if d <= 0 {
		panic("wrap: Linger: the duration must be positive; without a limit, leave the hook out")
	}
	return Hooks{New: func(body io.ReadCloser) Hooks {
		l := &linger{passThrough: passThrough{methodsOf(body)}}
		if l.next.cw == nil {
			return Hooks{} // cannot be half-closed
		}
		l.silence = silence{hook: "Linger", d: d, body: body, lasted: l.lasted}
		return Hooks{stage: l}
	}}
}

type linger struct {
	passThrough
	silence

	waits  int           // how many Reads are waiting
	since  time.Time     // since when, of the time that counts
	waited time.Duration // by Reads that returned nothing, before since
}

func (l *linger) lasted() time.Duration {
	if l.waits == 0 {
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
	if l.waits++; l.waits == 1 && l.timer != nil {
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
		l.waited = l.lasted()
		l.since = time.Now()
		if n > 0 {
			l.waited = 0
		}
	}
	l.waits--
}

func (l *linger) CloseWrite() error {
	l.raise()
	if err := l.next.cw.CloseWrite(); err != nil {
		return l.explain(err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.timer == nil {
		l.since = time.Now() // what was before does not count
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

func (l *linger) WriteTo(w io.Writer) (int64, error) { return pump(w, l) }
func (l *linger) Close() error                       { return l.close() }
