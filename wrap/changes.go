package wrap

import (
	"io"
	"net/http"
	"slices"
)

// digests are the fields that hold a digest of the bytes of a message: RFC 9530
// and what it made obsolete.
var digests = []string{"Content-Md5", "Digest", "Content-Digest", "Repr-Digest"}

// changes reports whether one of hooks changes bytes.
func changes(hooks []Hooks) bool {
	return slices.ContainsFunc(hooks, func(h Hooks) bool { return h.Changes })
}

// unchanging returns those of hooks that change no bytes.
func unchanging(hooks []Hooks) []Hooks {
	return slices.DeleteFunc(slices.Clone(hooks), func(h Hooks) bool { return h.Changes })
}

// forgetBytes removes from h what is no longer true of a body whose bytes change.
func forgetBytes(h http.Header) {
	h.Del("Content-Length")
	forgetDigests(h)
}

func forgetDigests(h http.Header) {
	for _, field := range digests {
		h.Del(field)
	}
}

// forgetTrailers removes digests from a message's trailer now, where they are
// announced, and at EOF, when net/http has filled it in.
func forgetTrailers(trailer *http.Header) Hooks {
	forgetDigests(*trailer)
	return Hooks{Read: func(next io.Reader, p []byte) (int, error) {
		n, err := next.Read(p)
		if err == io.EOF {
			forgetDigests(*trailer)
		}
		return n, err
	}}
}
