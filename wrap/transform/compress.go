package transform

import (
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/bodywrap/bodywrap/wrap"
)

// CompressOptions are the settings of [Compress].
type CompressOptions struct {
	// Codings are the codings to use, the best first. If empty, Gzip.
	Codings []*Coding

	// MinSize is the length in bytes below which content is not worth the
	// effort. If zero, 1 KiB; if negative, all content is. Content of
	// unknown length always is.
	MinSize int64

	// Types reports whether content of a media type, in lower case and
	// without parameters, becomes smaller. If nil, this is true of text,
	// JSON, XML, JavaScript, SVG, WebAssembly, and of some fonts and images
	// that are not compressed.
	Types func(mediaType string) bool
}

const defaultMinSize = 1 << 10

// Compress encodes the content of messages, and says so in the header. It is
// for the responses of a proxy or client, and for the requests of a client:
//
//	var zip = transform.Compress(nil)
//
//	proxy.ModifyResponse = wrap.ModifyResponse(nil, func(*http.Response) []wrap.Hooks {
//		return []wrap.Hooks{zip}
//	})
//
// For a response, Accept-Encoding of the request decides which of the codings
// is used, with its weights (RFC 9110, section 12.5.3). A request without that
// field gets no coding. This is the request in the response: if a proxy removes
// the field from the outgoing request, Compress encodes nothing. Compress adds
// Accept-Encoding to Vary wherever another value of that field could have got
// another coding. The ETag becomes weak, and what depends on the length goes,
// as [wrap.Response] documents. A request is encoded by the first coding. Only
// its sender can know that the server accepts that.
//
// Compress leaves a message as it is
//
//   - if it has a Content-Encoding already;
//   - if Cache-Control says no-transform, in the message or in the request of a
//     response (RFC 9111, sections 5.2.1.6 and 5.2.2.6);
//   - if its type does not become smaller, or is missing;
//   - if its length is known and below MinSize.
//
// Content of unknown length is flushed through the encoder at each read, so
// that events flow. Content of known length is not, and becomes smaller. A 304
// gets the ETag and the Vary that Compress gives to the response of status
// 200. A 304 does not tell the length, and may not tell the type: Compress then
// supposes that it would encode.
//
// Compress is for messages: [wrap.Body] and [wrap.Conn] panic. To encode a bare
// body, use [wrap.TransformRead] with [wrap.Encoder]. A nil o stands for the
// zero CompressOptions.
func Compress(o *CompressOptions) wrap.Hooks {
	c := newCompressor(o)
	hooks := make([]encoding, len(c.codings))
	for i, coding := range c.codings {
		hooks[i] = encodeHooks(coding)
	}
	return wrap.Hooks{Content: func(m wrap.Message) wrap.Hooks {
		coding := c.choose(m)
		if coding == nil {
			return wrap.Hooks{}
		}
		return hooks[slices.Index(c.codings, coding)].of(m.Length)
	}}
}

func newCompressor(o *CompressOptions) *compressor {
	c := &compressor{minSize: defaultMinSize, types: compressible}
	if o != nil {
		c.codings = slices.Clone(o.Codings)
		if o.MinSize != 0 {
			c.minSize = o.MinSize
		}
		if o.Types != nil {
			c.types = o.Types
		}
	}
	if len(c.codings) == 0 {
		c.codings = []*Coding{Gzip}
	}
	return c
}

// encoding are hooks that encode what is read from a body.
type encoding struct {
	whole   wrap.Hooks // for content of known length
	flowing wrap.Hooks // flushed after each read
}

func encodeHooks(c *Coding) encoding {
	hooks := func(flush bool) wrap.Hooks {
		return wrap.TransformRead(func(body io.Reader) (*encoder, error) { return c.encode(body, flush) })
	}
	return encoding{whole: hooks(false), flowing: hooks(true)}
}

// of returns the hooks for content of this length.
func (e *encoding) of(length int64) wrap.Hooks {
	if length >= 0 {
		return e.whole
	}
	return e.flowing
}

// A compressor decides which coding a message gets.
type compressor struct {
	codings []*Coding
	minSize int64
	types   func(string) bool
}

// choose returns the coding for m, and changes the header accordingly. It
// returns nil if m is not to be encoded.
func (c *compressor) choose(m wrap.Message) *Coding {
	if !c.fits(m) {
		return nil
	}
	coding := c.codings[0]
	if m.StatusCode != 0 {
		addVary(m.Header, "Accept-Encoding")
		var accept http.Header
		if m.Request != nil {
			accept = m.Request.Header
		}
		if coding = accepted(accept, c.codings); coding == nil {
			return nil
		}
	}
	m.Header.Set("Content-Encoding", coding.name)
	return coding
}

// fits reports whether a client that accepts the codings gets m encoded.
func (c *compressor) fits(m wrap.Message) bool {
	switch {
	case len(encodings(m.Header)) > 0:
		return false
	case has(m.Header, "Cache-Control", "no-transform"):
		return false
	case m.Request != nil && has(m.Request.Header, "Cache-Control", "no-transform"):
		return false
	case m.Length >= 0 && m.Length < c.minSize:
		return false
	}
	value := m.Header.Get("Content-Type")
	if value == "" {
		return m.StatusCode == http.StatusNotModified
	}
	return c.types(mediaType(value))
}

// mediaType returns the media type in a Content-Type, in lower case.
func mediaType(value string) string {
	if t, _, err := mime.ParseMediaType(value); err == nil {
		return t
	}
	t, _, _ := strings.Cut(value, ";")
	return strings.ToLower(strings.TrimSpace(t))
}

// compressibleTypes are types that become smaller, beside text and those that
// have a suffix.
var compressibleTypes = []string{
	"application/json", "application/javascript", "application/x-javascript", "application/xml",
	"application/x-ndjson", "application/jsonl", "application/wasm", "application/graphql", "application/sql",
	"application/x-www-form-urlencoded", "application/vnd.ms-fontobject",
	"font/ttf", "font/otf", "image/bmp", "image/x-icon", "image/vnd.microsoft.icon",
}

func compressible(mediaType string) bool {
	return strings.HasPrefix(mediaType, "text/") ||
		strings.HasSuffix(mediaType, "+json") || strings.HasSuffix(mediaType, "+xml") || strings.HasSuffix(mediaType, "+text") ||
		slices.Contains(compressibleTypes, mediaType)
}

// addVary adds a field name to Vary, unless it is there.
func addVary(h http.Header, name string) {
	if !has(h, "Vary", name) && !has(h, "Vary", "*") {
		h.Add("Vary", name)
	}
}
