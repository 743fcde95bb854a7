package wrap

import (
	"io"
	"net/http"
	"slices"
)

// Request wraps the body that req is going to send, as [Body] does, and each
// body that GetBody returns, so that redirects and retries go through the hooks
// as well. A body that is nil or [http.NoBody] stays as it is, because net/http
// decides by comparison whether there is a body.
//
// Hooks on Read see the bytes that are sent. If one of the hooks has Changes
// set, req.ContentLength becomes -1, for unknown, and Content-Length,
// Content-MD5, Digest, Content-Digest and Repr-Digest are deleted, in trailers
// too. A hook that keeps state has one state for each body, and [Done] reports
// each attempt.
//
// Request changes req. An [http.RoundTripper] must not change its request, and
// calls [http.Request.Clone] first. A RoundTripper should also take the body
// from GetBody if GetBody is set. net/http allows a caller to send one
// *http.Request twice if its body comes from [http.NewRequest]. The second
// time, the body of the request has already been read, and the wrapped body
// cannot start again:
//
//	out := req.Clone(req.Context())
//	if req.GetBody != nil {
//		body, err := req.GetBody()
//		if err != nil {
//			return nil, err
//		}
//		out.Body = body
//	}
//	wrap.Request(out, hooks...)
//	return base.RoundTrip(out)
//
// net/http sends a small body of package bytes or strings together with the
// header, because it knows these types. A wrapped body goes out in a separate
// Write (golang/go#22088). A nil req panics.
func Request(req *http.Request, hooks ...Hooks) {
	if req == nil {
		panic("wrap: Request: the request is nil; check the error of http.NewRequest first")
	}
	if req.Body == nil || req.Body == http.NoBody {
		return
	}
	hooks = slices.Clone(hooks) // GetBody uses them later
	if changes(hooks) {
		removeByteFields(req.Header)
		req.ContentLength = -1
		hooks = append([]Hooks{removeTrailerDigests(&req.Trailer)}, hooks...)
	}
	req.Body = Body(req.Body, hooks...)
	if get := req.GetBody; get != nil {
		req.GetBody = func() (io.ReadCloser, error) {
			body, err := get()
			if err != nil || body == nil {
				return body, err
			}
			closeOnPanic(body, func() { body = Body(body, hooks...) })
			return body, nil
		}
	}
}
