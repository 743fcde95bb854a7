//go:build go1.25

package soak_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/bodywrap/bodywrap/internal/testkit"
	"github.com/bodywrap/bodywrap/wrap"
)

// A way is how an upgraded connection ends.
type way int

const (
	clientHalfCloses  way = iota // the backend has more to send
	backendHalfCloses            // the client has more to send
	readsSlowly                  // the client reads slowly, with a small window
	backendCloses                // the backend has sent everything
	clientCloses                 // the client closes at any moment
	clientResets
	backendDies
	requestCanceled
	clientVanishes // the client reads no more, and sends nothing, not even FIN
	handlerPanics  // the handler panics after the tunnel
	ways
)

func (w way) String() string {
	return [ways]string{
		"client half-closes, backend goes on", "backend half-closes, client goes on", "client reads slowly",
		"backend closes when all is sent", "client closes", "client resets", "backend dies", "request cancelled",
		"client vanishes", "handler panics afterwards",
	}[w]
}

// A life is one upgraded connection, planned before it begins.
type life struct {
	id       uint64
	way      way
	up, down int           // bytes that the client and the backend mean to send
	cut      int           // how many of them have been sent when the end comes by force
	pause    time.Duration // before that end
	block    int           // bytes a call
	hooks    []wrap.Hooks

	// Each gets one value, and has room for it.
	cancel chan context.CancelFunc
	done   chan wrap.Summary
	client chan seen
	server chan seen
}

// seen is what one end has sent and received, and the errors that it found.
type seen struct {
	sent, received int
	eof            bool
	err            error
}

// add adds what came in while out was sent.
func (s *seen) add(out *sequence, in seen) {
	s.sent, s.received, s.eof = int(out.at), in.received, in.eof
	s.err = errors.Join(s.err, in.err)
}

func newLife(id uint64, rng *rand.Rand) *life {
	l := &life{
		id:     id,
		way:    way(rng.IntN(int(ways))),
		up:     rng.IntN(20_000),
		down:   rng.IntN(20_000),
		block:  1 + rng.IntN(3000),
		pause:  time.Duration(rng.IntN(5)) * time.Millisecond,
		hooks:  randomHooks(rng),
		cancel: make(chan context.CancelFunc, 1),
		done:   make(chan wrap.Summary, 2),
		client: make(chan seen, 1),
		server: make(chan seen, 1),
	}
	switch l.way {
	case readsSlowly:
		l.down = 100_000 + rng.IntN(400_000)
	case backendCloses:
		l.up = 0 // else the system may turn Close into a reset
	case clientVanishes:
		l.hooks = append(l.hooks, wrap.Idle(50*time.Millisecond))
	}
	l.cut = rng.IntN(l.up + 1)
	if l.way == backendDies {
		l.cut = rng.IntN(l.down + 1)
	}
	return l
}

// dying reports whether the end comes by force, so that bytes may be lost.
func (l *life) dying() bool {
	switch l.way {
	case clientHalfCloses, backendHalfCloses, readsSlowly, backendCloses, handlerPanics:
		return false
	}
	return true
}

// playClient plays the client until the connection is over. It calls opened
// when the connection is open, or has failed to open.
func (l *life) playClient(dial func() (net.Conn, error), opened func()) {
	var s seen
	defer func() { l.client <- s }()
	opened = sync.OnceFunc(opened)
	defer opened()
	conn, err := dial()
	if err != nil {
		s.err = err
		return
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(testkit.Patience))
	if l.way == readsSlowly {
		_ = tcpOf(conn).SetReadBuffer(64 << 10) // less than there is to send
	}
	fmt.Fprintf(conn, "GET /%d HTTP/1.1\r\nHost: soak\r\nConnection: Upgrade\r\nUpgrade: soak\r\n\r\n", l.id)
	br := bufio.NewReader(conn)
	resp, err := http.ReadResponse(br, nil)
	if err != nil {
		s.err = fmt.Errorf("no answer to the upgrade: %w", err)
		return
	}
	if resp.StatusCode != http.StatusSwitchingProtocols {
		s.err = fmt.Errorf("the upgrade was answered %s", resp.Status)
		return
	}

	opened()
	in, over := seen{}, make(chan struct{})
	if l.way == clientVanishes {
		close(over) // as good as
	} else {
		go l.receive(br, &in, l.id<<1|1, over)
	}
	out := &sequence{key: l.id << 1}
	send := func(n int) {
		err := out.writeTo(conn, n, l.block)
		if err != nil && !l.dying() && s.err == nil {
			s.err = fmt.Errorf("the client writes: %w", err)
		}
	}
	switch l.way {
	case clientHalfCloses, readsSlowly, handlerPanics:
		send(l.up)
		_ = halfClose(conn) // shows at the other end
		<-over
	case backendHalfCloses:
		send(l.up / 2)
		<-over
		send(l.up - l.up/2)
	case backendCloses, backendDies:
		send(l.up)
		<-over
	case clientCloses, clientResets:
		send(l.cut)
		time.Sleep(l.pause)
		if l.way == clientResets {
			_ = testkit.Reset(conn) // without a word of TLS
		}
		_ = conn.Close()
		<-over
	case requestCanceled:
		send(l.cut)
		time.Sleep(l.pause)
		(<-l.cancel)()
		<-over
	case clientVanishes:
		send(l.up)
		select {
		case sum := <-l.done: // the proxy has given up
			l.done <- sum
		case <-time.After(testkit.Patience):
		}
	}
	s.add(out, in)
}

// playServer plays the backend.
func (l *life) playServer(conn net.Conn, br *bufio.Reader) {
	var s seen
	defer func() { l.server <- s }()
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(testkit.Patience))
	if _, err := io.WriteString(conn, testkit.Switching("soak")); err != nil {
		s.err = fmt.Errorf("the backend answers: %w", err)
		return
	}
	in, over := seen{}, make(chan struct{})
	go l.receive(br, &in, l.id<<1, over)
	out := &sequence{key: l.id<<1 | 1}
	send := func(n int) {
		err := out.writeTo(conn, n, l.block)
		if err != nil && !l.dying() && s.err == nil {
			s.err = fmt.Errorf("the backend writes: %w", err)
		}
	}
	switch l.way {
	case clientHalfCloses, readsSlowly, handlerPanics:
		send(l.down / 2)
		<-over
		send(l.down - l.down/2)
		_ = conn.Close()
	case backendHalfCloses:
		send(l.down)
		_ = halfClose(conn)
		<-over
	case backendCloses:
		send(l.down)
		_ = conn.Close()
		<-over
	case backendDies:
		send(l.cut)
		time.Sleep(l.pause)
		_ = testkit.Reset(conn) // without a word of TLS
		<-over
	default:
		send(l.down)
		<-over
	}
	s.add(out, in)
}

// receive reads to the end and checks the sequence.
func (l *life) receive(r io.Reader, s *seen, key uint64, over chan<- struct{}) {
	defer close(over)
	in := &sequence{key: key}
	buf := make([]byte, 4<<10)
	for slow := 0; ; slow++ {
		if l.way == readsSlowly && key&1 == 1 && slow < 20 {
			time.Sleep(time.Millisecond)
		}
		n, err := r.Read(buf)
		wrong := in.check(buf[:n])
		s.received += n
		if wrong == nil {
			wrong = hung(err)
		}
		if wrong != nil {
			s.err = wrong
			return
		}
		if err != nil {
			s.eof = err == io.EOF
			return
		}
	}
}

// copyBuffer is the most that one Read of a copier returns, in bytes.
const copyBuffer = 32 << 10

// check compares what both ends and Done say when all is over.
func (l *life) check(client, server seen, sum wrap.Summary) error {
	var errs []error
	wrong := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if client.err != nil {
		wrong("client: %w", client.err)
	}
	if server.err != nil {
		wrong("backend: %w", server.err)
	}
	read, written := int(sum.Read), int(sum.Written)
	if !l.dying() {
		if client.received != l.down || !client.eof {
			wrong("the client received %d bytes, EOF: %t; want %d and EOF", client.received, client.eof, l.down)
		}
		if server.received != l.up || (!server.eof && l.way != backendCloses) {
			wrong("the backend received %d bytes, EOF: %t; want %d and EOF", server.received, server.eof, l.up)
		}
		if read != l.down || written != l.up {
			wrong("Done says %d read and %d written, want %d and %d", read, written, l.down, l.up)
		}
	}
	// Cancellation closes the body at any moment. Done does not wait for a
	// Read that is on its way then, nor count it; its bytes may still reach
	// the client.
	late := l.way == requestCanceled && client.received <= read+copyBuffer
	if client.received > read && !late || read > server.sent {
		wrong("Done says %d read, of which the client received %d; the backend sent %d", read, client.received, server.sent)
	}
	if server.received > written || written > client.sent {
		wrong("Done says %d written, of which the backend received %d; the client sent %d", written, server.received, client.sent)
	}
	return errors.Join(errs...)
}

// A population is the lives that a server and a backend can look up.
type population struct {
	mu    sync.Mutex
	lives map[uint64]*life
}

func (p *population) add(l *life) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lives[l.id] = l
}

func (p *population) of(r *http.Request) *life {
	id, err := strconv.ParseUint(r.URL.Path[1:], 10, 64)
	if err != nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.lives[id]
}
