package wrap

import (
	"io"
	"net/http"
	"slices"
)

// digests are the fields that hold a digest of the bytes of a message: those of
// RFC 9530 and those that it made obsolete.
var digests = []string{"Content-Md5", "Digest", "Content-Digest", "Repr-Digest"}

// changes reports whether one of hooks changes bytes.
func changes(hooks []Hooks) bool {
	return slices.ContainsFunc(hooks, func(h Hooks) bool { return h.Changes })
}

// unchanging returns the hooks that do not change bytes.
func unchanging(hooks []Hooks) []Hooks {
	return slices.DeleteFunc(slices.Clone(hooks), func(h Hooks) bool { return h.Changes })
}

// removeByteFields removes the length and the digests from h. They are wrong
// once the bytes of the body change.
func removeByteFields(h http.Header) {
	h.Del("Content-Length")
	removeDigests(h)
}

func removeDigests(h http.Header) {
	for _, field := range digests {
		h.Del(field)
	}
}

// removeTrailerDigests removes digests from a message's trailer now, when they
// are only announced. The hooks that it returns remove them again at EOF, when
// net/http has filled in the trailer.
func removeTrailerDigests(trailer *http.Header) Hooks {
	removeDigests(*trailer)
	return Hooks{Read: func(next io.Reader, p []byte) (int, error) {
		n, err := next.Read(p)
		if err == io.EOF {
			removeDigests(*trailer)
		}
		return n, err
	}}
}
