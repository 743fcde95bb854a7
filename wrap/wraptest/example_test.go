package wraptest_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"

	"github.com/bodywrap/bodywrap/wrap"
	"github.com/bodywrap/bodywrap/wrap/wraptest"
)

// meter is a typical hand-written wrapper.
type meter struct{ io.ReadCloser }

var t *testing.T

func newMeter(body io.ReadCloser) io.ReadCloser { return wrap.Keep(body, meter{body}) }
func newMeteredConn(c net.Conn) net.Conn        { return wrap.Conn(c, counting) }
func addMeter(resp *http.Response) error        { resp.Body = newMeter(resp.Body); return nil }
func newMeteredTransport(base http.RoundTripper) http.RoundTripper {
	return wrap.Transport(base, func(*http.Response) []wrap.Hooks { return []wrap.Hooks{counting} })
}

func Example() {
	wraptest.Body(t, newMeter, wraptest.Options{Hides: []string{"WriteTo"}})
	wraptest.Conn(t, newMeteredConn)
	wraptest.ModifyResponse(t, addMeter)
	wraptest.Transport(t, newMeteredTransport)
}

func ExampleCheckModifyResponse() {
	err := wraptest.CheckModifyResponse(func(resp *http.Response) error {
		resp.Body = meter{resp.Body}
		return nil
	}, wraptest.Options{Skip: []string{"TLS/echo"}})
	fmt.Println(err.(interface{ Unwrap() []error }).Unwrap()[0])
	// Output: TCP/echo: the backend agreed, and the client was answered 502 Bad Gateway: the wrapper has no Write
}

// CheckBody returns the faults of a wrapper as an error.
func ExampleCheckBody() {
	err := wraptest.CheckBody(func(body io.ReadCloser) io.ReadCloser {
		return meter{body}
	}, wraptest.Options{Hides: []string{"Write", "WriteTo", "ReadFrom"}})
	fmt.Println(err.(interface{ Unwrap() []error }).Unwrap()[0])
	// Output: Read+Close+CloseWrite/methods: the wrapper has no CloseWrite: a half-close ends the whole tunnel, and the last answer is lost
}
