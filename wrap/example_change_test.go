package wrap_test

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"

	"github.com/bodywrap/bodywrap/wrap"
)

// TeeRead also writes to a file what the caller reads.
func ExampleTeeRead() {
	body := io.NopCloser(strings.NewReader("the backend's answer\n"))
	body = wrap.Body(body, wrap.TeeRead(os.Stdout))
	_, _ = io.Copy(io.Discard, body)
	// Output: the backend's answer
}

// TeeWrite copies the bytes that the backend has accepted.
func ExampleTeeWrite() {
	body := wrap.Body(newRecorder(""), wrap.TeeWrite(os.Stdout))
	fmt.Fprintln(body.(io.Writer), "the client's question")
	// Output: the client's question
}

// LimitRead closes a body that is longer than allowed. Read returns the reason.
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

// A constructor that returns a reader and an error fits as it is.
func ExampleTransformRead() {
	body := io.NopCloser(bytes.NewReader(gzipped("the backend's answer")))
	body = wrap.Body(body, wrap.TransformRead(gzip.NewReader))
	text, err := io.ReadAll(body)
	fmt.Printf("%s, %v\n", text, err)
	// Output: the backend's answer, <nil>
}

// A constructor that returns no error, such as flate's, needs a function around
// it.
func ExampleTransformRead_function() {
	var deflated bytes.Buffer
	w, _ := flate.NewWriter(&deflated, flate.BestSpeed)
	_, _ = io.WriteString(w, "the backend's answer")
	_ = w.Close()

	body := io.NopCloser(&deflated)
	body = wrap.Body(body, wrap.TransformRead(func(r io.Reader) (io.ReadCloser, error) {
		return flate.NewReader(r), nil
	}))
	text, err := io.ReadAll(body)
	fmt.Printf("%s, %v\n", text, err)
	// Output: the backend's answer, <nil>
}

// Both ends of this connection use gzip in both directions.
func ExampleTransformWrite_conn() {
	speaksGzip := []wrap.Hooks{wrap.TransformRead(gzip.NewReader), wrap.TransformWrite(gzip.NewWriter)}
	client, server := net.Pipe()
	client, server = wrap.Conn(client, speaksGzip...), wrap.Conn(server, speaksGzip...)
	go func() {
		_, _ = io.WriteString(client, "the client's question")
	}()
	p := make([]byte, 64)
	n, err := server.Read(p)
	fmt.Printf("%s, %v\n", p[:n], err)
	go func() { _, _ = io.Copy(io.Discard, server) }() // the end of gzip's stream
	_ = client.Close()
	// Output: the client's question, <nil>
}

// The backend of this upgraded connection expects gzip. The pending bytes are
// sent before the half-close.
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

// Encoder makes a reader of a writer.
func ExampleEncoder() {
	body := io.NopCloser(strings.NewReader("the client's question"))
	body = wrap.Body(body, wrap.TransformRead(wrap.Encoder(gzip.NewWriter)))
	zr, err := gzip.NewReader(body)
	if err != nil {
		fmt.Println(err)
		return
	}
	text, err := io.ReadAll(zr)
	fmt.Println(string(text), err)
	// Output: the client's question <nil>
}
