package wrap

import (
	"io"
	"net/http"
)

// A trailerDigests removes the digests from a message's trailer at EOF, when
// net/http has filled in the trailer.
type trailerDigests struct {
	passThrough
	trailer *http.Header
}

// withoutTrailerDigests removes digests from the trailer now, when they are
// only announced, and puts a hook in front of body that removes them again.
func withoutTrailerDigests(body io.ReadCloser, trailer *http.Header) io.ReadCloser {
	removeDigests(*trailer)
	return hooked(body, Hooks{stage: &trailerDigests{passThrough{methodsOf(body)}, trailer}})
}

func (t *trailerDigests) Read(p []byte) (int, error) {
	n, err := t.next.r.Read(p)
	if err == io.EOF {
		removeDigests(*t.trailer)
	}
	return n, err
}

func (t *trailerDigests) WriteTo(w io.Writer) (int64, error) {
	n, err := t.next.wt.WriteTo(w)
	if err == nil {
		removeDigests(*t.trailer)
	}
	return n, err
}
