package wrap_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/bodywrap/bodywrap/internal/testkit"
	"github.com/bodywrap/bodywrap/wrap"
)

// BenchmarkEcho sends 64 KiB through an upgraded ReverseProxy connection to a
// backend that sends it back: the body left alone, and wrapped with a counting
// hook on each direction.
func BenchmarkEcho(b *testing.B) {
	var sent, received int
	counting := wrap.Hooks{
		Read: func(next io.Reader, p []byte) (int, error) {
			n, err := next.Read(p)
			received += n
			return n, err
		},
		Write: func(next io.Writer, p []byte) (int, error) {
			n, err := next.Write(p)
			sent += n
			return n, err
		},
	}
	variants := []struct {
		name   string
		modify func(*http.Response) error
	}{
		{"bare", nil},
		{"hooked", func(resp *http.Response) error {
			resp.Body = wrap.Body(resp.Body, counting)
			return nil
		}},
	}
	for _, v := range variants {
		b.Run(v.name, func(b *testing.B) {
			p := quietProxy(backend.URL)
			p.ModifyResponse = v.modify
			server := httptest.NewServer(p)
			defer server.Close()
			conn, err := net.Dial("tcp", server.Listener.Addr().String())
			if err != nil {
				b.Fatal(err)
			}
			defer conn.Close()
			fmt.Fprint(conn, testkit.UpgradeRequest("echo"))
			br := bufio.NewReader(conn)
			if _, err := http.ReadResponse(br, nil); err != nil {
				b.Fatal(err)
			}
			block := make([]byte, 64<<10)
			b.SetBytes(int64(len(block)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := conn.Write(block); err != nil {
					b.Fatal(err)
				}
				if _, err := io.ReadFull(br, block); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
