package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

// A header field that the user gives replaces that of wrapprobe.
func TestGivenFieldsReplaceOurs(t *testing.T) {
	addr := freeAddr(t)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	heads := make(chan string, 1)
	go func() { // a proxy that looks at the bytes: net/http would hide a second Host
		conn, err := ln.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		_ = ln.Close() // there is no second connection
		var head strings.Builder
		for br := bufio.NewReader(conn); ; {
			line, err := br.ReadString('\n')
			head.WriteString(line)
			if err != nil || line == "\r\n" {
				break
			}
		}
		heads <- head.String()
		_, _ = io.WriteString(conn, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
	}()
	const key = "MDEyMzQ1Njc4OWFiY2RlZg=="
	_, stderr, status := wrapprobe(t, "-listen", addr, "-scenarios", "echo",
		"-header", "host: example.com", "-header", "Sec-WebSocket-Key: "+key, "http://"+ln.Addr().String())
	if status != 3 {
		t.Fatalf("exit status %d, want 3; stderr: %s", status, stderr)
	}
	head := strings.ToLower(<-heads)
	for _, line := range []string{"host: example.com\r\n", "sec-websocket-key: " + strings.ToLower(key) + "\r\n"} {
		name, _, _ := strings.Cut(line, ":")
		if strings.Count(head, "\n"+name+":") != 1 || !strings.Contains(head, "\n"+line) {
			t.Errorf("the request has not %q once:\n%s", line, head)
		}
	}
}

// The request carries the Host that the user gives, because some proxies choose
// the backend by it.
func TestGivenHostComesThrough(t *testing.T) {
	addr := freeAddr(t)
	hosts := make(chan string, 1)
	rp := reverseProxy(addr, ignore)
	front := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		hosts <- r.Host
		rp.ServeHTTP(w, r)
	})
	_, stderr, status := wrapprobe(t, "-listen", addr, "-scenarios", "echo", "-header", "Host: example.com:80", serve(t, front))
	if status != 0 || <-hosts != "example.com:80" {
		t.Errorf("exit status %d, want 0 with example.com:80 as the Host; stderr: %s", status, stderr)
	}
}

func TestFieldsThatNoProxyCouldPassOnAreMisuse(t *testing.T) {
	t.Parallel()
	tests := []struct {
		flag, value string
		says        string
	}{
		{"-header", "a b: c", `"a b" is not the name of a field`},
		{"-header", "a\x00: c", "is not the name of a field"},
		{"-header", "é: c", "is not the name of a field"},
		{"-header", ": c", `"" is not the name of a field`},
		{"-header", "X-A: b\r\nX-C: d", "the value of X-A has a control character"},
		{"-header", "X-A: b\nc", "the value of X-A has a control character"},
		{"-header", "X-A: b\x7fc", "the value of X-A has a control character"},
		{"-header", "nonsense", "want name:value"},
		{"-header", "Upgrade: chat", "given with -upgrade"},
		{"-header", "connection: close", "wrapprobe sets connection itself"},
		{"-header", "Content-Length: 3", "wrapprobe sets Content-Length itself"},
		{"-header", "Transfer-Encoding: chunked", "wrapprobe sets Transfer-Encoding itself"},
		{"-header", "Wrapprobe-Run: 1", "wrapprobe sets Wrapprobe-Run itself"},
		{"-header", "Host: a b", "is not a host"},
		{"-header", "Host:", "is not a host"},
		{"-upgrade", "foo bar", "want a protocol"},
		{"-upgrade", "foo/", "want a protocol"},
		{"-upgrade", "foo/1/2", "want a protocol"},
		{"-upgrade", "foo,,bar", "want a protocol"},
		{"-upgrade", "foo\r\nX-A: b", "want a protocol"},
		{"-upgrade", "", "want a protocol"},
	}
	for _, tt := range tests {
		s := settingsOf(tt.flag, tt.value)
		if s == nil || !strings.Contains(s.Error(), tt.says) {
			t.Errorf("wrapprobe %s %q: error %v, want one that says %q", tt.flag, tt.value, s, tt.says)
		}
	}
	for _, tt := range tests[:1] { // one of each kind as a command
		checkMisuse(t, tt.says, "-listen", "127.0.0.1:0", tt.flag, tt.value, "http://127.0.0.1:1")
	}
	checkMisuse(t, "want a protocol", "-listen", "127.0.0.1:0", "-upgrade", "foo bar", "http://127.0.0.1:1")
	checkMisuse(t, "a request has one Host", "-listen", "127.0.0.1:0", "-header", "Host: a", "-header", "host: b", "http://127.0.0.1:1")
	checkMisuse(t, "Authorization", "-listen", "127.0.0.1:0", "http://user:pass@127.0.0.1:1")
	checkMisuse(t, "port", "-listen", "127.0.0.1:0", "http://127.0.0.1:99999")
}

// settingsOf returns the error of parsing a flag with an otherwise right
// command line.
func settingsOf(flag, value string) error {
	_, _, err := parse([]string{"-listen", "127.0.0.1:0", flag, value, "http://127.0.0.1:1"})
	return err
}

func TestFieldsThatAreRightAreTaken(t *testing.T) {
	for flag, values := range map[string][]string{
		"-header":  {"X-A: b", "x!#$%&'*+-.^_`|~9:", "X-A: \"ü\", b\tc", "Host: [::1]:80", "Sec-WebSocket-Protocol: chat"},
		"-upgrade": {"websocket", "h2c", "IRC/6.9", "HTTP/2.0, SHTTP/1.3 ,IRC/6.9"},
	} {
		for _, value := range values {
			if err := settingsOf(flag, value); err != nil {
				t.Errorf("wrapprobe %s %q: %v, want no error", flag, value, err)
			}
		}
	}
}

// Of the protocols that were asked for, the backend takes the first.
func TestFirstOfSeveralProtocolsIsTaken(t *testing.T) {
	addr := freeAddr(t)
	proxy := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") != "chat/2, websocket" || r.Header.Get("Sec-WebSocket-Key") == "" {
			http.Error(w, fmt.Sprint(r.Header), http.StatusBadRequest)
			return
		}
		r.Header.Set("Upgrade", "chat/2") // ReverseProxy compares the whole field with the answer
		reverseProxy(addr, ignore).ServeHTTP(w, r)
	}))
	if stdout, stderr, status := wrapprobe(t, "-listen", addr, "-scenarios", "echo", "-upgrade", "chat/2, websocket", proxy); status != 0 {
		t.Errorf("exit status %d, want 0; %s%s", status, stdout, stderr)
	}
}

// checkMisuse runs the command, which must report misuse in a line with says.
func checkMisuse(t *testing.T, says string, args ...string) {
	t.Helper()
	stdout, stderr, status := wrapprobe(t, args...)
	if status != 2 || stdout != "" || !strings.Contains(stderr, says) ||
		strings.Count(stderr, "\n") != 2 || !strings.HasSuffix(stderr, "\nRun wrapprobe -h for usage.\n") {
		t.Errorf("wrapprobe %q: exit status %d, stdout %q, stderr %q; want 2, none, and a line with %q before the one about -h", args, status, stdout, stderr, says)
	}
}
