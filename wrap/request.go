package wrap

import (
	"io"
	"net/http"
)

// Request wraps the body that req is going to send, as [Body] does, and each
// body that GetBody returns, so that redirects and retries go through the hooks
// as well. A body that is nil or [http.NoBody] stays as it is, because net/http
// decides by comparison whether there is a body.
//
// Hooks on Read see the bytes that are sent. If hooks that have Content change
// them, req.ContentLength becomes -1, for unknown, and Content-Length,
// Content-MD5, Digest, Content-Digest and Repr-Digest are deleted, in trailers
// too. The result reports whether the content changes. The body of a CONNECT is
// a stream and not content: hooks that have Content see it only if they have
// Upgraded. Content is called once for a request, and the rest of the hooks
// once for each body. A hook that keeps state has one state for each body, and
// [Done] reports each attempt.
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
func Request(req *http.Request, hooks ...Hooks) (changed bool) {
	if req == nil {
		panic("wrap: Request: the request is nil; check the error of http.NewRequest first")
	}
	if req.Body == nil || req.Body == http.NoBody {
		return false
	}
	if req.Header == nil {
		req.Header = make(http.Header)
	}
	length := req.ContentLength
	if length == 0 {
		length = -1 // 0 and a body mean that the length is not known
	}
	m := Message{Header: req.Header, Length: length, Request: req}
	use := content
	if req.Method == http.MethodConnect {
		use = stream
	}
	all, changed := m.applyJoined(Hooks{joined: hooks}, use)
	wrapped := func(body io.ReadCloser) io.ReadCloser { return Body(body, all...) }
	if changed && use == content {
		req.ContentLength = -1
		wrapped = func(body io.ReadCloser) io.ReadCloser {
			if body == http.NoBody {
				return body
			}
			return withoutTrailerDigests(Body(body, all...), &req.Trailer)
		}
	}
	req.Body = wrapped(req.Body)
	if get := req.GetBody; get != nil {
		req.GetBody = func() (io.ReadCloser, error) {
			body, err := get()
			if err != nil || body == nil {
				return body, err
			}
			closeOnPanic(body, func() { body = wrapped(body) })
			return body, nil
		}
	}
	return changed
}
