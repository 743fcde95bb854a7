package transform

import (
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/bodywrap/bodywrap/wrap"
)

// Decompress decodes the content of messages, and says so in the header. It
// undoes the codings in Content-Encoding, the last one first, as far as it
// knows them: those that it is given, or Gzip and Deflate if it is given none.
// The field keeps the coding that Decompress does not know, and those before
// it. A message without a coding that Decompress knows stays as it is. This is
// true of most 304s too, which seldom name the coding of the response that they
// renew: their ETag stays strong.
//
// A body that is not what its header says ends with the error of the decoder.
// An empty body stays empty. A small body can become large: put
// [wrap.LimitRead] in front.
//
// Decompress is for messages: [wrap.Body] and [wrap.Conn] panic. To decode a
// bare body, use [wrap.TransformRead].
func Decompress(codings ...*Coding) wrap.Hooks {
	if len(codings) == 0 {
		codings = known
	}
	codings = slices.Clone(codings)
	decoders := decodersOf(codings)
	return wrap.Hooks{Content: func(m wrap.Message) wrap.Hooks {
		names := encodings(m.Header)
		var hooks wrap.Hooks
		for len(names) > 0 {
			last := names[len(names)-1]
			i := slices.IndexFunc(codings, func(c *Coding) bool { return c.is(last) })
			if i < 0 {
				break
			}
			// The coding that was applied last is next to the body.
			hooks = wrap.Join(decoders[i], hooks)
			names = names[:len(names)-1]
		}
		if !hooks.IsZero() {
			setEncodings(m.Header, names)
		}
		return hooks
	}}
}

// setEncodings sets Content-Encoding.
func setEncodings(h http.Header, names []string) {
	if len(names) == 0 {
		h.Del("Content-Encoding")
		return
	}
	h.Set("Content-Encoding", strings.Join(names, ", "))
}

// decodersOf returns hooks that decode what is read from a body, for each
// coding.
func decodersOf(codings []*Coding) []wrap.Hooks {
	hooks := make([]wrap.Hooks, len(codings))
	for i, c := range codings {
		hooks[i] = wrap.TransformRead(func(body io.Reader) (*decoder, error) { return c.decode(body) })
	}
	return hooks
}
