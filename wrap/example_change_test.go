package wrap_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"

	"github.com/bodywrap/bodywrap/wrap"
)

// What the caller reads is also written to a file.
func ExampleTeeRead() {
	body := io.NopCloser(strings.NewReader("the backend's answer\n"))
	body = wrap.Body(body, wrap.TeeRead(os.Stdout))
	_, _ = io.Copy(io.Discard, body)
	// Output: the backend's answer
}

// The copy is of what the backend has taken.
func ExampleTeeWrite() {
	body := wrap.Body(newRecorder(""), wrap.TeeWrite(os.Stdout))
	fmt.Fprintln(body.(io.Writer), "the client's question")
	// Output: the client's question
}

// A body that is longer than allowed is closed, and says why.
func ExampleLimitRead() {
	body := io.NopCloser(strings.NewReader("the backend's answer"))
	body = wrap.Body(body, wrap.LimitRead(3))
	text, err := io.ReadAll(body)
	var limit *wrap.LimitError
	fmt.Printf("%q, too long: %v\n%v\n", text, errors.As(err, &limit), err)
	// Output:
	// "the", too long: true
	// wrap: read more than the limit of 3 bytes
}

// A client that sends too much loses its connection to the backend.
func ExampleLimitWrite() {
	body := wrap.Body(newRecorder(""), wrap.LimitWrite(3))
	n, err := io.WriteString(body.(io.Writer), "the client's question")
	fmt.Println(n, err)
	// Output: 3 wrap: write more than the limit of 3 bytes
}

// A constructor of a decoder is a hook as it is.
func ExampleTransformRead() {
	body := io.NopCloser(bytes.NewReader(gzipped("the backend's answer")))
	body = wrap.Body(body, wrap.TransformRead(gzip.NewReader))
	text, err := io.ReadAll(body)
	fmt.Printf("%s, %v\n", text, err)
	// Output: the backend's answer, <nil>
}

// An upgraded connection whose backend wants to be spoken to in gzip. What is
// pending goes out before the half-close.
func ExampleTransformWrite() {
	backend := newRecorder("")
	body := wrap.Body(backend, wrap.TransformWrite(gzip.NewWriter))
	_, _ = io.WriteString(body.(io.Writer), "the client's question")
	_ = body.(wrap.CloseWriter).CloseWrite()
	zr, _ := gzip.NewReader(&backend.out)
	text, err := io.ReadAll(zr)
	fmt.Printf("%s, %v\n", text, err)
	// Output: the client's question, <nil>
}

// A proxy that compresses what the backend did not.
func ExampleEncoder() {
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, strings.Repeat("the backend's answer ", 500))
	}))
	defer backend.Close()
	proxy := quietProxy(backend.URL)
	proxy.ModifyResponse = wrap.ModifyResponse(func(resp *http.Response) []wrap.Hooks {
		accepted := resp.Request.Header.Get("Accept-Encoding")
		if resp.Header.Get("Content-Encoding") != "" || !strings.Contains(accepted, "gzip") {
			return nil
		}
		resp.Header.Set("Content-Encoding", "gzip")
		resp.Header.Add("Vary", "Accept-Encoding")
		return []wrap.Hooks{wrap.TransformRead(wrap.Encoder(gzip.NewWriter))}
	})

	req := httptest.NewRequest("GET", "/", nil)
	req.Header.Set("Accept-Encoding", "gzip")
	w := httptest.NewRecorder()
	proxy.ServeHTTP(w, req)
	fmt.Println(w.Body.Len() < 500, w.Header().Get("Content-Encoding"), w.Header().Values("Content-Length"))
	zr, _ := gzip.NewReader(w.Body)
	text, err := io.ReadAll(zr)
	fmt.Println(len(text), err)
	// Output:
	// true gzip []
	// 10500 <nil>
}
