package interop

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os/exec"
	"strings"
	"testing"

	_ "github.com/imroc/req/v3" // testdata/user imports it, and go mod tidy does not look there
)

// TestReadmeLinesFindPublicFaults runs go test as a user does. The code under
// test uses libraries with known faults, or has wrappers with the same faults.
// A check of wraptest must find each fault, and its message must say what is
// lost. Code that was repaired must pass.
func TestReadmeLinesFindPublicFaults(t *testing.T) {
	const (
		lostAnswer = "0 of 65536 bytes of the backend's last answer arrived: the wrapper has no CloseWrite"
		noWrite    = "the client was answered 502 Bad Gateway: the wrapper has no Write"
	)
	tests := []struct {
		test, check, says string
		why               string
	}{
		{"TestOtelhttp", "TCP/client_half-closes", lostAnswer, "go.opentelemetry.io/contrib otelhttp"},
		{"TestReq", "TCP/client_half-closes", "the backend's last answer arrived: the transport's body has no CloseWrite", "imroc/req"},
		{"TestOpentracing", "TCP/client_half-closes", lostAnswer, "opentracing-contrib/go-stdlib nethttp"},
		{"TestOpencensus", "TCP/client_half-closes", lostAnswer, "go.opencensus.io ochttp"},
		{"TestElasticAPM", "TCP/echo", noWrite, "go.elastic.co/apm apmhttp"},
		{"TestZipkin", "TCP/echo", noWrite, "openzipkin/zipkin-go DoWithAppSpan"},
		{"TestHTTPCache", "TCP/echo", noWrite, "gregjones/httpcache"},
		{"TestClientTimeout", "TCP/echo", noWrite, "net/http's Client with a Timeout"},
		{"TestMeteredBody", "Read+Close+Write+CloseWrite/methods", "no Write: ReverseProxy answers an upgrade with 502", "golang/go#46965"},
		{"TestMeteredBody", "Read+Close+Write+CloseWrite/methods", "no CloseWrite: a half-close ends the whole tunnel", "otelhttp"},
		{"TestMeteredResponse", "TLS/echo", noWrite, "each struct that embeds io.ReadCloser"},
		{"TestMeteredConn", "Read+Close+CloseWrite+NetConn/methods", "no CloseWrite: a half-close ends the whole tunnel", "moby#36516, caddy#8026, lantern-box#278, ory/x#469"},
		{"TestFakeCloseWriteOfBody", "Read+Close+Write+CloseWrite/CloseWrite", "CloseWrite does not reach the original", "a no-op that satisfies an interface"},
		{"TestFakeCloseWriteOfResponse", "TCP/client_half-closes", "the backend was not told within 3s", "both sides wait for each other"},
		{"TestHTTPSnoop", "Read+Close+Write+ReadFrom/counting", "ReadFrom, which io.Copy prefers to Write, moves 40960 bytes, and the wrapper counts 0", "felixge/httpsnoop with a Write hook alone"},
	}
	failed, output := goTest(t, "./testdata/user")
	for _, tt := range tests {
		name := tt.test + "/" + tt.check
		if !failed[name] || !strings.Contains(output[name], tt.says) {
			t.Errorf("%s (%s): failed %v, want a failure with %q; the output is\n%s", name, tt.why, failed[name], tt.says, output[name])
		}
		delete(failed, tt.test)
	}
	for name := range failed {
		if !strings.Contains(name, "/") {
			t.Errorf("%s fails, want it to pass: its code has no known fault", name)
		}
	}
}

// goTest runs the tests of a package. It returns which tests failed, and the
// output of each test.
func goTest(t *testing.T, pattern string) (failed map[string]bool, output map[string]string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "test", "-json", "-count=1", pattern)
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	out, err := cmd.Output()
	failed, output = make(map[string]bool), make(map[string]string)
	passed := 0
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		var event struct{ Action, Test, Output string }
		if err := json.Unmarshal(lines.Bytes(), &event); err != nil {
			t.Fatalf("go test -json %s: %v in %q", pattern, err, lines.Text())
		}
		switch output[event.Test] += event.Output; {
		case event.Test == "":
		case event.Action == "fail":
			failed[event.Test] = true
		case event.Action == "pass":
			passed++
		}
	}
	if passed == 0 {
		t.Fatalf("go test %s: %v, and no test passes:\n%s%s", pattern, err, output[""], complaints.String())
	}
	return failed, output
}
