package wrap

import "net/http"

// Handler returns a handler that calls next, and puts hooks in front of each
// connection that next hijacks. It is the client's side of an upgrade, for a
// proxy or a WebSocket server, as [Body] is the backend's. Hooks see every byte
// from then on, the response's head included, which the hijacker writes itself:
// those of the connection, and those of the [bufio.ReadWriter] beside it. With
// [Hooks].New, hooks have a state for each connection.
//
// The connection has the methods of [Conn], and two things are better than
// without Handler, so that it is worth having with no hooks at all:
//
//   - What the client sent before it was answered is read first, from the
//     connection as well as from the bufio.ReadWriter, whose buffer is empty.
//     Who reads only the connection, such as [httputil.ReverseProxy], loses
//     nothing (golang/go#80875).
//   - CloseWrite is there whenever the connection below can do it, if
//     something on the way hides it, and says by an Unwrap or NetConn method
//     what it hides. TLS is never gone round: over TLS it is the TLS
//     connection's CloseWrite, or none.
//
// The ResponseWriter that next is given has exactly those methods that the
// original has out of Hijack, Flush, FlushError, ReadFrom, WriteString,
// SetReadDeadline with SetWriteDeadline, EnableFullDuplex, CloseNotify and
// Push, except that a few which only work or exist beside another one are left
// out where that is missing: FlushError without Flush, EnableFullDuplex without
// the deadlines, CloseNotify and Push without Hijack. An
// [http.ResponseController] can do whatever it could with the original, and
// Unwrap leads to it.
//
// Requests by HTTP/2, and those whose connection cannot be hijacked, pass
// untouched. A nil next panics.
func Handler(next http.Handler, hooks ...Hooks) http.Handler {
	if next == nil {
		panic("wrap: Handler: next is nil; the default is http.DefaultServeMux")
	}
	return &handler{next, hooks}
}

type handler struct {
	next  http.Handler
	hooks []Hooks
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.ProtoMajor < 2 {
		if set := writerSetOf(w); set&writerHijack != 0 || canHijack(w) {
			l := &writerLayer{original: w, handler: h, secure: r.TLS != nil}
			w = l.writer(set)
		}
	}
	h.next.ServeHTTP(w, r)
}
