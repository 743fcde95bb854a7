package wrap

import (
	"io"
	"net/http"
	"slices"
)

// Request wraps the body that req is going to send, as [Body] does, and each
// one that GetBody returns, so that redirects and retries go through the hooks
// as well. A body that is nil or [http.NoBody] is left as it is, since net/http
// decides by comparison whether there is one.
//
// Hooks are for what is read from the body, which is what gets sent. When one
// of them has Changes set, then req.ContentLength becomes -1, for unknown, and
// Content-Length, Content-MD5, Digest, Content-Digest and Repr-Digest go, in
// trailers too. Hooks with a state get one for each body, and [Done] reports
// each attempt.
//
// Request changes req. An [http.RoundTripper] must not, and calls
// [http.Request.Clone] first. It should also take the body from GetBody where
// there is one. A caller may send one *http.Request twice, which net/http allows
// for the bodies of [http.NewRequest]; the second time the body of the request
// has been read, and the wrapped one cannot start again:
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
// net/http knows the body types of package bytes and strings, and sends such a
// small body together with the header. A wrapped one goes out in a Write of its
// own (golang/go#22088). A nil req panics.
func Request(req *http.Request, hooks ...Hooks) {
	if req == nil {
		panic("wrap: Request: the request is nil; check the error of http.NewRequest first")
	}
	if req.Body == nil || req.Body == http.NoBody {
		return
	}
	hooks = slices.Clone(hooks) // GetBody uses them later
	if changes(hooks) {
		forgetBytes(req.Header)
		req.ContentLength = -1
		hooks = append([]Hooks{forgetTrailers(&req.Trailer)}, hooks...)
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
