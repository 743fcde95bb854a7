package transform

import (
	"fmt"
	"io"
	"slices"

	"github.com/bodywrap/bodywrap/wrap"
)

// Plain puts hooks in front of the decoded content of messages: it decodes the
// content, passes it through hooks, and encodes it again as it was. A rewrite
// in Plain works whatever the coding is:
//
//	transform.Plain([]*transform.Coding{transform.Gzip, br},
//		transform.Replace("http://backend.internal", "https://example.com", nil))
//
// codings are the codings that Plain knows; nil for Gzip and Deflate. hooks see
// a header without Content-Encoding, and may change it. If none of them serves
// a message, the message passes as it is, and is not decoded.
//
// If a message has a coding that Plain does not know, Read returns a
// [*CodingError]. It passes nothing, because hooks that hide a secret would not
// see it. To avoid such messages, add the coding, or remove it from the
// Accept-Encoding of the requests.
//
// Plain is for messages: [wrap.Body] and [wrap.Conn] panic.
func Plain(codings []*Coding, hooks ...wrap.Hooks) wrap.Hooks {
	p := &plain{codings: slices.Clone(codings), hooks: slices.Clone(hooks)}
	if len(codings) == 0 {
		p.codings = known
	}
	p.decoders = decodersOf(p.codings)
	for _, c := range p.codings {
		p.encoders = append(p.encoders, encodeHooks(c))
	}
	return wrap.Hooks{Content: p.content}
}

// A CodingError says that content has a coding that [Plain] does not know.
type CodingError struct {
	Coding string // as in Content-Encoding
}

func (e *CodingError) Error() string {
	return fmt.Sprintf("transform: the content coding %q is not known: give it to Plain, or remove it from Accept-Encoding of the requests", e.Coding)
}

type plain struct {
	codings  []*Coding
	decoders []wrap.Hooks // one for each coding
	encoders []encoding   // one for each coding
	hooks    []wrap.Hooks
}

func (p *plain) content(m wrap.Message) wrap.Hooks {
	names := encodings(m.Header)
	switch {
	case len(names) == 0:
		return m.Apply(p.hooks...)
	case m.Length == 0:
		return wrap.Hooks{} // nothing, and nothing to hide
	}
	before, length := m.Header["Content-Encoding"], m.Length
	m.Header.Del("Content-Encoding")
	m.Length = -1 // of the decoded content
	inner := m.Apply(p.hooks...)
	after := encodings(m.Header)
	m.Header["Content-Encoding"] = before
	if inner.IsZero() {
		return inner
	}
	if len(after) > 0 {
		setEncodings(m.Header, append(after, names...))
	}
	// The coding that was applied first is next to the plain content.
	all := inner
	for _, name := range names {
		i := slices.IndexFunc(p.codings, func(c *Coding) bool { return c.is(name) })
		if i < 0 {
			return unknownCoding(name)
		}
		all = wrap.Join(p.encoders[i].of(length), all, p.decoders[i])
	}
	return all
}

// unknownCoding returns hooks with which nothing can be read.
func unknownCoding(name string) wrap.Hooks {
	err := &CodingError{name}
	return wrap.Hooks{Read: func(io.Reader, []byte) (int, error) { return 0, err }}
}
