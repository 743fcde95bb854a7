package wrap

import (
	"io"
	"net/http"
)

// Body returns body with its calls routed through hooks. The first hook is
// outermost. The result has exactly the optional methods that body has: Write,
// CloseWrite, WriteTo and ReadFrom are there if and only if body has them. The
// methods of an upload (Seek, ReadAt, Len) are not kept, because each would
// double the number of types in every program. For a body that has them,
// generate a family of its own, as cmd/wrapgen/examples/upload does.
//
// A nil body stays nil. [http.NoBody] stays http.NoBody, because net/http
// recognizes it by comparison. Without hooks, Body returns body itself. The
// result has an Unwrap method that returns the body behind its outermost hook;
// see [Unwrap] and [As]. As many goroutines may use the result as body and the
// hooks allow.
func Body(body io.ReadCloser, hooks ...Hooks) io.ReadCloser {
	if body == nil || body == http.NoBody {
		return body
	}
	return layers(body, hooks)
}

// layers puts hooks in front of body, which is not nil. Unlike Body, it wraps
// http.NoBody too.
func layers(body io.ReadCloser, hooks []Hooks) io.ReadCloser {
	for i := len(hooks) - 1; i >= 0; i-- {
		body = hooked(body, hooks[i])
	}
	return body
}

// hooked puts one Hooks in front of body. It does not call Content.
func hooked(body io.ReadCloser, h Hooks) io.ReadCloser {
	h.mustHaveMethods()
	for i := len(h.joined) - 1; i >= 0; i-- {
		body = hooked(body, h.joined[i])
	}
	if h.New != nil {
		body = hooked(body, h.New(body))
	}
	if !h.inFront() {
		return body
	}
	l := newLayer(body, &h)
	return l.body(bodySetOf(body))
}

// mustHaveMethods panics if h needs a message, and there is none.
func (h *Hooks) mustHaveMethods() {
	if h.Content != nil && h.New == nil && len(h.joined) == 0 && !h.inFront() {
		panic("wrap: this hook needs the header of a message; give it to Response, Request, ModifyResponse or Transport")
	}
}
