package main

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bodywrap/bodywrap/internal/probe"
)

// freePort counts the ports that freeAddr has tried. It starts anywhere,
// because other processes look for free ports too.
var freePort atomic.Uint32

func init() { freePort.Store(rand.Uint32N(12000)) }

// freeAddr returns an address on which nothing listens, a different one in each
// call. Its port is outside ip_local_port_range, from which Linux gives ports
// to other processes.
func freeAddr(t *testing.T) string {
	t.Helper()
	for range 100 {
		ln, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 20000+freePort.Add(1)%12000))
		if err == nil {
			defer ln.Close()
			return ln.Addr().String()
		}
	}
	t.Fatal("no address is free")
	return ""
}

// runningProxy starts a ReverseProxy to addr that calls seen for each request.
func runningProxy(t *testing.T, addr string, seen func(*http.Request)) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(reverseProxy(addr, seen))
	t.Cleanup(server.Close)
	return server
}

func reverseProxy(addr string, seen func(*http.Request)) *httputil.ReverseProxy {
	return &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			seen(r.Out)
			r.SetURL(&url.URL{Scheme: "http", Host: addr})
		},
		ErrorLog: log.New(io.Discard, "", 0),
	}
}

func ignore(*http.Request) {}

func probeJSON(t *testing.T, args ...string) (rep report, status int) {
	t.Helper()
	stdout, stderr, status := wrapprobe(t, append([]string{"-json"}, args...)...)
	if err := json.Unmarshal([]byte(stdout), &rep); err != nil {
		t.Fatalf("wrapprobe -json %v: %v; stderr: %s", args, err, stderr)
	}
	return rep, status
}

func TestRunningProxyIsProbed(t *testing.T) {
	t.Parallel()
	addr := freeAddr(t)
	proxy := runningProxy(t, addr, ignore)
	const passing = "echo,client closes,client resets,backend closes,backend resets,early answer,refused"
	rep, status := probeJSON(t, "-listen", addr, "-runs", "2", "-hold", "50ms", "-scenarios", passing, proxy.URL+"/path")
	got := make(map[string]probe.Verdict)
	for _, o := range rep.Scenarios {
		got[o.Scenario] = o.Verdict
		if len(o.Runs) != 2 {
			t.Errorf("%s has %d runs, want 2", o.Scenario, len(o.Runs))
		}
		for _, r := range o.Runs {
			if len(r.Timeline) == 0 {
				t.Errorf("%s has no timeline", o.Scenario)
			}
		}
	}
	want := map[string]probe.Verdict{
		"echo": probe.OK, "client closes": probe.OK, "client resets": probe.Note, "backend closes": probe.OK,
		"backend resets": probe.Note, "early answer bytes": probe.OK, "refused with 200": probe.OK, "refused with 403": probe.OK,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("verdicts (-want +got):\n%s", diff)
	}
	if status != 0 {
		t.Errorf("exit status %d, want 0", status)
	}
}

func TestBadVerdictIsExitStatusOne(t *testing.T) {
	addr := freeAddr(t)
	proxy := runningProxy(t, addr, ignore)
	rep, status := probeJSON(t, "-listen", addr, "-scenarios", "early request", proxy.URL) // golang/go#80875
	if status != 1 || rep.Verdict != probe.Bad || len(rep.Scenarios) != 1 || rep.Scenarios[0].Runs[0].Arrived != 7 {
		t.Errorf("exit status %d, report %+v, want 1, bad, 7 bytes of 1007", status, rep)
	}
	stdout, _, status := wrapprobe(t, "-listen", addr, "-scenarios", "early request", proxy.URL)
	if status != 1 || !strings.Contains(stdout, "7 B of 1007 B") || !strings.Contains(stdout, "7 of 1007 bytes") {
		t.Errorf("exit status %d, want 1 and the bytes that arrived in\n%s", status, stdout)
	}
}

func TestNothingComesThrough(t *testing.T) {
	t.Parallel()
	addr, nobody := freeAddr(t), freeAddr(t)
	elsewhere := runningProxy(t, nobody, ignore)
	tests := []struct {
		name, url string
		want      []string
		why       string
	}{
		{"no proxy", "http://" + nobody, []string{"no connection to the proxy", "start the proxy there"}, "nobody listens"},
		{"no backend", elsewhere.URL, []string{"did not connect to the backend", "have it pass requests for / on to http://" + addr}, "the proxy leads elsewhere"},
	}
	for _, tt := range tests {
		stdout, stderr, status := wrapprobe(t, "-listen", addr, tt.url)
		if status != 3 || stdout != "" {
			t.Errorf("%s: exit status %d, stdout %q, want 3 and none: %s", tt.name, status, stdout, tt.why)
		}
		for _, want := range tt.want {
			if !strings.Contains(stderr, want) {
				t.Errorf("%s: stderr %q lacks %q", tt.name, stderr, want)
			}
		}
	}
}

func TestMisuse(t *testing.T) {
	t.Parallel()
	tests := []struct {
		args []string
		want string
	}{
		{[]string{"http://127.0.0.1:1"}, "-listen"},
		{[]string{"-listen", "127.0.0.1:0"}, "give its URL"},
		{[]string{"-listen", "127.0.0.1:0", "ftp://127.0.0.1"}, "not an http or https URL"},
		{[]string{"-listen", "127.0.0.1:0", "-scenarios", "nonsense", "http://127.0.0.1"}, "no scenario"},
		{[]string{"-listen", "127.0.0.1:0", "-runs", "0", "http://127.0.0.1"}, "-runs"},
		{[]string{"-listen", "127.0.0.1:0", "-header", "nonsense", "http://127.0.0.1"}, "name:value"},
		{[]string{"-listen", "127.0.0.1:0", "-ca", "nonsense", "https://127.0.0.1"}, "nonsense"},
		{[]string{"-listen", "256.0.0.1:1", "http://127.0.0.1"}, "-listen"},
	}
	for _, tt := range tests {
		stdout, stderr, status := wrapprobe(t, tt.args...)
		if status != 2 || stdout != "" || !strings.Contains(stderr, tt.want) {
			t.Errorf("wrapprobe %v: exit status %d, stdout %q, stderr %q, want 2, none, and %q", tt.args, status, stdout, stderr, tt.want)
		}
	}
}

func TestInterruptEndsWithTheReportSoFar(t *testing.T) {
	addr := freeAddr(t)
	second := make(chan struct{}, 1)
	var requests atomic.Int32
	proxy := runningProxy(t, addr, func(*http.Request) {
		if requests.Add(1) == 2 {
			second <- struct{}{}
		}
	})
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	// The first scenario ends; the second would go on for an hour.
	cmd := exec.CommandContext(ctx, self, "-json", "-listen", addr, "-hold", "1h", "-scenarios", "echo,backend vanishes", proxy.URL)
	cmd.Env = append(os.Environ(), asCommand+"=1")
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-second:
	case <-ctx.Done():
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // the exit status says it
	var rep report
	if err := json.Unmarshal([]byte(out.String()), &rep); err != nil {
		t.Fatalf("%v in %q", err, out.String())
	}
	if len(rep.Scenarios) != 1 || rep.Scenarios[0].Scenario != "echo" || rep.Scenarios[0].Verdict != probe.OK || !rep.Stopped {
		t.Errorf("report %+v, want that of echo, stopped", rep)
	}
	if got := cmd.ProcessState.ExitCode(); got != 1 || !strings.Contains(errs.String(), "interrupted: the report is of 1 of 2") {
		t.Errorf("exit status %d, stderr %q, want 1, and that it was interrupted", got, errs.String())
	}
}

func TestProxyIsReachedOverTLS(t *testing.T) {
	t.Parallel()
	addr := freeAddr(t)
	proxy := httptest.NewUnstartedServer(reverseProxy(addr, ignore))
	proxy.Config.ErrorLog = log.New(io.Discard, "", 0) // that we do not trust it
	proxy.StartTLS()
	defer proxy.Close()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: proxy.Certificate().Raw})
	if err := os.WriteFile(ca, block, 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		args   []string
		status int
		why    string
	}{
		{"unknown", nil, 3, "its certificate is trusted by nobody"},
		{"-insecure", []string{"-insecure"}, 0, "every certificate is trusted"},
		{"-ca", []string{"-ca", ca}, 0, "the certificate is in the file"},
	}
	for _, tt := range tests {
		args := append([]string{"-listen", addr, "-scenarios", "echo,client closes,backend closes"}, tt.args...)
		_, stderr, status := wrapprobe(t, append(args, proxy.URL)...)
		if status != tt.status {
			t.Errorf("%s: exit status %d, want %d: %s; stderr: %s", tt.name, status, tt.status, tt.why, stderr)
		}
	}
}

func TestRequestCarriesTokenAndHeaders(t *testing.T) {
	addr := freeAddr(t)
	requests := make(chan http.Header, 1)
	proxy := runningProxy(t, addr, func(req *http.Request) { requests <- req.Header.Clone() })
	_, stderr, status := wrapprobe(t, "-listen", addr, "-scenarios", "echo", "-upgrade", "chat", "-header", "X-Key: one", "-header", "X-Key: two", proxy.URL)
	if status != 0 {
		t.Fatalf("exit status %d, want 0; stderr: %s", status, stderr)
	}
	got := <-requests
	if got.Get("Upgrade") != "chat" {
		t.Errorf("Upgrade is %q, want chat", got.Get("Upgrade"))
	}
	if diff := cmp.Diff([]string{"one", "two"}, got["X-Key"]); diff != "" {
		t.Errorf("X-Key (-want +got):\n%s", diff)
	}
}

// nginx drops the Upgrade field unless it is configured to pass it on.
func TestProxyThatDropsUpgradeIsNamed(t *testing.T) {
	addr := freeAddr(t)
	proxy := runningProxy(t, addr, func(req *http.Request) { req.Header.Del("Upgrade"); req.Header.Del("Connection") })
	rep, status := probeJSON(t, "-listen", addr, "-scenarios", "echo", proxy.URL)
	if r := rep.Scenarios[0].Runs[0]; status != 1 || r.Fault != probe.Refused || !strings.Contains(r.Finding, "without its Upgrade header") {
		t.Errorf("exit status %d, result %+v, want 1, and that the Upgrade header is missing", status, r)
	}
}

// The report says a finding that all scenarios have once.
func TestWhatIsTrueOfAllIsSaidOnce(t *testing.T) {
	addr := freeAddr(t)
	proxy := runningProxy(t, addr, func(req *http.Request) { req.Header.Del("Upgrade"); req.Header.Del("Connection") })
	stdout, stderr, status := wrapprobe(t, "-listen", addr, "-scenarios", "echo,client,backend,early,slow", proxy.URL)
	if status != 1 {
		t.Fatalf("exit status %d, want 1; stderr: %s", status, stderr)
	}
	for _, line := range []string{"without its Upgrade header", "No WebSocket, docker attach or kubectl exec can be opened"} {
		if n := strings.Count(stdout, line); n != 1 {
			t.Errorf("%q is said %d times, want once, in\n%s", line, n, stdout)
		}
	}
	_, others, _ := strings.Cut(stdout, "The same in: ")
	for _, s := range append(probe.Demo[1:], probe.ProxyScenarios...) {
		if !strings.Contains(stdout, "\n"+s.Name+" ") || !strings.Contains(others, s.Name) {
			t.Errorf("%s has no line of its own and one in common in\n%s", s.Name, stdout)
		}
	}
}
