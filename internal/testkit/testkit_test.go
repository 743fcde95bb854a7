package testkit

import (
	"bufio"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

func TestResetIsNoEOF(t *testing.T) {
	for _, secure := range []bool{false, true} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		peer, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer peer.Close()
		conn, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		if secure {
			conn = tls.Server(conn, ServerTLS())
		}
		if err := Reset(conn); err != nil {
			t.Errorf("TLS %v: Reset = %v", secure, err)
		}
		if _, err := peer.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("TLS %v: after Reset, the peer's Read = %v, want a reset", secure, err)
		}
	}
	pipe, _ := net.Pipe()
	if err := Reset(pipe); err == nil {
		t.Error("Reset of a pipe = nil, want an error")
	}
}

func TestSocketPathIsShortAndGoes(t *testing.T) {
	var path string
	t.Run("use", func(t *testing.T) {
		path = SocketPath(t)
		l, err := net.Listen("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		l.Close()
	})
	if _, err := os.Stat(filepath.Dir(path)); !os.IsNotExist(err) {
		t.Errorf("after the test, Stat = %v, want that it is gone", err)
	}
}

// The heads are those that net/http understands, over TLS too.
func TestUpgradeIsUnderstood(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, _, err := Switch(w, r.Header.Get("Upgrade"))
		if err != nil {
			t.Errorf("Switch = %v", err)
			return
		}
		defer conn.Close()
		_, _ = io.WriteString(conn, "hello") // the client sees what arrived
	}))
	server.TLS = ServerTLS()
	server.StartTLS()
	defer server.Close()
	conn, err := tls.Dial("tcp", server.Listener.Addr().String(), ClientTLS())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, UpgradeRequest("greeting")); err != nil {
		t.Fatal(err)
	}
	br := bufio.NewReader(conn)
	resp, err := http.ReadResponse(br, nil)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(br)
	if resp.StatusCode != 101 || resp.Header.Get("Upgrade") != "greeting" || string(text) != "hello" || err != nil {
		t.Errorf("the client got %s, %v, %q, %v, want 101, greeting, hello", resp.Status, resp.Header, text, err)
	}
}

// A recordingTB is a test that keeps its failures to itself.
type recordingTB struct {
	testing.TB
	cleanups []func()
	failures []string
}

func (r *recordingTB) Logf(string, ...any)       {}
func (r *recordingTB) Helper()                   {}
func (r *recordingTB) Cleanup(f func())          { r.cleanups = append(r.cleanups, f) }
func (r *recordingTB) Errorf(s string, _ ...any) { r.failures = append(r.failures, s) }

func TestLeaksAreFound(t *testing.T) {
	before := InUse()
	hold := make(chan bool)
	go func() { <-hold }()
	if more := InUse().beyond(before, -1); !strings.Contains(more, "goroutines") {
		t.Errorf("with one goroutine more, beyond = %q", more)
	}
	file, err := os.Open(".")
	if err != nil {
		t.Fatal(err)
	}
	if more := InUse().beyond(before, -1); before.Descriptors > 0 && !strings.Contains(more, "descriptors") {
		t.Errorf("with one descriptor more, beyond = %q", more)
	}
	_ = file.Close() // only opened
	kept := make([]byte, 8<<20)
	if more := InUse().beyond(before, 1<<20); !strings.Contains(more, "bytes of heap") {
		t.Errorf("with %d bytes more, beyond = %q", len(kept), more)
	}
	runtime.KeepAlive(kept)
	var r recordingTB
	before.checkReleased(&r, 0, -1, nil)
	if len(r.failures) != 1 {
		t.Errorf("CheckReleased fails with %q, want one failure: a goroutine is left", r.failures)
	}
	close(hold)
	r.failures = nil
	before.CheckReleased(&r, -1, nil)
	if len(r.failures) > 0 {
		t.Errorf("CheckReleased fails with %q, and all is released", r.failures)
	}
}

// The first connection of a process makes the poller of package runtime, which
// has descriptors and stays. A new process runs this test, since this process
// may have had connections.
func TestTheFirstConnectionIsNoLeak(t *testing.T) {
	const fresh = "TESTKIT_FRESH"
	if os.Getenv(fresh) == "" {
		self, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(self, "-test.run=^"+t.Name()+"$")
		cmd.Env = append(os.Environ(), fresh+"=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("in a new process: %v\n%s", err, out)
		}
		return
	}
	before := InUse()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	if more := InUse().beyond(before, -1); more != "" {
		t.Errorf("after the first connection: %s", more)
	}
}

// tests is an M whose Run is the function.
type tests func() int

func (run tests) Run() int { return run() }

func TestExitCodeSaysWhatIsLeftAfterAllTests(t *testing.T) {
	hold := make(chan bool)
	leaky := func(code int) tests {
		return func() int {
			go func() { <-hold }()
			return code
		}
	}
	var told strings.Builder
	if code := exitCode(leaky(0), &told, 0, nil); code != 1 || !strings.Contains(told.String(), "goroutines") {
		t.Errorf("ExitCode of tests that leave a goroutine = %d, and says %q; want 1 and the goroutine", code, told.String())
	}
	told.Reset()
	if code := exitCode(leaky(2), &told, 0, nil); code != 2 || told.Len() > 0 {
		t.Errorf("ExitCode of tests that fail = %d, and says %q; want their 2, and nothing", code, told.String())
	}
	tidy := func() { // as if it let go of what the code keeps
		select {
		case hold <- true:
		default:
		}
	}
	if code := ExitCode(leaky(0), &told, tidy); code != 0 || told.Len() > 0 {
		t.Errorf("ExitCode of tests that leave a goroutine to tidy = %d, and says %q; want 0, and nothing", code, told.String())
	}
	close(hold)
}
