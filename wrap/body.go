package wrap

import (
	"io"
	"net/http"
)

// Body returns body with its calls routed through hooks, the first of which is
// outermost. The result has exactly the optional methods that body has: Write,
// CloseWrite, WriteTo and ReadFrom are there if and only if body has them. The
// methods of an upload (Seek, ReadAt, Len) are not kept, since each would double
// the number of types in every program. For a body that has them, generate a
// family of its own, as cmd/wrapgen/examples/upload does.
//
// A nil body stays nil and [http.NoBody] stays http.NoBody, which net/http
// tells from other bodies by comparison; without hooks, body itself is
// returned. The result has an Unwrap method that returns what is behind its
// outermost hook; see [Unwrap] and [As]. It may be used by as many goroutines
// as body and the hooks allow.
func Body(body io.ReadCloser, hooks ...Hooks) io.ReadCloser {
	if body == nil || body == http.NoBody {
		return body
	}
	return layers(body, hooks)
}

// layers is Body for a body that is there.
func layers(body io.ReadCloser, hooks []Hooks) io.ReadCloser {
	for i := len(hooks) - 1; i >= 0; i-- {
		body = hooked(body, hooks[i])
	}
	return body
}

// hooked puts one Hooks in front of body.
func hooked(body io.ReadCloser, h Hooks) io.ReadCloser {
	if h.New != nil {
		body = hooked(body, h.New(body))
	}
	if !h.inFront() {
		return body
	}
	l := newLayer(body, &h)
	return l.body(bodySetOf(body))
}
