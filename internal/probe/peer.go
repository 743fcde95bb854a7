package probe

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"syscall"
	"time"
)

// An ending is how an end learned that the other had finished.
type ending string

const (
	open     ending = ""      // it has not
	eof      ending = "EOF"   // FIN, or TLS close_notify
	reset    ending = "reset" // RST
	failed   ending = "error" // another read error
	vanished ending = "our own close"
)

// A peer is one end of an established tunnel. One goroutine sends and closes; a
// second one, started by listen, reads and notes what comes.
type peer struct {
	lane Lane
	conn net.Conn
	r    io.Reader // conn, after what came along with the handshake
	tl   *timeline
	out  stream
	in   stream

	sent int // bytes of out that were sent; used by the sending goroutine only

	quit    chan struct{} // closed when the run is over
	reading sync.WaitGroup
	mu      sync.Mutex
	wake    chan struct{} // closed and replaced when a field below changes; mu guards them all
	got     int
	wrong   int // offset of the first byte that is not the one sent, or -1
	end     ending
	endErr  error
	gotAt   time.Time // when the last byte came
	endAt   time.Time
}

func newPeer(lane Lane, conn net.Conn, r io.Reader, tl *timeline) *peer {
	p := &peer{lane: lane, conn: conn, r: r, tl: tl, out: upstream, in: downstream, wrong: -1, quit: make(chan struct{}), wake: make(chan struct{})}
	if lane == Backend {
		p.out, p.in = p.in, p.out
	}
	return p
}

// listen starts to read all that comes. Before listen, a peer reads nothing,
// like an application that hangs.
func (p *peer) listen() {
	p.reading.Add(1)
	go p.read()
}

func (p *peer) read() {
	defer p.reading.Done()
	p.readAll()
}

func (p *peer) readAll() {
	buf := make([]byte, 32<<10)
	for {
		n, err := p.r.Read(buf)
		p.note(buf[:n], err)
		if err != nil {
			return
		}
	}
}

func (p *peer) note(data []byte, err error) {
	now := time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(data) > 0 {
		if i := p.in.firstWrong(data, p.got); i >= 0 && p.wrong < 0 {
			p.wrong = p.got + i
		}
		p.got += len(data)
		p.gotAt = now
		p.tl.span(now, p.lane, Gets, len(data), "")
	}
	if err != nil {
		p.end, p.endErr, p.endAt = endingOf(err), err, now
		switch p.end {
		case eof:
			p.tl.span(now, p.lane, GetsEOF, 0, "")
		case reset:
			p.tl.span(now, p.lane, GetsRST, 0, "")
		case failed:
			p.tl.span(now, p.lane, Fails, 0, err.Error())
		}
	}
	close(p.wake)
	p.wake = make(chan struct{})
}

func endingOf(err error) ending {
	switch {
	case err == io.EOF:
		return eof
	case errors.Is(err, net.ErrClosed):
		return vanished
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return reset
	}
	return failed
}

// await waits until done returns true, and then returns true. It returns false
// once limit is over or ctx is cancelled. done is called with mu held.
func (p *peer) await(ctx context.Context, limit time.Duration, done func() bool) bool {
	from := time.Now()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	for {
		p.mu.Lock()
		ok, wake := done(), p.wake
		p.mu.Unlock()
		if ok {
			return true
		}
		select {
		case <-wake:
		case <-timer.C:
			p.tl.span(from, p.lane, Silence, 0, "")
			return false
		case <-ctx.Done():
			return false
		}
	}
}

// awaitBytes waits until the peer has received n bytes in all, or the end.
func (p *peer) awaitBytes(ctx context.Context, limit time.Duration, n int) (ended bool) {
	return p.await(ctx, limit, func() bool { return p.got >= n || p.end != open })
}

// awaitEnd waits until the peer has learned that the other end has finished.
func (p *peer) awaitEnd(ctx context.Context, limit time.Duration) bool {
	return p.await(ctx, limit, func() bool { return p.end != open })
}

// state is what a peer has seen up to now.
type state struct {
	got, wrong   int
	end          ending
	endErr       error
	gotAt, endAt time.Time
}

func (p *peer) state() state {
	p.mu.Lock()
	defer p.mu.Unlock()
	return state{p.got, p.wrong, p.end, p.endErr, p.gotAt, p.endAt}
}

// send writes the next n bytes of the peer's stream, and gives up when limit is
// over or ctx is cancelled. A write error is only noted in the timeline: the
// verdict depends on what arrives.
func (p *peer) send(ctx context.Context, n int, limit time.Duration) (began time.Time) {
	data := p.out.bytes(p.sent, p.sent+n) // before the deadline is set: it takes a while
	from := time.Now()
	_ = p.conn.SetWriteDeadline(from.Add(limit))
	stop := context.AfterFunc(ctx, func() { _ = p.conn.SetWriteDeadline(from) })
	defer stop()
	m, err := p.conn.Write(data)
	p.sent += n
	if m > 0 {
		p.tl.span(from, p.lane, Sends, m, "")
	}
	if err != nil {
		p.tl.add(p.lane, Fails, 0, "write: "+reason(err))
	}
	return from
}

// reason returns the text of err without addresses, which differ in each run.
func reason(err error) string {
	var op *net.OpError
	if errors.As(err, &op) {
		err = op.Err
	}
	return err.Error()
}

func (p *peer) closeWrite() time.Time {
	now := time.Now()
	p.tl.add(p.lane, SendsFIN, 0, "")
	// If the connection is gone already, the other end sees that.
	_ = p.conn.(interface{ CloseWrite() error }).CloseWrite()
	return now
}

func (p *peer) close() time.Time {
	now := time.Now()
	p.tl.add(p.lane, Closes, 0, "")
	_ = p.conn.Close()
	return now
}

func (p *peer) reset() time.Time {
	now := time.Now()
	p.tl.add(p.lane, Resets, 0, "")
	abort(p.conn)
	return now
}

// abort closes conn so that the other side is sent RST and not FIN.
func abort(conn net.Conn) {
	below := underTLS(conn)
	if c, ok := below.(*net.TCPConn); ok {
		_ = c.SetLinger(0) // it is closed either way
	}
	_ = below.Close()
}

// underTLS returns the connection that carries conn if conn speaks TLS, and
// conn itself if not.
func underTLS(conn net.Conn) net.Conn {
	if c, ok := conn.(interface{ NetConn() net.Conn }); ok {
		return c.NetConn()
	}
	return conn
}

// done ends the peer and waits for its reader.
func (p *peer) done() {
	close(p.quit)
	_ = p.conn.Close()
	p.reading.Wait()
}
