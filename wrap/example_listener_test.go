package wrap_test

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"

	"github.com/bodywrap/bodywrap/wrap"
)

// A server counts the encrypted bytes of all its connections. The hooks are
// below TLS, so that HTTP/2 works.
func ExampleListener() {
	test := httptest.NewUnstartedServer(nil)
	test.EnableHTTP2 = true
	test.StartTLS() // for its certificate and its client
	defer test.Close()
	config, client := test.TLS, test.Client()

	var sent atomic.Int64
	hooks := wrap.Hooks{Write: func(next io.Writer, p []byte) (int, error) {
		n, err := next.Write(p)
		sent.Add(int64(n))
		return n, err
	}}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "hello over %s", r.Proto)
	})}
	defer server.Close()
	go server.Serve(tls.NewListener(wrap.Listener(l, hooks), config))

	resp, err := client.Get("https://" + l.Addr().String())
	if err != nil {
		panic(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		panic(err)
	}
	fmt.Printf("%s\nmore than the answer was sent: %v\n", answer, sent.Load() > int64(len(answer)))
	// Output:
	// hello over HTTP/2.0
	// more than the answer was sent: true
}
