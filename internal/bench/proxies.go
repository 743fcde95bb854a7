package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"

	"github.com/bodywrap/bodywrap/wrap"
	"github.com/bodywrap/bodywrap/wrap/tunnel"
)

// proxyNames are the contestants. The others are compared with the first. Those
// before nginx are this program. tunnel.Copy, io.Copy and io.CopyBuffer know
// nothing of HTTP: they pass on the bytes of a connection as they are.
var proxyNames = []string{
	"ReverseProxy", "with wrap.Body, counting", "with wrap.Done", "with otelhttp",
	"tunnel.Upgrade", "tunnel.Upgrade with Done",
	"tunnel.Copy", "tunnel.Copy with Done", "tunnel.Copy, bytes hooked",
	"io.Copy twice", "io.CopyBuffer twice, no splice",
	"nginx", "haproxy", "haproxy, TCP with splice",
}

// upgradesOnly reports whether that proxy cannot serve ordinary requests.
func upgradesOnly(name string) bool { return strings.HasPrefix(name, "tunnel.Upgrade") }

// descriptorsFor returns how many descriptors that proxy needs for an upgraded
// connection on which nothing moves.
func descriptorsFor(name string) int {
	if name == "io.Copy twice" {
		return 6 // in each direction, splice holds a pipe while it waits
	}
	return 2
}

// backendName starts a backend for upgraded connections. It is a process of its
// own, since it needs a descriptor for each connection too.
const backendName = "backend"

// serveProxy serves as the proxy of that name until standard input ends.
func serveProxy(name, backend string) error {
	if name == backendName {
		l, err := upgradeBackend()
		if err != nil {
			return err
		}
		return untilStopped(l.Addr())
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	if join := copiers[name]; join != nil {
		go acceptAndJoin(l, backend, join)
		return untilStopped(l.Addr())
	}
	proxy := &httputil.ReverseProxy{
		Rewrite:   func(pr *httputil.ProxyRequest) { pr.SetURL(&url.URL{Scheme: "http", Host: backend}) },
		Transport: &http.Transport{MaxIdleConnsPerHost: 100},
		ErrorLog:  log.New(io.Discard, "", 0),
	}
	hook := func(h wrap.Hooks) func(*http.Response) error {
		return func(resp *http.Response) error {
			resp.Body = wrap.Body(resp.Body, h)
			return nil
		}
	}
	handler := http.Handler(proxy)
	switch name {
	case "ReverseProxy":
	case "with wrap.Body, counting":
		proxy.ModifyResponse = hook(counting)
	case "with wrap.Done":
		proxy.ModifyResponse = hook(done)
	case "with otelhttp":
		proxy.Transport = otelhttp.NewTransport(proxy.Transport)
	case "tunnel.Upgrade":
		handler = tunnelProxy{proxy.Transport, backend, nil}
	case "tunnel.Upgrade with Done":
		handler = tunnelProxy{proxy.Transport, backend, []wrap.Hooks{done}}
	default:
		return fmt.Errorf("no proxy is named %q", name)
	}
	go func() { _ = http.Serve(l, handler) }() // ends with the process
	return untilStopped(l.Addr())
}

// untilStopped prints the address of this proxy and of its admin server, and
// waits until standard input ends.
func untilStopped(addr net.Addr) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	go func() { _ = http.Serve(l, http.HandlerFunc(serveGoroutines)) }() // ends with the process
	fmt.Println(addr, l.Addr())
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

// serveGoroutines collects garbage, and answers with the number of goroutines.
func serveGoroutines(w http.ResponseWriter, r *http.Request) {
	runtime.GC()
	fmt.Fprint(w, runtime.NumGoroutine())
}

// tunnelProxy is a hand-written proxy that only serves upgraded connections.
type tunnelProxy struct {
	transport http.RoundTripper
	backend   string
	hooks     []wrap.Hooks
}

func (p tunnelProxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	out := r.Clone(r.Context())
	out.URL = &url.URL{Scheme: "http", Host: p.backend, Path: r.URL.Path}
	out.RequestURI = ""
	resp, err := p.transport.RoundTrip(out)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	resp.Body = wrap.Body(resp.Body, p.hooks...)
	_, _ = tunnel.Upgrade(w, r, resp, nil) // the client sees any failure
}

// A proxy is a process that passes requests on to a backend.
type proxy struct {
	name  string
	addr  string
	admin string // address of serveGoroutines; empty if the proxy is not this program
	cmd   *exec.Cmd
	stop  func()
}

// startProxy starts the proxy of that name. Its error wraps exec.ErrNotFound if
// the program is not installed.
func startProxy(name, backend string) (*proxy, error) {
	switch name {
	case "nginx":
		return startNginx(backend)
	case "haproxy":
		return startHAProxy(backend, "maxconn 9950", "mode http\n\toption http-keep-alive")
	case "haproxy, TCP with splice":
		return startHAProxy(backend, "maxconn 1000\n\tmaxpipes 500", "mode tcp\n\toption splice-auto")
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self, "-serve", name, "-backend", backend)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &proxy{cmd: cmd, stop: func() { in.Close(); _ = cmd.Wait() }}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		p.stop()
		return nil, fmt.Errorf("%s does not start: %w", name, err)
	}
	p.addr, p.admin, _ = strings.Cut(strings.TrimSpace(line), " ")
	return p, nil
}

const nginxConf = `daemon off; master_process off; error_log stderr crit; pid %[1]s/pid;
events { worker_connections 60000; }
http {
	access_log off; client_body_temp_path %[1]s/b; proxy_temp_path %[1]s/p;
	fastcgi_temp_path %[1]s/f; uwsgi_temp_path %[1]s/u; scgi_temp_path %[1]s/s;
	upstream backend { server %[3]s; keepalive 100; }
	map $http_upgrade $conn { default upgrade; "" ""; }
	server {
		listen %[2]s;
		keepalive_requests 1000000;
		location / {
			proxy_pass http://backend; proxy_http_version 1.1; proxy_read_timeout 1h;
			proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $conn;
		}
	}
}
`

const haproxyConf = `global
	%[4]s
	nbthread 2
defaults
	%[5]s
	timeout connect 10s
	timeout client 1h
	timeout server 1h
	timeout tunnel 1h
frontend f
	bind %[2]s
	default_backend b
backend b
	server s %[3]s
`

func startNginx(backend string) (*proxy, error) {
	return startProgram("nginx", nginxConf, backend, nil, func(conf, dir string) []string {
		return []string{"-c", conf, "-p", dir}
	})
}

func startHAProxy(backend, limits, mode string) (*proxy, error) {
	return startProgram("haproxy", haproxyConf, backend, []string{limits, mode}, func(conf, dir string) []string {
		return []string{"-db", "-q", "-f", conf}
	})
}

func startProgram(name, conf, backend string, more []string, args func(conf, dir string) []string) (*proxy, error) {
	program, err := exec.LookPath(name)
	if err != nil {
		if program, err = exec.LookPath("/usr/sbin/" + name); err != nil {
			return nil, fmt.Errorf("%s: %w", name, exec.ErrNotFound)
		}
	}
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	addr := l.Addr().String()
	l.Close()
	file := filepath.Join(dir, "conf")
	values := []any{dir, addr, backend}
	for _, v := range more {
		values = append(values, v)
	}
	if err := os.WriteFile(file, fmt.Appendf(nil, conf, values...), 0o666); err != nil {
		return nil, err
	}
	cmd := exec.Command(program, args(file, dir)...)
	var complaints strings.Builder
	cmd.Stderr = &complaints
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &proxy{addr: addr, cmd: cmd, stop: func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		_ = os.RemoveAll(dir)
	}}
	for range 500 {
		conn, err := net.Dial("tcp", addr)
		if err == nil {
			conn.Close()
			return p, nil
		}
		time.Sleep(10 * time.Millisecond)
	}
	p.stop()
	return nil, fmt.Errorf("%s does not start: %s", name, complaints.String())
}

// startProxies starts the proxies of these names. It prints which programs are
// not installed, and leaves these out.
func (s *settings) startProxies(backend string, names []string) (started []*proxy, stop func(), err error) {
	stop = func() {
		for _, p := range started {
			p.stop()
		}
	}
	for _, name := range names {
		p, err := startProxy(name, backend)
		if errors.Is(err, exec.ErrNotFound) {
			fmt.Fprintf(s.out, "\n%s is not installed and takes no part.\n", name)
			continue
		}
		if err != nil {
			stop()
			return nil, nil, err
		}
		p.name = name
		started = append(started, p)
	}
	return started, stop, nil
}

func namesOf(proxies []*proxy) (names []string) {
	for _, p := range proxies {
		names = append(names, p.name)
	}
	return names
}

// cpu returns the CPU time that p has used.
func (p *proxy) cpu() (time.Duration, error) {
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", p.cmd.Process.Pid))
	if err != nil || len(files) == 0 {
		return 0, fmt.Errorf("the kernel does not tell the CPU time of %s: %v", p.name, err)
	}
	var sum time.Duration
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // the thread has ended
		}
		ns, _, _ := strings.Cut(string(text), " ")
		n, err := strconv.ParseInt(ns, 10, 64)
		if err != nil {
			return 0, err
		}
		sum += time.Duration(n)
	}
	return sum, nil
}

// resident returns p's resident memory in bytes.
func (p *proxy) resident() (float64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kb, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 64)
			return kb * 1024, err
		}
	}
	return 0, fmt.Errorf("no VmRSS of %s", p.name)
}

// goroutines returns how many goroutines p has after it has collected garbage.
// It returns false if p is not this program.
func (p *proxy) goroutines() (float64, bool) {
	if p.admin == "" {
		return 0, false
	}
	resp, err := http.Get("http://" + p.admin)
	if err != nil {
		return 0, false
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, false
	}
	n, err := strconv.ParseFloat(string(text), 64)
	return n, err == nil
}
