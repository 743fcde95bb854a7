package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// serve serves a handler and returns its URL.
func serve(t *testing.T, h http.Handler) string {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL
}

// serveTLS serves h with config, which may have no certificate, and returns the
// URL.
func serveTLS(t *testing.T, h http.Handler, config *tls.Config) string {
	t.Helper()
	server := httptest.NewUnstartedServer(h)
	server.TLS = config
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // that nobody trusts it
	server.StartTLS()
	t.Cleanup(server.Close)
	return server.URL
}

// certificate returns a certificate for name that is valid up to until, and a
// file for -ca that makes the certificate trusted.
func certificate(t *testing.T, name string, until time.Time) (tls.Certificate, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2),
		NotBefore:    until.Add(-48 * time.Hour),
		NotAfter:     until,
	}
	if ip := net.ParseIP(name); ip != nil {
		template.IPAddresses = []net.IP{ip}
	} else {
		template.DNSNames = []string{name}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, file
}

// listener listens on loopback, calls conn with each connection that it
// accepts, and returns its address.
func listener(t *testing.T, conn func(net.Conn)) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			conn(c)
		}
	}()
	return ln.Addr().String()
}

// When nothing comes through, the message says what to do.
func TestWhatToDoWhenNothingComesThrough(t *testing.T) {
	t.Parallel()
	addr := freeAddr(t)
	h := reverseProxy(addr, ignore)
	soon := time.Now().Add(24 * time.Hour)
	unknown, _ := certificate(t, "127.0.0.1", soon)
	elsewhere, trustElsewhere := certificate(t, "example.com", soon)
	expired, trustExpired := certificate(t, "127.0.0.1", time.Now().Add(-time.Hour))
	with := func(c tls.Certificate) *tls.Config { return &tls.Config{Certificates: []tls.Certificate{c}} }
	plain := strings.TrimPrefix(serve(t, h), "http://")
	hangsUp := listener(t, func(c net.Conn) { _ = c.Close() })
	silent := listener(t, func(c net.Conn) { t.Cleanup(func() { _ = c.Close() }) })
	tests := []struct {
		why  string
		args []string
		says []string
	}{
		{"nobody trusts the certificate", []string{serveTLS(t, h, with(unknown))},
			[]string{"no TLS with the proxy", "unknown authority", "-ca", "-insecure"}},
		{"the certificate is another's", []string{"-ca", trustElsewhere, serveTLS(t, h, with(elsewhere))},
			[]string{"no TLS with the proxy", "a name that is in the certificate", "-insecure"}},
		{"the certificate has expired", []string{"-ca", trustExpired, serveTLS(t, h, with(expired))},
			[]string{"no TLS with the proxy", "renew the proxy's certificate", "-insecure"}},
		{"the proxy wants a certificate", []string{"-insecure", serveTLS(t, h, &tls.Config{ClientAuth: tls.RequireAnyClientCert})},
			[]string{"without a client certificate"}},
		{"the proxy has no TLS version of ours", []string{"-insecure", serveTLS(t, h, &tls.Config{MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10})},
			[]string{"have it accept TLS 1.2 or 1.3"}},
		{"TLS to a port that speaks plain HTTP", []string{"https://" + plain},
			[]string{"no TLS with the proxy", "it does not speak TLS there: give the URL with http"}},
		{"TLS to a port that hangs up", []string{"https://" + hangsUp},
			[]string{"no TLS with the proxy", "if it speaks plain HTTP there, the URL with http"}},
		{"TLS to a port that says nothing", []string{"-timeout", "300ms", "https://" + silent},
			[]string{"no TLS with the proxy", "if it speaks plain HTTP there, the URL with http"}},
		{"plain HTTP to a port that speaks TLS", []string{strings.Replace(serveTLS(t, h, nil), "https:", "http:", 1)},
			[]string{"it speaks TLS there: give the URL with https"}},
		{"nobody listens", []string{"http://" + freeAddr(t)},
			[]string{"no connection to the proxy", "refused", "start the proxy there"}},
		{"nobody can have the name", []string{"http://nobody..invalid"},
			[]string{"no connection to the proxy", "a name that can be looked up"}},
		{"the proxy hangs up", []string{"http://" + hangsUp},
			[]string{"did not connect to the backend at " + addr, "have it pass requests for / on to http://" + addr}},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			checkNothingCame(t, tt.says, append([]string{"-listen", addr, "-scenarios", "echo"}, tt.args...)...)
		})
	}
}

// checkNothingCame runs the command, which must find that nothing comes
// through.
func checkNothingCame(t *testing.T, says []string, args ...string) {
	t.Helper()
	stdout, stderr, status := wrapprobe(t, args...)
	if status != 3 || stdout != "" || strings.Count(stderr, "\n") != 1 {
		t.Errorf("exit status %d, stdout %q, stderr %q; want 3, none, and one line", status, stdout, stderr)
	}
	for _, want := range says {
		if !strings.Contains(stderr, want) {
			t.Errorf("stderr %q lacks %q", stderr, want)
		}
	}
}

// The message also names faults between the proxy and wrapprobe's backend.
func TestWhatToDoWhenTheProxyDoesNotReachTheBackend(t *testing.T) {
	t.Parallel()
	addr, identity := freeAddr(t), filepath.Join(t.TempDir(), "backend.pem")
	to := func(scheme string, config *tls.Config) string {
		rp := reverseProxy(addr, ignore)
		rewrite := rp.Rewrite
		rp.Rewrite = func(r *httputil.ProxyRequest) {
			rewrite(r)
			r.Out.URL.Scheme = scheme
		}
		transport := &http.Transport{TLSClientConfig: config}
		t.Cleanup(transport.CloseIdleConnections)
		rp.Transport = transport
		return serve(t, rp)
	}
	http2 := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if conn, err := net.Dial("tcp", addr); err == nil {
			_, _ = io.WriteString(conn, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
			_, _ = io.Copy(io.Discard, conn) // until it has been read
			_ = conn.Close()
		}
		w.WriteHeader(http.StatusBadGateway)
	}))
	tests := []struct {
		why  string
		args []string
		says []string
	}{
		{"TLS to a backend without", []string{to("https", nil)},
			[]string{"connected to the backend at " + addr + ", but speaks TLS to it", "serve TLS with -listen-tls"}},
		{"no TLS to a backend with", []string{"-listen-tls", identity, to("http", nil)},
			[]string{"does not speak TLS to it", "https://" + addr, "leave -listen-tls out"}},
		{"the proxy does not trust the backend", []string{"-listen-tls", identity, to("https", nil)},
			[]string{"ended the TLS handshake with it", "trust the certificate in " + identity}},
		{"HTTP/2", []string{http2}, []string{"speaks HTTP/2 to it", "have it speak HTTP/1.1"}},
	}
	for _, tt := range tests {
		t.Run(tt.why, func(t *testing.T) {
			checkNothingCame(t, tt.says, append([]string{"-listen", addr, "-scenarios", "echo"}, tt.args...)...)
		})
	}
}

// With -listen-tls, the backend has a certificate that the proxy can verify. It
// stays the same from one run to the next.
func TestBackendServesTLS(t *testing.T) {
	t.Parallel()
	addr, identity := freeAddr(t), filepath.Join(t.TempDir(), "backend.pem")
	var verified atomic.Int32
	probeTrusting := func(roots *x509.CertPool) (stdout, stderr string, status int) {
		transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, VerifyConnection: func(s tls.ConnectionState) error {
			if len(s.VerifiedChains) > 0 {
				verified.Add(1)
			}
			return nil
		}}}
		t.Cleanup(transport.CloseIdleConnections)
		proxy := serve(t, &httputil.ReverseProxy{
			Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(&url.URL{Scheme: "https", Host: addr}) },
			Transport: transport,
			ErrorLog:  log.New(io.Discard, "", 0),
		})
		return wrapprobe(t, "-listen", addr, "-listen-tls", identity, "-scenarios", "echo,client closes,backend closes,backend resets,refused", proxy)
	}
	if _, stderr, status := probeTrusting(x509.NewCertPool()); status != 3 { // it makes the file, which nobody trusts yet
		t.Errorf("exit status %d with a certificate that is not trusted, want 3; stderr: %s", status, stderr)
	}
	made, err := os.ReadFile(identity)
	roots := x509.NewCertPool()
	if err != nil || !roots.AppendCertsFromPEM(made) {
		t.Fatalf("no certificate was made: %v", err)
	}
	if info, err := os.Stat(identity); err != nil || info.Mode().Perm()&0o077 != 0 {
		t.Errorf("the file with the key: %v, %v; want it for its owner alone", info, err)
	}
	if stdout, stderr, status := probeTrusting(roots); status != 0 {
		t.Errorf("exit status %d with a certificate that is trusted, want 0\n%s%s", status, stdout, stderr)
	}
	if again, err := os.ReadFile(identity); err != nil || string(again) != string(made) {
		t.Errorf("the file has changed in the second run (%v)", err)
	}
	if verified.Load() == 0 {
		t.Error("the proxy has verified no certificate")
	}
}

func TestFilesForTLSThatAreNone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name string, content []byte) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	cert, _ := certificate(t, "127.0.0.1", time.Now().Add(-time.Hour))
	key, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	old := append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Certificate[0]}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})...)
	for file, says := range map[string]string{
		write("empty.pem", nil):                   "empty.pem",
		write("old.pem", old):                     "expired",
		filepath.Join(dir, "missing", "some.pem"): "missing",
		dir: dir,
	} {
		checkMisuse(t, says, "-listen", "127.0.0.1:0", "-listen-tls", file, "http://127.0.0.1:1")
	}
}
