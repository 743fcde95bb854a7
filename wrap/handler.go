package wrap

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/bodywrap/bodywrap/wrap/internal/received"
)

// Handler returns a handler that calls next, and puts hooks in front of each
// connection that next hijacks. It is the client's side of an upgrade, for a
// proxy or a WebSocket server, as [Body] is the backend's. Hooks see every byte
// from then on, the response's head included, which the hijacker writes itself:
// those of the connection, and those of the [bufio.ReadWriter] beside it. With
// [Hooks].New, hooks have a state for each connection.
//
// The connection has the methods of [Conn]. Handler is of use without hooks
// too, since it does three things for requests that ask for an upgrade (by
// Connection and Upgrade) and for CONNECT:
//
//   - Bytes that the client sent before it was answered are read first, from
//     the connection as well as from the bufio.ReadWriter, whose buffer is
//     empty. A handler that reads only the connection, such as
//     [net/http/httputil.ReverseProxy], loses nothing (golang/go#80875). A
//     request with a body is different: until the handler has read the body to
//     EOF, net/http reads it through the same buffer. If next hijacks before
//     that, the buffered bytes stay in the bufio.ReadWriter, as without
//     Handler.
//   - CloseWrite is there whenever the connection below can do it, if
//     something on the way hides it, and says by an Unwrap or NetConn method
//     what it hides. TLS is never gone round: over TLS it is the TLS
//     connection's CloseWrite, or none.
//   - A client that half-closes before it is answered is served. net/http
//     cancels the request's context when it reads EOF, so that a ReverseProxy
//     would answer 502. The request that next gets has a context with the same
//     values and the same deadline that is cancelled when next returns. The
//     price is that next does not learn of a cancel by an outer handler, nor of
//     a client that leaves before the answer.
//
// All other requests reach next untouched if there are no hooks. If there are,
// next can hijack them too, and early bytes are read first if the request has
// no body. A handler that hijacks requests which do not ask for an upgrade
// needs a hook to get that; one with a Close that calls next.Close will do.
//
// The ResponseWriter that next is given has exactly those methods that the
// original has out of Hijack, Flush, FlushError, ReadFrom, WriteString,
// SetReadDeadline with SetWriteDeadline, EnableFullDuplex, CloseNotify and
// Push, except that a few which only work or exist beside another one are left
// out where that is missing: FlushError without Flush, EnableFullDuplex without
// the deadlines, CloseNotify and Push without Hijack. An
// [http.ResponseController] can do whatever it could with the original, and
// Unwrap leads to it. One thing no wrapper can keep: [http.MaxBytesReader] asks
// the ResponseWriter for an unexported method, by which net/http closes the
// connection after the limit was exceeded (golang/go#73754). Give it the
// original, which Unwrap returns.
//
// Requests by HTTP/2, and those whose connection cannot be hijacked, pass
// untouched. A nil next panics.
func Handler(next http.Handler, hooks ...Hooks) http.Handler {
	if next == nil {
		panic("wrap: Handler: next is nil; the default is http.DefaultServeMux")
	}
	return &handler{next, slices.Clone(hooks)}
}

type handler struct {
	next  http.Handler
	hooks []Hooks
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	tunnel := asksForTunnel(r)
	if r.ProtoMajor >= 2 || len(h.hooks) == 0 && !tunnel {
		h.next.ServeHTTP(w, r)
		return
	}
	set := writerSetOf(w)
	if set&writerHijack == 0 && !canHijack(w) {
		h.next.ServeHTTP(w, r)
		return
	}
	l := &writerLayer{original: w, handler: h, secure: r.TLS != nil}
	l.ended.Store(!received.HasBody(r))
	if tunnel {
		ctx, cancel := detached(r.Context())
		defer cancel()
		r = r.WithContext(ctx)
		r.Body = Body(r.Body, l.watch())
	}
	h.next.ServeHTTP(l.writer(set), r)
}

// asksForTunnel reports whether r asks for a connection on which both sides
// send as they like: by CONNECT, or by an upgrade (RFC 9110, sections 7.8 and
// 9.3.6).
func asksForTunnel(r *http.Request) bool {
	if r.Method == http.MethodConnect {
		return true
	}
	if r.Header.Get("Upgrade") == "" {
		return false
	}
	for _, field := range r.Header.Values("Connection") {
		for _, option := range strings.Split(field, ",") {
			if strings.EqualFold(strings.Trim(option, " \t"), "Upgrade") {
				return true
			}
		}
	}
	return false
}

// detached returns a context with the values and the deadline of ctx that is
// not cancelled with it. ReverseProxy wants one that can be cancelled: of one
// that cannot it looks for CloseNotify.
func detached(ctx context.Context) (context.Context, context.CancelFunc) {
	free := context.WithoutCancel(ctx)
	if deadline, ok := ctx.Deadline(); ok {
		return context.WithDeadline(free, deadline)
	}
	return context.WithCancel(free)
}
