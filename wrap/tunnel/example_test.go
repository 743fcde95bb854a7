package tunnel_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"

	"github.com/bodywrap/bodywrap/wrap/tunnel"
)

// A complete proxy for ordinary and upgraded requests.
func ExampleUpgrade() {
	backend := httptest.NewServer(http.HandlerFunc(shout))
	defer backend.Close()

	target, _ := url.Parse(backend.URL) // httptest returns a valid URL
	var tunnels tunnel.Group
	ended := make(chan string, 1)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, upgrade := r.Context(), r.Header.Get("Upgrade")
		if upgrade != "" {
			ctx = context.WithoutCancel(ctx) // a client that half-closes is still there
		}
		out := r.Clone(ctx)
		out.URL.Scheme, out.URL.Host, out.RequestURI = target.Scheme, target.Host, ""
		for _, name := range []string{"Connection", "Keep-Alive", "Te", "Transfer-Encoding", "Upgrade"} {
			out.Header.Del(name)
		}
		if upgrade != "" {
			out.Header.Set("Connection", "Upgrade")
			out.Header.Set("Upgrade", upgrade)
		}
		resp, err := http.DefaultTransport.RoundTrip(out)
		if err != nil {
			http.Error(w, "Bad Gateway", http.StatusBadGateway)
			return
		}
		if resp.StatusCode == http.StatusSwitchingProtocols {
			result, err := tunnel.Upgrade(w, r, resp, &tunnel.Options{Group: &tunnels})
			ended <- fmt.Sprintf("%d bytes there, %d back, error: %v", result.ToBackend.Bytes, result.ToClient.Bytes, err)
			return
		}
		defer resp.Body.Close()
		for name, values := range resp.Header {
			w.Header()[name] = values
		}
		w.WriteHeader(resp.StatusCode)
		_, _ = io.Copy(w, resp.Body) // if this fails, the client sees a body that is too short
	}))
	defer proxy.Close()
	defer tunnels.Shutdown(context.Background()) // Server.Shutdown does not wait for tunnels

	conn, err := net.Dial("tcp", proxy.Listener.Addr().String())
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: shout\r\n\r\nhello, early bird\n")
	br := bufio.NewReader(conn)
	resp, err := http.ReadResponse(br, nil)
	if err != nil {
		log.Fatal(err)
	}
	answer, err := io.ReadAll(br)
	fmt.Println(resp.StatusCode, string(answer), err)
	conn.Close()
	fmt.Println(<-ended)
	// Output:
	// 101 HELLO, EARLY BIRD! <nil>
	// 18 bytes there, 18 back, error: <nil>
}

// Copy joins two open connections.
func ExampleCopy() {
	client, clientPeer := net.Pipe()
	backend, backendPeer := net.Pipe()
	go func() {
		fmt.Fprint(clientPeer, "ping")
		clientPeer.Close()
	}()
	go io.Copy(io.Discard, backendPeer)

	result, err := tunnel.Copy(context.Background(), client, backend, nil)
	fmt.Println(result.ToBackend.Bytes, result.ToBackend.End)
	fmt.Println(err) // a pipe has no CloseWrite
	// Output:
	// 4 EOF
	// tunnel: backend: the other direction had ended, and the side to tell it to cannot half-close
}
