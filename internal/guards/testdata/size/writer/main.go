// Command writer is the program with, and wraps the ResponseWriter as well.
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
	counted := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		proxy.ServeHTTP(wrap.Writer(w, wrap.WriterHooks{
			WriteHeader: func(next wrap.HeaderWriter, status int) {
				count++
				next.WriteHeader(status)
			},
		}), r)
	})
	_ = http.ListenAndServe("127.0.0.1:0", counted) // it is built, and never run
}
