package wrap_test

import (
	"expvar"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/bodywrap/bodywrap/wrap"
)

// Done reports the totals of each body once, at its end.
func ExampleDone() {
	body := io.NopCloser(strings.NewReader("the backend's answer"))
	body = wrap.Body(body, wrap.Done(func(s wrap.Summary) {
		fmt.Println(s.Read, "bytes, read to the end:", s.ReadEnd > 0)
	}))
	_, _ = io.Copy(io.Discard, body)
	body.Close()
	// Output: 20 bytes, read to the end: true
}

// A proxy counts bodies, bytes and errors.
func ExampleDone_expvar() {
	metrics := new(expvar.Map) // or expvar.NewMap("bodies"), to publish it
	proxy.ModifyResponse = wrap.ModifyResponse(nil, func(*http.Response) []wrap.Hooks {
		return []wrap.Hooks{wrap.Done(func(s wrap.Summary) {
			metrics.Add("bodies", 1)
			metrics.Add("bytes read", s.Read)
			metrics.Add("bytes written", s.Written)
		})}
	})
	fmt.Println(talk(proxy, "ping"))
	for deadline := time.Now().Add(10 * time.Second); metrics.Get("bytes written") == nil && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond) // the proxy closes after the client
	}
	fmt.Println(metrics)
	// Output:
	// 101 Switching Protocols: ping
	// {"bodies": 1, "bytes read": 4, "bytes written": 4}
}

// Close may block. DoneBeforeClose ends a span without waiting for Close.
func ExampleDoneBeforeClose() {
	body := wrap.Body(io.NopCloser(strings.NewReader("the backend's answer")),
		wrap.DoneBeforeClose(func(wrap.Summary) { fmt.Println("span ends") }),
		wrap.Hooks{Close: func(next io.Closer) error {
			fmt.Println("a Close that takes its time")
			return next.Close()
		}})
	body.Close()
	// Output:
	// span ends
	// a Close that takes its time
}
