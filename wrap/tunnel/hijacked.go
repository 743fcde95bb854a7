package tunnel

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"reflect"
	"sync"

	"github.com/bodywrap/bodywrap/wrap"
	"github.com/bodywrap/bodywrap/wrap/internal/chain"
)

// A hijacked is a connection that a handler hijacks behind Group.Handler.
//
//	Hijack is called     Group.hijack puts it into the group, or fails
//	Hijack has failed    Group.hijack takes it out
//	Copy gets it         Group.add puts the tunnel in its place
//	Close has returned   close takes it out
//	Shutdown ends it     shutDown closes it; the handler's Close comes later
type hijacked struct {
	group *Group

	// conn is what Hijack returned, with close in front, or nil before
	// that. It is guarded by the group's mu.
	conn net.Conn

	mu    sync.Mutex
	ended bool // shutDown was called
	calls int  // calls of Close that have not returned
}

// hijack is in front of Hijack of the ResponseWriter. The connection is in the
// group before the handler has it, so that Shutdown waits for it.
func (g *Group) hijack(next http.Hijacker) (conn net.Conn, brw *bufio.ReadWriter, err error) {
	h := &hijacked{group: g}
	if !g.add(h, nil) {
		return nil, nil, fmt.Errorf("tunnel: hijack: %w", ErrShutdown)
	}
	done := false
	defer func() {
		if !done { // also if Hijack has panicked
			g.remove(h)
		}
	}()
	conn, brw, err = next.Hijack()
	if err != nil {
		return conn, brw, err
	}
	done = true
	conn = wrap.Conn(conn, wrap.Hooks{Close: h.close})
	h.begin(conn)
	return conn, brw, nil
}

// begin notes conn, and closes it if Shutdown has come before.
func (h *hijacked) begin(conn net.Conn) {
	h.group.note(h, conn)
	h.mu.Lock()
	ended := h.ended
	h.mu.Unlock()
	if ended {
		_ = conn.Close() // the handler learns it from its first call
	}
}

// close is in front of Close of the connection. The connection leaves the group
// when no call is in flight any more: a second call returns at once, although
// the first one may block.
func (h *hijacked) close(next io.Closer) error {
	h.enterClose()
	defer h.leaveClose()
	return next.Close()
}

func (h *hijacked) enterClose() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.calls++
}

func (h *hijacked) leaveClose() {
	h.mu.Lock()
	h.calls--
	last := h.calls == 0
	h.mu.Unlock()
	if last {
		h.group.remove(h)
	}
}

// shutDown closes the connection. If Hijack has not returned, begin closes it.
func (h *hijacked) shutDown() {
	h.mu.Lock()
	h.ended = true
	h.mu.Unlock()
	if conn := h.group.connOf(h); conn != nil {
		_ = conn.Close() // the error says that the handler was faster
	}
}

func (h *hijacked) sidesInClose() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return min(h.calls, 1)
}

// note makes conn the connection of h.
func (g *Group) note(h *hijacked, conn net.Conn) {
	g.mu.Lock()
	defer g.mu.Unlock()
	h.conn = conn
	if g.conns == nil {
		g.conns = make(map[any]*hijacked)
	}
	g.conns[conn] = h
}

// connOf returns the connection of h, or nil if Hijack has not returned.
func (g *Group) connOf(h *hijacked) net.Conn {
	g.mu.Lock()
	defer g.mu.Unlock()
	return h.conn
}

// below returns the hijacked connection of the group in the chain of wrappers
// that begins with v, or nil if there is none.
func (g *Group) below(v any) *hijacked {
	for range chain.Longest {
		if chain.IsNil(v) {
			return nil
		}
		if reflect.TypeOf(v).Kind() == reflect.Pointer { // as all that wrap.Conn returns
			if h := g.lookUp(v); h != nil {
				return h
			}
		}
		v, _ = chain.Next(v)
	}
	return nil
}

func (g *Group) lookUp(v any) *hijacked {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.conns[v]
}
