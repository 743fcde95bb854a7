package wrap_test

import (
	"io"
	"strings"
	"testing"

	"github.com/bodywrap/bodywrap/wrap"
)

// The counts are true after each call, in both directions, on every path, and
// bodies share them.
func TestCountWhileABodyRuns(t *testing.T) {
	for mask := range allMethods + 1 {
		var c wrap.Counters
		hook := wrap.Count(&c)
		for n := int64(0); n < 2; n++ { // two bodies
			rec := newRecorder("hello")
			body := wrap.Body(rec.only(kept(mask)), hook)
			if _, err := io.ReadFull(body, make([]byte, 2)); err != nil || c.Read.Load() != 5*n+2 {
				t.Fatalf("%s: after 2 bytes: %v, Read = %d, want %d", methodNames(mask), err, c.Read.Load(), 5*n+2)
			}
			if _, err := io.Copy(io.Discard, body); err != nil || c.Read.Load() != 5*n+5 {
				t.Errorf("%s: at EOF: %v, Read = %d, want %d", methodNames(mask), err, c.Read.Load(), 5*n+5)
			}
			if w, ok := body.(io.Writer); ok {
				_, _ = io.WriteString(w, "ab")
				_, _ = io.Copy(w, onlyReader{strings.NewReader("c")})
				if got := c.Written.Load(); got != 3*n+3 {
					t.Errorf("%s: Written = %d, want %d", methodNames(mask), got, 3*n+3)
				}
			}
			body.Close()
		}
	}
}

type onlyReader struct{ io.Reader }
