// Command with is a proxy that wraps bodies with package wrap.
package main

import (
	"io"
	"net/http"
	"net/http/httputil"

	"github.com/bodywrap/bodywrap/wrap"
)

func main() {
	count := 0
	proxy := &httputil.ReverseProxy{ModifyResponse: func(resp *http.Response) error {
		resp.Body = wrap.Body(resp.Body, wrap.Hooks{
			Read: func(next io.Reader, p []byte) (int, error) {
				n, err := next.Read(p)
				count += n
				return n, err
			},
		})
		return nil
	}}
	_ = http.ListenAndServe("127.0.0.1:0", proxy) // it is built, and never run
}
