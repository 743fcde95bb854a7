//go:build !race

// The race detector lets a sync.Pool forget what it holds.

package transform_test

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/bodywrap/bodywrap/wrap"
	"github.com/bodywrap/bodywrap/wrap/transform"
)

// What a body costs, beside the header, is documented. The readers and writers
// come from pools.
func TestAllocationsOfABody(t *testing.T) {
	text := []byte(strings.Repeat("hello ", 10_000))
	zipped := []byte(gzipped(string(text)))
	for _, tt := range []struct {
		name string
		hook wrap.Hooks
		body []byte
		h    http.Header
		most float64
	}{
		{"Compress", transform.Compress(nil), text, http.Header{"Content-Type": {"text/plain"}}, 4},
		{"Decompress", transform.Decompress(), zipped, http.Header{"Content-Encoding": {"gzip"}}, 4},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := make([]byte, 32<<10)
			var src bytes.Reader
			req := &http.Request{Method: "GET", Header: http.Header{"Accept-Encoding": {"gzip"}}}
			allocations := func(body io.ReadCloser) float64 {
				return testing.AllocsPerRun(100, func() {
					src.Reset(tt.body)
					if tt.name == "Compress" {
						tt.h.Del("Content-Encoding")
					} else {
						tt.h.Set("Content-Encoding", "gzip")
					}
					resp := http.Response{StatusCode: 200, Header: tt.h, ContentLength: -1, Body: body, Request: req}
					wrap.Response(&resp, tt.hook)
					for resp.Body != nil {
						if _, err := resp.Body.Read(p); err != nil {
							resp.Body.Close()
							return
						}
					}
				})
			}
			header, all := allocations(nil), allocations(io.NopCloser(&src))
			t.Logf("%v for the header, %v for the body", header, all-header)
			if got := all - header; got > tt.most {
				t.Errorf("%v allocations, want at most %v", got, tt.most)
			}
		})
	}
}
