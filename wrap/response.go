package wrap

import (
	"net/http"
	"strings"
)

// Response wraps resp.Body, as [Body] does, and makes the header true when one
// of the hooks has Changes set. It changes resp, and must be called before
// anybody has read from the body.
//
// Of a response whose bytes change, the length and the digests are taken back:
// resp.ContentLength becomes -1, and Content-Length, Content-MD5, Digest,
// Content-Digest, Repr-Digest and Accept-Ranges go, in trailers too; a strong
// ETag becomes a weak one. Content-Encoding and Content-Type are left to
// whoever knows what the hook does. Without such a hook the header stays as it
// is. By status and method:
//
//   - HEAD and 304 have no body to change, but the header of the response that
//     has one: it is made true as that one is. No hook with Changes sees them.
//   - 204 and 205 have neither (RFC 9110, sections 15.3.5 and 15.3.6), and keep
//     their header. No hook with Changes sees them.
//   - 206 is a part of the bytes as they were, and Content-Range counts in
//     those. It passes as it is, without the hooks with Changes. Where these
//     must see everything, delete Range from the request.
//   - 416 loses its Content-Range, which states the length of the bytes as they
//     were (RFC 9110, section 15.5.17).
//   - 101 has no length: its header stays, and all hooks see both directions.
//
// All other hooks see all responses, those without a body too: unlike Body,
// Response does wrap [http.NoBody], so that [Done] and [Log] report them. Nothing
// in net/http compares the body of a response with it.
//
// A nil body stays nil. A nil resp panics.
func Response(resp *http.Response, hooks ...Hooks) {
	if resp == nil {
		panic("wrap: Response: the response is nil; check the error of the round trip first")
	}
	if changes(hooks) {
		hooks = makeTrue(resp, hooks)
	}
	if resp.Body != nil {
		resp.Body = layers(resp.Body, hooks)
	}
}

// makeTrue makes the header of resp true for hooks that change bytes, and
// returns those hooks that are to see this response.
func makeTrue(resp *http.Response, hooks []Hooks) []Hooks {
	isHead := resp.Request != nil && resp.Request.Method == http.MethodHead
	switch resp.StatusCode {
	case http.StatusSwitchingProtocols:
		return hooks
	case http.StatusNoContent, http.StatusResetContent, http.StatusPartialContent:
		return unchanging(hooks)
	case http.StatusNotModified:
		forgetBytes(resp.Header)
		forgetParts(resp.Header)
		return unchanging(hooks)
	case http.StatusRequestedRangeNotSatisfiable:
		resp.Header.Del("Content-Range")
	}
	forgetBytes(resp.Header)
	forgetParts(resp.Header)
	resp.ContentLength = -1
	if isHead {
		return unchanging(hooks)
	}
	return append([]Hooks{forgetTrailers(&resp.Trailer)}, hooks...)
}

// forgetParts removes from h the promise that parts of this response fit to
// parts of another: byte ranges and, strictly, that equal tags mean equal bytes.
func forgetParts(h http.Header) {
	h.Del("Accept-Ranges")
	if tag := h.Get("ETag"); tag != "" && !strings.HasPrefix(tag, "W/") {
		h.Set("ETag", "W/"+tag)
	}
}
