package wrap_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/bodywrap/bodywrap/wrap"
)

// The peer ignores the half-close and never answers. Real programs use a longer
// time.
func ExampleLinger() {
	l, _ := net.Listen("tcp", "127.0.0.1:0")
	defer l.Close()
	conn, err := net.Dial("tcp", l.Addr().String()) // and nobody accepts
	if err != nil {
		fmt.Println(err)
		return
	}
	body := wrap.Body(conn, wrap.Linger(10*time.Millisecond))
	_ = body.(wrap.CloseWriter).CloseWrite()
	_, err = io.ReadAll(body)
	fmt.Println(err)
	// Output: wrap: Linger closed the body after 10ms of silence
}

// The backend stops in the middle of its answer. Real programs use a longer
// time.
func ExampleIdle() {
	hold := make(chan bool)
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "the beginning of")
		_ = http.NewResponseController(w).Flush()
		<-hold
	}))
	defer backend.Close()
	defer close(hold)
	client := &http.Client{Transport: wrap.Transport(nil, func(*http.Response) []wrap.Hooks {
		return []wrap.Hooks{wrap.Idle(50 * time.Millisecond)}
	})}
	resp, err := client.Get(backend.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	fmt.Printf("%s\n%v\n", text, err)
	// Output:
	// the beginning of
	// wrap: Idle closed the body after 50ms of silence
}
