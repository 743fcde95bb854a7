package transform_test

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/bodywrap/bodywrap/internal/testkit"
	"github.com/bodywrap/bodywrap/wrap"
	"github.com/bodywrap/bodywrap/wrap/transform"
	"github.com/google/go-cmp/cmp"
)

func upperLine(line []byte) ([]byte, error) { return bytes.ToUpper(line), nil }

// Requests go through the hooks, and through them again after a redirect.
func TestRequestsThroughHooks(t *testing.T) {
	for _, proto := range []string{"HTTP/1.1", "HTTP/2.0"} {
		t.Run(proto, func(t *testing.T) {
			var got []string
			backend := testkit.StartBackend(t, proto, func(w http.ResponseWriter, r *http.Request) {
				wrap.Request(r, transform.Decompress())
				body, err := io.ReadAll(r.Body)
				if err != nil {
					t.Error(err)
				}
				got = append(got, r.URL.Path+" "+r.Header.Get("Content-Encoding")+r.Header.Get("Content-Length")+strings.TrimSpace(string(body)))
				if r.URL.Path == "/" {
					http.Redirect(w, r, "/moved", http.StatusTemporaryRedirect)
				}
			})
			req, err := http.NewRequest("POST", backend.URL, strings.NewReader("one\ntwo\n"))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Content-Type", "application/x-ndjson")
			zip := transform.Compress(&transform.CompressOptions{MinSize: -1})
			if !wrap.Request(req, zip, transform.Lines(upperLine, nil)) {
				t.Error("Request = false")
			}
			resp, err := backend.Client().Do(req)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if diff := cmp.Diff([]string{"/ ONE\nTWO", "/moved ONE\nTWO"}, got); diff != "" {
				t.Errorf("what the backend got (-want +got):\n%s", diff)
			}
		})
	}
}

// The hooks see an upgraded stream, in each direction, if they are asked to.
func TestUpgradedStreamsIfAskedFor(t *testing.T) {
	toBackend := transform.Lines(func(line []byte) ([]byte, error) { return append([]byte(">"), line...), nil }, &transform.Options{Write: true})
	fromBackend := transform.Lines(func(line []byte) ([]byte, error) { return append(line, '<'), nil }, nil)
	asked := fromBackend
	asked.Upgraded = true
	for _, tt := range []struct {
		name  string
		hooks []wrap.Hooks
		want  string
	}{
		{"not asked for", []wrap.Hooks{fromBackend, transform.Compress(nil), transform.Replace("ping", "pong", nil)}, "ping\n"},
		{"to the client", []wrap.Hooks{asked}, "ping<\n"},
		{"to the backend", []wrap.Hooks{toBackend}, ">ping\n"},
		{"both ways", []wrap.Hooks{asked, toBackend}, ">ping<\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			backend := testkit.StartBackend(t, "HTTP/1.1", serveMessages)
			proxy := testkit.StartProxy(t, backend, nil, wrap.ModifyResponse(nil, func(*http.Response) []wrap.Hooks { return tt.hooks }))
			req, err := http.NewRequest("GET", proxy.URL+"/101", nil)
			if err != nil {
				t.Fatal(err)
			}
			for i := 0; i < len(browser); i += 2 {
				req.Header.Set(browser[i], browser[i+1])
			}
			resp, err := proxy.Client().Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			if _, err := io.WriteString(resp.Body.(io.Writer), "ping\n"); err != nil {
				t.Fatal(err)
			}
			got, err := bufio.NewReader(resp.Body).ReadString('\n')
			if got != tt.want || err != nil {
				t.Errorf("the echo is %q, %v, want %q", got, err, tt.want)
			}
		})
	}
}

// After a timeout the caller can go on, without a goroutine for the reader.
func TestALineGoesOnAfterADeadline(t *testing.T) {
	near, far := net.Pipe()
	conn := wrap.Conn(near, transform.Lines(upperLine, nil), transform.Lines(upperLine, &transform.Options{Write: true}))
	defer conn.Close()
	go func() { _, _ = io.WriteString(far, "one\ntw") }()
	br := bufio.NewReader(conn)
	if got, err := br.ReadString('\n'); got != "ONE\n" || err != nil {
		t.Fatalf("read %q, %v", got, err)
	}
	_ = conn.SetReadDeadline(time.Now().Add(-time.Second))
	if got, err := conn.Read(make([]byte, 10)); got != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("Read = %d, %v, want the deadline", got, err)
	}
	_ = conn.SetReadDeadline(time.Time{})
	go func() { _, _ = io.WriteString(far, "o\n") }()
	if got, err := br.ReadString('\n'); got != "TWO\n" || err != nil {
		t.Errorf("read %q, %v", got, err)
	}
	go func() { _, _ = io.WriteString(conn, "thr"); _, _ = io.WriteString(conn, "ee\n") }()
	if got, err := bufio.NewReader(far).ReadString('\n'); got != "THREE\n" || err != nil {
		t.Errorf("the far end read %q, %v", got, err)
	}
	conn.Close()
	if _, err := conn.Read(make([]byte, 10)); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Read after Close = %v, want %v", err, net.ErrClosed)
	}
}
