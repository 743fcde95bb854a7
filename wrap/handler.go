package wrap

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/bodywrap/bodywrap/wrap/internal/received"
)

// Handler returns a handler that calls next, and puts hooks in front of each
// connection that next hijacks. Handler is for the client's side of an upgrade,
// in a proxy or a WebSocket server, as [Body] is for the backend's side. After
// Hijack, hooks see every byte that passes through the connection or the
// [bufio.ReadWriter] beside it. This includes the head of the response, which
// next writes itself. With [Hooks].New, hooks have a state for each connection.
//
// The connection has the methods of [Conn]. Handler is useful without hooks
// too. It does three things for CONNECT, and for requests that ask for an
// upgrade (by Connection and Upgrade):
//
//   - Bytes that the client sent before the answer are read first, both from
//     the connection and from the bufio.ReadWriter, whose buffer is empty. A
//     handler that reads only the connection, such as
//     [net/http/httputil.ReverseProxy], loses no byte (golang/go#80875). Until
//     the handler has read the request's body to EOF, net/http reads that body
//     through the same buffer. If next hijacks before that EOF, the buffered
//     bytes stay in the bufio.ReadWriter, as without Handler.
//   - The connection has CloseWrite if a connection below it has CloseWrite,
//     and every wrapper between them has an Unwrap or NetConn method. Handler
//     never bypasses TLS: over TLS, the connection has the TLS connection's
//     CloseWrite or none.
//   - A client may half-close before the answer. net/http cancels the request's
//     context when it reads EOF, so that a ReverseProxy would answer 502. next
//     gets a context with the same values and the same deadline, which is
//     cancelled when next returns. The price is that next does not learn that
//     an outer handler cancels, or that a client leaves before the answer.
//
// Without hooks, all other requests reach next unchanged. With hooks, next can
// hijack them too, and early bytes are read first if the request has no body.
// If a handler hijacks requests that do not ask for an upgrade, give Handler a
// hook, such as a Close that calls next.Close.
//
// The ResponseWriter that next gets has exactly the methods that the original
// has out of Hijack, Flush, FlushError, ReadFrom, WriteString, SetReadDeadline
// with SetWriteDeadline, EnableFullDuplex, CloseNotify and Push. Some methods
// are left out if another one is missing: FlushError without Flush, and
// EnableFullDuplex without the deadlines. An [http.ResponseController] works as
// with the original, and Unwrap leads to the original. [http.MaxBytesReader]
// needs the original: it looks for an unexported method of the ResponseWriter,
// by which net/http closes the connection after the limit was exceeded
// (golang/go#73754). No wrapper can have that method. Give MaxBytesReader the
// result of Unwrap.
//
// HTTP/2 requests, and requests whose connection cannot be hijacked, reach next
// unchanged. A nil next panics.
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
	l := &writerLayer{original: w, hooks: WriterHooks{Conn: h.hooks}, secure: r.TLS != nil}
	l.bodyEnded.Store(!received.HasBody(r))
	if tunnel {
		ctx, cancel := detached(r.Context())
		defer cancel()
		r = r.WithContext(ctx)
		r.Body = Body(r.Body, l.noteBodyEnd())
	}
	h.next.ServeHTTP(l.writer(set), r)
}

// asksForTunnel reports whether r is a CONNECT request or asks for an upgrade
// (RFC 9110, sections 9.3.6 and 7.8).
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

// detached returns a context with the values and the deadline of ctx. The
// context is not cancelled with ctx, but can be cancelled by the returned
// function: for a context that cannot, ReverseProxy would use CloseNotify.
func detached(ctx context.Context) (context.Context, context.CancelFunc) {
	free := context.WithoutCancel(ctx)
	if deadline, ok := ctx.Deadline(); ok {
		return context.WithDeadline(free, deadline)
	}
	return context.WithCancel(free)
}
