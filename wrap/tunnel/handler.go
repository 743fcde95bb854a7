package tunnel

import (
	"net/http"

	"github.com/bodywrap/bodywrap/wrap"
)

// Handler returns a handler that calls next, and puts each connection that next
// hijacks into the group: that of an [net/http/httputil.ReverseProxy], and that
// of any WebSocket server. The connection leaves the group when its Close has
// returned. A connection that is never closed stays until Shutdown closes it,
// also if next panics.
//
//	server.Handler = group.Handler(proxy)
//
// After Shutdown has begun, Handler answers 503 Service Unavailable to requests
// that ask for an upgrade and to CONNECT, and does not call next. If next has
// the request already, Hijack fails with an error that is [ErrShutdown]. An
// HTTP server is shut down first, since [http.Server.Shutdown] waits for the
// requests that are still to be hijacked.
//
// Handler does for early bytes and half-closes what [wrap.Handler] does, whose
// docs also say what the ResponseWriter can do, and what it cannot: that holds
// here for all requests but those of HTTP/2, which reach next unchanged. The
// connection keeps the methods of the original, and its fast path. What a
// handler does to the connection below, after Unwrap, bypasses the group.
//
// [Upgrade] and [Copy] may run behind Handler, and Options may name the same
// group. Then the tunnel takes the place of the hijacked connection, and both
// count as one. A nil next panics.
func (g *Group) Handler(next http.Handler) http.Handler {
	if next == nil {
		panic("tunnel: Group.Handler: next is nil; the default is http.DefaultServeMux")
	}
	return wrap.Handler(&groupHandler{g, next})
}

type groupHandler struct {
	group *Group
	next  http.Handler
}

func (h *groupHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.ProtoMajor >= 2 {
		h.next.ServeHTTP(w, r)
		return
	}
	if asksForTunnel(r) && h.group.isClosed() {
		status := http.StatusServiceUnavailable
		http.Error(w, http.StatusText(status), status)
		return
	}
	h.next.ServeHTTP(wrap.Writer(w, wrap.WriterHooks{Hijack: h.group.hijack}), r)
}

// asksForTunnel reports whether r is a CONNECT request or asks for an upgrade.
func asksForTunnel(r *http.Request) bool {
	return r.Method == http.MethodConnect || len(upgradeTokens(r.Header)) > 0
}
