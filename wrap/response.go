package wrap

import (
	"net/http"
	"strings"
)

// Response wraps resp.Body, as [Body] does, and corrects the header when one of
// the hooks has Changes set. Response changes resp. Call it before the body is
// read.
//
// If the bytes change, Response removes the length and the digests:
// resp.ContentLength becomes -1, and Content-Length, Content-MD5, Digest,
// Content-Digest, Repr-Digest and Accept-Ranges are deleted, in trailers too. A
// strong ETag becomes a weak one. Content-Encoding and Content-Type stay: the
// caller, who knows what the hook does, corrects them. Without a hook that has
// Changes set, the header stays as it is. By status and method:
//
//   - HEAD and 304 have no body, but the header of a response with a body. That
//     header is corrected. No hook with Changes sees these responses.
//   - 204 and 205 have no body either (RFC 9110, sections 15.3.5 and 15.3.6),
//     and keep their header. No hook with Changes sees them.
//   - 206 is a part of the original bytes, and Content-Range counts in those.
//     The response passes as it is, without the hooks with Changes. If these
//     hooks must see everything, delete Range from the request.
//   - 416 loses its Content-Range, which states the length of the original
//     bytes (RFC 9110, section 15.5.17).
//   - 101 has no length: its header stays, and all hooks see both directions.
//
// All other hooks see all responses, those without a body too. Unlike Body,
// Response wraps [http.NoBody], so that [Done] and [Log] report such a
// response. net/http never compares the body of a response with http.NoBody.
//
// A nil body stays nil. A nil resp panics.
func Response(resp *http.Response, hooks ...Hooks) {
	if resp == nil {
		panic("wrap: Response: the response is nil; check the error of the round trip first")
	}
	if changes(hooks) {
		hooks = correctHeader(resp, hooks)
	}
	if resp.Body != nil {
		resp.Body = layers(resp.Body, hooks)
	}
}

// correctHeader corrects the header of resp for hooks that change bytes, and
// returns those of hooks that see this response.
func correctHeader(resp *http.Response, hooks []Hooks) []Hooks {
	isHead := resp.Request != nil && resp.Request.Method == http.MethodHead
	switch resp.StatusCode {
	case http.StatusSwitchingProtocols:
		return hooks
	case http.StatusNoContent, http.StatusResetContent, http.StatusPartialContent:
		return unchanging(hooks)
	case http.StatusNotModified:
		removeByteFields(resp.Header)
		removeRangeSupport(resp.Header)
		return unchanging(hooks)
	case http.StatusRequestedRangeNotSatisfiable:
		resp.Header.Del("Content-Range")
	}
	removeByteFields(resp.Header)
	removeRangeSupport(resp.Header)
	resp.ContentLength = -1
	if isHead {
		return unchanging(hooks)
	}
	return append([]Hooks{removeTrailerDigests(&resp.Trailer)}, hooks...)
}

// removeRangeSupport removes the fields of h by which a client combines parts
// of several responses: Accept-Ranges, and the strong ETag, which becomes weak.
func removeRangeSupport(h http.Header) {
	h.Del("Accept-Ranges")
	if tag := h.Get("ETag"); tag != "" && !strings.HasPrefix(tag, "W/") {
		h.Set("ETag", "W/"+tag)
	}
}
