package wrap_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/bodywrap/bodywrap/wrap"
)

// A hook with Content changes bytes and header together. It leaves a message
// alone that is not encoded.
func ExampleResponse() {
	unzip := wrap.TransformRead(gzip.NewReader)
	unzip.Content = func(m wrap.Message) wrap.Hooks {
		if m.Header.Get("Content-Encoding") != "gzip" {
			return wrap.Hooks{}
		}
		m.Header.Del("Content-Encoding")
		return unzip
	}

	zipped := gzipped("the backend's answer")
	resp := &http.Response{
		StatusCode:    200,
		Header:        http.Header{"Content-Encoding": {"gzip"}, "Content-Length": {"44"}, "Etag": {`"tag"`}},
		ContentLength: int64(len(zipped)),
		Body:          io.NopCloser(bytes.NewReader(zipped)),
	}
	changed := wrap.Response(resp, unzip)
	text, err := io.ReadAll(resp.Body)
	fmt.Println(changed, resp.ContentLength, resp.Header, string(text), err)
	// Output: true -1 map[Etag:[W/"tag"]] the backend's answer <nil>
}

// Hooks are made for each response, and may depend on it.
func ExampleModifyResponse() {
	proxy.ModifyResponse = wrap.ModifyResponse(nil, func(resp *http.Response) []wrap.Hooks {
		logged := wrap.Log(context.Background(), slog.New(slog.DiscardHandler), slog.LevelInfo, slog.Int("status", resp.StatusCode))
		if resp.StatusCode == http.StatusSwitchingProtocols {
			return []wrap.Hooks{logged}
		}
		return []wrap.Hooks{logged, wrap.LimitRead(10 << 20)}
	})
	fmt.Println(talk(proxy, "ping"))
	// Output: 101 Switching Protocols: ping
}

// A client uses Transport for the same purpose.
func ExampleTransport() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "the server's answer")
	}))
	defer server.Close()
	client := &http.Client{Transport: wrap.Transport(nil, func(resp *http.Response) []wrap.Hooks {
		return []wrap.Hooks{wrap.Done(func(s wrap.Summary) {
			fmt.Println(resp.Status, s.Read, "bytes")
		})}
	})}
	resp, err := client.Get(server.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body)
	// Output: 200 OK 19 bytes
}

// The body of a request is sent compressed, and compressed again after a
// redirect.
func ExampleRequest() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			http.Redirect(w, r, "/moved", http.StatusPermanentRedirect)
			return
		}
		zr, err := gzip.NewReader(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		_, _ = io.Copy(w, zr)
	}))
	defer server.Close()
	req, err := http.NewRequest("POST", server.URL, strings.NewReader("the client's question"))
	if err != nil {
		fmt.Println(err)
		return
	}
	zip := wrap.TransformRead(wrap.Encoder(gzip.NewWriter))
	zip.Content = func(m wrap.Message) wrap.Hooks {
		m.Header.Set("Content-Encoding", "gzip")
		return zip
	}
	wrap.Request(req, zip)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	fmt.Println(string(text), err)
	// Output: the client's question <nil>
}
