package interop

import (
	"bytes"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"text/template"
	"time"
)

// A daemon is another project's program that runs as a proxy for one test.
type daemon struct {
	program string
	version []string // arguments with which it prints its version
	config  string   // file in testdata: a template that gets a place
	args    func(config string) []string
}

// A place has the folder and the addresses of a running daemon.
type place struct {
	Dir     string // for the files that the daemon writes
	Listen  string // address on which the daemon listens
	Backend string // address of the daemon's backend
}

// path finds the program, or skips the test.
func (d daemon) path(t *testing.T) string {
	t.Helper()
	for _, name := range []string{d.program, "/usr/sbin/" + d.program} { // some users do not have sbin in PATH
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skipf("%[1]s is not installed (Debian: apt-get install %[1]s)", d.program)
	return ""
}

// says returns the first line that the program prints about its version.
func (d daemon) says(t *testing.T) string {
	t.Helper()
	out, err := exec.Command(d.path(t), d.version...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", d.program, strings.Join(d.version, " "), err, out)
	}
	line, _, _ := strings.Cut(string(out), "\n")
	return strings.TrimSpace(line)
}

// start runs the daemon in front of backend until the test ends.
func (d daemon) start(t *testing.T, backend string) *url.URL {
	t.Helper()
	path := d.path(t)
	// Another program may take the port before the daemon does.
	for range 3 {
		at := place{t.TempDir(), freeAddress(t), backend}
		p := d.run(t, path, at)
		if p.awaitReady(at.Listen) {
			return &url.URL{Scheme: "http", Host: at.Listen, Path: "/"}
		}
		t.Logf("%s did not start: %v\n%s", d.program, p.err, p.output())
	}
	t.Fatalf("%s does not start", d.program)
	return nil
}

func freeAddress(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

func (d daemon) run(t *testing.T, path string, at place) *process {
	t.Helper()
	conf, err := template.ParseFiles(filepath.Join("testdata", d.config))
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := conf.Execute(&text, at); err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(at.Dir, d.config)
	if err := os.WriteFile(config, text.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, d.args(config)...)
	cmd.Dir = at.Dir
	cmd.Env = append(os.Environ(), "HOME="+at.Dir, "XDG_CONFIG_HOME="+at.Dir, "XDG_DATA_HOME="+at.Dir)
	p := &process{cmd: cmd, started: make(chan struct{}), over: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = p, p
	go p.supervise()
	<-p.started
	t.Cleanup(func() {
		p.stop()
		if t.Failed() {
			t.Logf("output of %s:\n%s", d.program, p.output())
		}
	})
	return p
}

// A process is a program that runs or has ended.
type process struct {
	cmd     *exec.Cmd
	started chan struct{} // closed when the program was started, or could not be
	over    chan struct{} // closed when the program has ended
	err     error         // how it ended; to read after over

	mu  sync.Mutex
	out bytes.Buffer // guarded by mu
}

// supervise starts the program and waits for its end, both on one thread. The
// kernel ends the program when that thread ends. So the program ends with the
// test, even if that crashes.
func (p *process) supervise() {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer close(p.over)
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	p.err = p.cmd.Start()
	close(p.started)
	if p.err == nil {
		p.err = p.cmd.Wait()
	}
}

// awaitReady waits until something accepts connections at addr, and reports
// whether it does before the program ends.
func (p *process) awaitReady(addr string) bool {
	for by := time.Now().Add(patience); time.Now().Before(by); {
		conn, err := net.Dial("tcp", addr)
		if err == nil {
			_ = conn.Close() // nothing was sent
			return true
		}
		select {
		case <-p.over:
			return false
		case <-time.After(10 * time.Millisecond):
		}
	}
	p.stop()
	return false
}

func (p *process) stop() {
	if p.cmd.Process == nil {
		return
	}
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // fails if the program has ended
	select {
	case <-p.over:
	case <-time.After(patience):
		_ = p.cmd.Process.Kill()
		<-p.over
	}
}

func (p *process) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.out.Write(b)
}

func (p *process) output() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.out.String()
}
