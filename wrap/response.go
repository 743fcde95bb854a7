package wrap

import "net/http"

// Response puts hooks in front of resp.Body, as [Body] does, and lets those
// that have Content change the header. Response changes resp. Call it before
// the body is read. The result reports whether one of the hooks with Content
// has changed the header, or will change the bytes of an upgraded stream.
//
// If the content changes, Response removes the length and the digests:
// resp.ContentLength becomes -1, and Content-Length, Content-MD5, Digest,
// Content-Digest, Repr-Digest and Accept-Ranges are deleted, in trailers too. A
// strong ETag becomes a weak one. If it does not change, the header stays as it
// is. By status and method, for hooks that have Content:
//
//   - HEAD has no content, but the header of GET. The hooks change that header,
//     and do not see the body.
//   - 304 has no content either. Its header renews that of the response in the
//     client's cache, so Response takes from the hooks what is the same in that
//     response (RFC 9110, section 15.4.5): ETag and Vary. Fields that the hooks
//     delete are deleted, and no others are added or changed.
//   - 204 and 205 have no content (RFC 9110, sections 15.3.5 and 15.3.6), and
//     keep their header. The hooks do not see them.
//   - 206 is a part of the original bytes, and Content-Range counts in those.
//     The response passes as it is, and the hooks do not see it. If they must
//     see everything, delete Range from the request.
//   - 416 has content of its own, such as an error page. It also loses its
//     Content-Range, which states the length of the original bytes (RFC 9110,
//     section 15.5.17).
//   - 101, and a 2xx to CONNECT, begin an upgraded stream, which is not
//     content. Only hooks that have Upgraded see the stream, in both
//     directions. The header stays.
//
// Hooks without Content see all responses, those without a body too. Unlike
// Body, Response wraps [http.NoBody], so that [Done] and [Log] report such a
// response. net/http never compares the body of a response with http.NoBody.
//
// A nil body stays nil. A nil resp panics.
func Response(resp *http.Response, hooks ...Hooks) (changed bool) {
	if resp == nil {
		panic("wrap: Response: the response is nil; check the error of the round trip first")
	}
	if resp.Header == nil {
		resp.Header = make(http.Header)
	}
	m := Message{resp.Header, resp.ContentLength, resp.StatusCode, resp.Request}
	if m.Length == 0 && resp.Body != nil && resp.Body != http.NoBody && resp.Header.Get("Content-Length") == "" {
		m.Length = -1 // nobody has set it
	}
	notModified := resp.StatusCode == http.StatusNotModified
	if notModified {
		m.Header, m.Length = resp.Header.Clone(), -1
	}
	use := useOf(resp)
	for i := len(hooks) - 1; i >= 0; i-- {
		h, ch := m.apply(hooks[i], use)
		changed = changed || ch
		if resp.Body != nil {
			resp.Body = hooked(resp.Body, h)
		}
	}
	switch {
	case notModified:
		renew(resp.Header, m.Header)
	case changed && use != stream:
		resp.ContentLength = -1
		if resp.Body != nil && use == content {
			resp.Body = withoutTrailerDigests(resp.Body, &resp.Trailer)
		}
	}
	return changed
}

// useOf returns how resp uses hooks that have Content.
func useOf(resp *http.Response) use {
	method := ""
	if resp.Request != nil {
		method = resp.Request.Method
	}
	switch resp.StatusCode {
	case http.StatusSwitchingProtocols:
		return stream
	case http.StatusNoContent, http.StatusResetContent, http.StatusPartialContent:
		if method == http.MethodConnect {
			return stream
		}
		return notAtAll
	case http.StatusNotModified:
		return headerOnly
	}
	switch {
	case method == http.MethodConnect && resp.StatusCode/100 == 2:
		return stream
	case method == http.MethodHead:
		return headerOnly
	}
	return content
}

// renew makes h, the header of a 304, agree with the header that the hooks have
// made of it.
func renew(h, changed http.Header) {
	for field := range h {
		if _, ok := changed[field]; !ok {
			delete(h, field)
		}
	}
	for _, field := range []string{"Etag", "Vary"} {
		if values, ok := changed[field]; ok {
			h[field] = values
		}
	}
}
