package transform_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"

	"github.com/bodywrap/bodywrap/wrap"
	"github.com/bodywrap/bodywrap/wrap/transform"
)

// These are the hooks of the examples. TestEveryMessageThroughEveryHook sends
// every kind of message through them.
var (
	zip    = transform.Compress(nil)
	unzip  = transform.Decompress()
	redact = transform.Replace("secret", "***", nil)
)

// proxyTo returns a proxy of a backend that answers with text.
func proxyTo(contentType, text string) (*httputil.ReverseProxy, func()) {
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", contentType)
		_, _ = io.WriteString(w, text) // the client would complain
	}))
	target, err := url.Parse(backend.URL)
	if err != nil {
		log.Fatal(err)
	}
	return httputil.NewSingleHostReverseProxy(target), backend.Close
}

// get returns what the proxy answers to a client that accepts gzip.
func get(proxy http.Handler) *httptest.ResponseRecorder {
	req := httptest.NewRequest("GET", "/", nil)
	req.Header.Set("Accept-Encoding", "gzip")
	w := httptest.NewRecorder()
	proxy.ServeHTTP(w, req)
	return w
}

// A proxy compresses what its backends did not.
func ExampleCompress() {
	proxy, stop := proxyTo("text/plain", strings.Repeat("the backend's answer ", 500))
	defer stop()
	zip := transform.Compress(nil) // one for all responses
	proxy.ModifyResponse = wrap.ModifyResponse(proxy.ModifyResponse, func(*http.Response) []wrap.Hooks {
		return []wrap.Hooks{zip}
	})

	w := get(proxy)
	fmt.Println(w.Header().Get("Content-Encoding"), w.Header().Get("Vary"), w.Body.Len() < 500)
	zr, _ := gzip.NewReader(w.Body)
	text, err := io.ReadAll(zr)
	fmt.Println(len(text), err)
	// Output:
	// gzip Accept-Encoding true
	// 10500 <nil>
}

// A server compresses what its own handlers write.
func ExampleCompressHandler() {
	files := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, strings.Repeat("<p>the server's answer</p>", 500))
	})
	w := get(transform.CompressHandler(files, nil))
	fmt.Println(w.Header().Get("Content-Type"), w.Header().Get("Content-Encoding"), w.Body.Len() < 500)
	// Output: text/html; charset=utf-8 gzip true
}

// A client compresses what it sends.
func ExampleCompress_request() {
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		fmt.Println(r.Header.Get("Content-Encoding"), r.ContentLength)
	}))
	defer server.Close()
	req, _ := http.NewRequest("POST", server.URL, strings.NewReader(strings.Repeat("the client's question ", 500)))
	req.Header.Set("Content-Type", "text/plain")
	wrap.Request(req, zip)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		fmt.Println(err)
		return
	}
	resp.Body.Close()
	// Output: gzip -1
}

// A client reads plain text, whichever coding it asks for.
func ExampleDecompress() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		zw := gzip.NewWriter(w)
		_, _ = io.WriteString(zw, "the server's answer")
		_ = zw.Close()
	}))
	defer server.Close()
	client := &http.Client{Transport: wrap.Transport(nil, func(*http.Response) []wrap.Hooks {
		return []wrap.Hooks{wrap.LimitRead(10 << 20), unzip}
	})}
	req, _ := http.NewRequest("GET", server.URL, nil)
	req.Header.Set("Accept-Encoding", "gzip, deflate") // or net/http asks for gzip, and decodes it
	resp, err := client.Do(req)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	fmt.Println(string(text), err)
	// Output: the server's answer <nil>
}

// No key leaves a proxy, however the backend divides or encodes its answer.
func ExampleReplace() {
	proxy, stop := proxyTo("text/plain", "the key is sk-live-1234")
	defer stop()
	hidden := transform.Replace("sk-live-1234", "***", nil)
	proxy.ModifyResponse = wrap.ModifyResponse(proxy.ModifyResponse, func(*http.Response) []wrap.Hooks {
		return []wrap.Hooks{hidden}
	})
	fmt.Println(get(proxy).Body)
	// Output: the key is ***
}

// Plain puts one decoder and one encoder around several hooks.
func ExamplePlain() {
	var b bytes.Buffer
	zw := gzip.NewWriter(&b)
	_, _ = io.WriteString(zw, "see http://backend.internal/x")
	_ = zw.Close()
	resp := &http.Response{StatusCode: 200, Header: http.Header{"Content-Encoding": {"gzip"}}, Body: io.NopCloser(&b)}

	wrap.Response(resp, transform.Plain(nil,
		transform.Replace("http://", "https://", nil),
		transform.Replace("backend.internal", "example.com", nil)))
	zr, _ := gzip.NewReader(resp.Body)
	text, err := io.ReadAll(zr)
	fmt.Println(resp.Header.Get("Content-Encoding"), string(text), err)
	// Output: gzip see https://example.com/x <nil>
}

// Each line is a JSON value. Lines that are not for this client are dropped.
func ExampleLines() {
	proxy, stop := proxyTo("application/x-ndjson", `{"user":"ann"}`+"\n"+`{"user":"bob"}`+"\n")
	defer stop()
	proxy.ModifyResponse = wrap.ModifyResponse(proxy.ModifyResponse, func(*http.Response) []wrap.Hooks {
		return []wrap.Hooks{transform.Lines(func(line []byte) ([]byte, error) {
			if bytes.Contains(line, []byte("bob")) {
				return nil, nil
			}
			return line, nil
		}, nil)}
	})
	fmt.Print(get(proxy).Body)
	// Output: {"user":"ann"}
}

// A gateway counts the tokens that a model reports, and ends the stream when
// the budget is used up. Each response has a hook, and a count, of its own.
func ExampleEvents() {
	proxy, stop := proxyTo("text/event-stream", strings.Repeat("data: {\"text\":\"hello\",\"tokens\":4}\n\n", 100))
	defer stop()
	const budget = 10
	proxy.ModifyResponse = wrap.ModifyResponse(proxy.ModifyResponse, func(*http.Response) []wrap.Hooks {
		used := 0
		return []wrap.Hooks{transform.Events(func(e *transform.Event) (*transform.Event, error) {
			var usage struct{ Tokens int }
			if json.Unmarshal(e.Data, &usage) == nil {
				used += usage.Tokens
			}
			if used > budget {
				return &transform.Event{Type: []byte("over"), Data: []byte("the budget is used up")}, io.EOF
			}
			return e, nil
		}, nil)}
	})
	fmt.Print(get(proxy).Body)
	// Output:
	// data: {"text":"hello","tokens":4}
	//
	// data: {"text":"hello","tokens":4}
	//
	// event: over
	// data: the budget is used up
}

// Any split function of package bufio finds records.
func ExampleRecords() {
	body := io.NopCloser(strings.NewReader("one  two\nthree"))
	body = wrap.Body(body, transform.Records(bufio.ScanWords, func(word []byte) ([]byte, error) {
		return bytes.ToUpper(word[:1]), nil
	}, nil))
	text, err := io.ReadAll(body)
	fmt.Printf("%q %v\n", text, err)
	// Output: "O  T\nT" <nil>
}
