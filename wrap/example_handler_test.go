package wrap_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"

	"github.com/bodywrap/bodywrap/wrap"
)

// A client sends its first bytes together with the request to upgrade. Under
// Handler the proxy passes it on, and a hook counts what clients send.
func ExampleHandler() {
	var received atomic.Int64
	proxy := quietProxy(backend.URL)
	server := httptest.NewServer(wrap.Handler(proxy, wrap.Hooks{
		Read: func(next io.Reader, p []byte) (int, error) {
			n, err := next.Read(p)
			received.Add(int64(n))
			return n, err
		},
	}))
	defer server.Close()

	client := must(net.Dial("tcp", server.Listener.Addr().String()))
	defer client.Close()
	fmt.Fprint(client, "GET / HTTP/1.1\r\nHost: example.com\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nearly")
	in := bufio.NewReader(client)
	resp := must(http.ReadResponse(in, nil))
	fmt.Fprint(client, " and late")
	echo := make([]byte, len("early and late"))
	_, err := io.ReadFull(in, echo)
	fmt.Println(resp.Status, string(echo), err, received.Load())
	// Output: 101 Switching Protocols early and late <nil> 14
}
