package wrap

import (
	"net/http"
	"slices"
	"strings"
)

// A Message is an HTTP message as [Hooks].Content sees it.
type Message struct {
	// Header is the header of the message. Content may change it. It is
	// never nil.
	Header http.Header

	// Length is how many bytes of content the message has, -1 if that is
	// not known. For a response to HEAD, these are the bytes that a
	// response to GET would have.
	Length int64

	// StatusCode is the status of a response, 0 for a request. It is 304
	// for a response without the fields that describe the content. Content
	// then answers for the response that the cache holds.
	StatusCode int

	// Request is the request that the response answers, and may be nil. For
	// a request, it is the request itself. Content must not change it.
	Request *http.Request
}

// Apply calls Content of each of hooks that has it, and returns as one value
// the hooks that are to be put in front of the message's body. Apply calls the
// last Content first, because the last hooks are next to the body. After each
// change of the content, Apply corrects the header as [Response] documents,
// and Length is unknown for the hooks in front.
//
// Apply is for a Content that makes its decision and then leaves the rest to
// other hooks, as package transform does. Response and Request call it for the
// hooks that they are given.
func (m Message) Apply(hooks ...Hooks) Hooks {
	applied, _ := m.applyJoined(Hooks{joined: hooks}, content)
	return Join(applied...)
}

// A use is how Response and Request use hooks that have Content.
type use int

const (
	content    use = iota // call Content, and use its result
	headerOnly            // call Content, and drop its result: there is no content
	stream                // use the hooks that have Upgraded, without Content
	notAtAll              // use none of them
)

// apply returns the hooks of h for m's body, and whether they have changed m.
func (m *Message) apply(h Hooks, u use) (applied Hooks, changed bool) {
	switch {
	case h.Content == nil && h.joined == nil:
		return h, false
	case h.Content == nil:
		h.joined, changed = m.applyJoined(h, u)
		return h, changed
	case u == notAtAll, u == stream && !h.Upgraded:
		return Hooks{}, false
	case u == stream:
		h.Content = nil // there is no content
		return h, !h.IsZero()
	}
	h = h.Content(*m)
	h.Content = nil // the layers need no message
	if h.IsZero() {
		return h, false
	}
	m.correct()
	if u == headerOnly {
		h = Hooks{}
	}
	return h, true
}

// applyJoined calls apply for each of the hooks that h joins. It leaves out
// those that do nothing for m.
func (m *Message) applyJoined(h Hooks, u use) (joined []Hooks, changed bool) {
	joined = make([]Hooks, 0, len(h.joined))
	for _, one := range slices.Backward(h.joined) {
		one.Upgraded = one.Upgraded || h.Upgraded
		one, ch := m.apply(one, u)
		if changed = changed || ch; !one.IsZero() {
			joined = append(joined, one)
		}
	}
	slices.Reverse(joined)
	return joined, changed
}

// digests are the fields that hold a digest of the bytes of a message: those of
// RFC 9530 and those that it made obsolete.
var digests = []string{"Content-Md5", "Digest", "Content-Digest", "Repr-Digest"}

// correct removes from the header the fields that are wrong once the content
// has changed: the length, the digests and, of a response, those by which a
// client combines parts of several responses.
func (m *Message) correct() {
	m.Length = -1
	m.Header.Del("Content-Length")
	removeDigests(m.Header)
	if m.StatusCode == 0 {
		return
	}
	m.Header.Del("Accept-Ranges")
	if tag := m.Header.Get("ETag"); tag != "" && !strings.HasPrefix(tag, "W/") {
		m.Header.Set("ETag", "W/"+tag)
	}
	if m.StatusCode == http.StatusRequestedRangeNotSatisfiable {
		m.Header.Del("Content-Range")
	}
}

func removeDigests(h http.Header) {
	for _, field := range digests {
		h.Del(field)
	}
}
