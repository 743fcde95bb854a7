// Command conn is command with, and wraps the connections to its backends too.
package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httputil"

	"github.com/bodywrap/bodywrap/wrap"
)

func main() {
	count := 0
	hooks := wrap.Hooks{
		Read: func(next io.Reader, p []byte) (int, error) {
			n, err := next.Read(p)
			count += n
			return n, err
		},
	}
	proxy := &httputil.ReverseProxy{
		Transport: &http.Transport{
			DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				c, err := new(net.Dialer).DialContext(ctx, network, address)
				if err != nil {
					return nil, err
				}
				return wrap.Conn(c, hooks), nil
			},
		},
		ModifyResponse: func(resp *http.Response) error {
			resp.Body = wrap.Body(resp.Body, hooks)
			return nil
		},
	}
	_ = http.ListenAndServe("127.0.0.1:0", proxy) // it is built, and never run
}
