package wrap_test

import (
	"bytes"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"

	"github.com/bodywrap/bodywrap/wrap"
)

// The examples share these variables.
var (
	backend = httptest.NewServer(http.HandlerFunc(upgradeAndEcho))
	proxy   = quietProxy(backend.URL)
)

func quietProxy(backend string) *httputil.ReverseProxy {
	p := httputil.NewSingleHostReverseProxy(must(url.Parse(backend)))
	p.ErrorLog = log.New(io.Discard, "", 0)
	return p
}

func must[T any](v T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return v
}

var metered atomic.Int64

// meter is a typical hand-written wrapper: it has only Read and Close.
type meter struct{ io.ReadCloser }

func (m meter) Read(p []byte) (int, error) {
	n, err := m.ReadCloser.Read(p)
	metered.Add(int64(n))
	return n, err
}

// A wrapper that knows only Read and Close answers an upgrade with 502.
func Example_lost() {
	proxy.ModifyResponse = func(resp *http.Response) error {
		resp.Body = meter{resp.Body}
		return nil
	}
	fmt.Println(talk(proxy, "ping"))
	// Output: 502 Bad Gateway
}

// Keep gives the wrapper back what it has lost.
func ExampleKeep() {
	proxy.ModifyResponse = func(resp *http.Response) error {
		resp.Body = wrap.Keep(resp.Body, meter{resp.Body})
		return nil
	}
	fmt.Println(talk(proxy, "ping"))
	// Output: 101 Switching Protocols: ping
}

// slotBody returns a slot each time it is closed, and must not be closed twice.
type slotBody struct {
	io.Reader
	slots chan bool
}

func (b slotBody) Close() error {
	<-b.slots
	fmt.Println("one slot returned")
	return nil
}

// KeepFunc closes the original once, although both the wrapper and KeepFunc
// close it.
func ExampleKeepFunc() {
	slots := make(chan bool, 2)
	slots <- true // taken by this body
	slots <- true // taken by another one
	var body io.ReadCloser = slotBody{strings.NewReader("text"), slots}
	body = wrap.KeepFunc(body, func(body io.ReadCloser) meter { return meter{body} })
	_ = body.Close()
	fmt.Println(len(slots), "taken")
	// Output:
	// one slot returned
	// 1 taken
}

// A ready-made hook and one of our own: the echo comes back, both directions
// are counted, and the half-close is seen.
func ExampleBody() {
	var moved wrap.Counters
	proxy.ModifyResponse = func(resp *http.Response) error {
		resp.Body = wrap.Body(resp.Body, wrap.Count(&moved), wrap.Hooks{
			CloseWrite: func(next wrap.CloseWriter) error {
				log.Println("the client has finished")
				return next.CloseWrite()
			},
		})
		return nil
	}
	fmt.Println(talk(proxy, "ping"))
	fmt.Println(moved.Written.Load(), "bytes to the backend,", moved.Read.Load(), "from it")
	// Output:
	// 101 Switching Protocols: ping
	// 4 bytes to the backend, 4 from it
}

// With New, one Hooks value keeps state for each of the bodies that it wraps.
func ExampleHooks() {
	upper := wrap.Hooks{
		Read: func(next io.Reader, p []byte) (int, error) {
			n, err := next.Read(p)
			copy(p, bytes.ToUpper(p[:n]))
			return n, err
		},
	}
	numbered := wrap.Hooks{
		New: func(body io.ReadCloser) wrap.Hooks {
			reads := 0
			return wrap.Hooks{Read: func(next io.Reader, p []byte) (int, error) {
				reads++
				fmt.Println("read number", reads)
				return next.Read(p)
			}}
		},
	}
	for _, text := range []string{"one", "two"} {
		body := wrap.Body(io.NopCloser(bytes.NewBufferString(text)), upper, numbered)
		p := make([]byte, 8)
		n, err := body.Read(p)
		fmt.Printf("%s %v\n", p[:n], err)
	}
	// Output:
	// read number 1
	// ONE <nil>
	// read number 1
	// TWO <nil>
}

// As finds what a body wraps, to look at it.
func ExampleAs() {
	client, server := net.Pipe()
	defer server.Close()
	body := wrap.Body(client, wrap.Hooks{
		Close: func(next io.Closer) error { return next.Close() },
	})
	if conn, ok := wrap.As[net.Conn](body); ok {
		fmt.Println("the body is a connection of network", conn.RemoteAddr().Network())
	}
	fmt.Println(wrap.Unwrap(body) == client)
	// Output:
	// the body is a connection of network pipe
	// true
}

// Count adds up what moves while bodies run.
func ExampleCount() {
	var moved wrap.Counters
	proxy.ModifyResponse = wrap.ModifyResponse(nil, func(*http.Response) []wrap.Hooks {
		return []wrap.Hooks{wrap.Count(&moved)}
	})
	fmt.Println(talk(proxy, "ping"))
	fmt.Println(moved.Written.Load(), "bytes to backends,", moved.Read.Load(), "from them")
	// Output:
	// 101 Switching Protocols: ping
	// 4 bytes to backends, 4 from them
}

// All bodies together get a MiB a second, and 64 KiB at once.
func ExampleThrottle() {
	slow := wrap.Throttle(wrap.NewLimiter(1<<20, 64<<10), nil)
	body := wrap.Body(io.NopCloser(strings.NewReader("the backend's answer")), slow)
	text, err := io.ReadAll(body)
	fmt.Println(string(text), err)
	// Output: the backend's answer <nil>
}

// Join makes one value of several hooks.
func ExampleJoin() {
	var copied bytes.Buffer
	watched := wrap.Join(wrap.TeeRead(&copied), wrap.LimitRead(10<<20))
	body := wrap.Body(io.NopCloser(strings.NewReader("the backend's answer")), watched)
	_, _ = io.Copy(io.Discard, body)
	fmt.Println(copied.String())
	// Output: the backend's answer
}

// The buffer of a request's body is used again once the body has ended.
func ExampleCloseWaits() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusAccepted) // before the body is read
	}))
	defer server.Close()
	buf := bytes.Repeat([]byte("the client's question "), 100_000)
	req := must(http.NewRequest("POST", server.URL, bytes.NewReader(buf)))
	free := make(chan struct{})
	wrap.Request(req, wrap.Done(func(wrap.Summary) { close(free) }), wrap.CloseWaits())
	resp := must(http.DefaultClient.Do(req))
	resp.Body.Close()
	<-free
	copy(buf, "something else")
	fmt.Println(resp.Status)
	// Output: 202 Accepted
}
