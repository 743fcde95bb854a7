package codings_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/andybalholm/brotli"
	"github.com/bodywrap/bodywrap/wrap"
	"github.com/bodywrap/bodywrap/wrap/transform"
	"github.com/klauspost/compress/zstd"
)

// The codings br and zstd. A program makes each of them once.
//
// By default, package zstd decodes and encodes ahead, in goroutines of its own.
// With a concurrency of 1 it works in the goroutine that reads the body, so no
// other goroutine reads from the body, or still does when the body is closed.
// The content coding zstd has windows of at most 8 MiB (RFC 9659). By default,
// the decoder would take 512 MiB if the sender said so.
var (
	br = transform.NewCoding("br",
		func(r io.Reader) (*brotli.Reader, error) { return brotli.NewReader(r), nil },
		func(w io.Writer) (*brotli.Writer, error) { return brotli.NewWriter(w), nil })

	zst = transform.NewCoding("zstd",
		func(r io.Reader) (*zstd.Decoder, error) {
			return zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(8<<20))
		},
		func(w io.Writer) (*zstd.Encoder, error) { return zstd.NewWriter(w, zstd.WithEncoderConcurrency(1)) })
)

// A proxy compresses with zstd, br or gzip, as the client prefers.
func Example_compress() {
	zip := transform.Compress(&transform.CompressOptions{
		Codings: []*transform.Coding{zst, br, transform.Gzip},
	})
	proxy := startProxy("", wrap.ModifyResponse(nil, func(*http.Response) []wrap.Hooks {
		return []wrap.Hooks{zip}
	}))
	defer proxy.Close()

	for _, accept := range []string{"gzip, deflate, br, zstd", "br, zstd;q=0.5", "gzip", "identity"} {
		header, content := get(proxy, accept)
		fmt.Printf("%-23s  %4s  %d bytes\n", accept, header.Get("Content-Encoding"), len(decode(header, content)))
	}
	// Output:
	// gzip, deflate, br, zstd  zstd  3000 bytes
	// br, zstd;q=0.5             br  3000 bytes
	// gzip                     gzip  3000 bytes
	// identity                       3000 bytes
}

// A client asks for zstd and br, and reads plain text.
func Example_decompress() {
	backend := startBackend("zstd")
	defer backend.Close()

	unzip := transform.Decompress(zst, br, transform.Gzip)
	client := &http.Client{Transport: wrap.Transport(nil, func(*http.Response) []wrap.Hooks {
		return []wrap.Hooks{unzip}
	})}
	req, err := http.NewRequest("GET", backend.URL, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	req.Header.Set("Accept-Encoding", "zstd, br, gzip")
	resp, err := client.Do(req)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	fmt.Printf("%q %d bytes, %v\n", resp.Header.Get("Content-Encoding"), len(text), err)
	// Output: "" 3000 bytes, <nil>
}

// A proxy replaces a name in content that its backend has compressed with br.
// The client gets br.
func Example_plain() {
	rename := transform.Plain([]*transform.Coding{zst, br, transform.Gzip},
		transform.Replace("backend.internal", "example.com", nil))
	proxy := startProxy("br", wrap.ModifyResponse(nil, func(*http.Response) []wrap.Hooks {
		return []wrap.Hooks{rename}
	}))
	defer proxy.Close()

	header, content := get(proxy, "br")
	text := decode(header, content)
	fmt.Println(header.Get("Content-Encoding"), text[:strings.Index(text, "\n")])
	// Output: br http://example.com/abcdef
}

// text has 3000 bytes.
var text = strings.Repeat("http://backend.internal/abcdef\n", 97)[:3000]
