package tunnel_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/bodywrap/bodywrap/wrap/tunnel"
)

// A copier is a way to serve connections to the backend.
type copier struct {
	name string
	// serve returns the address of a proxy to backend.
	serve func(tb testing.TB, backend string) string
}

var (
	tunnelCopier  = copier{"tunnel", func(tb testing.TB, b string) string { return serveRaw(tb, b, joinTunnel) }}
	spliceCopier  = copier{"io.Copy", func(tb testing.TB, b string) string { return serveRaw(tb, b, joinCopy) }}
	reverseCopier = copier{"ReverseProxy", serveReverseProxy}
	upgradeCopier = copier{"tunnel.Upgrade", serveUpgrade}
)

// serveRaw is a proxy that joins whole connections, handshake and all.
func serveRaw(tb testing.TB, backend string, join func(client, backend *net.TCPConn)) string {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { l.Close() })
	go acceptAndJoin(l, backend, join)
	return l.Addr().String()
}

func acceptAndJoin(l net.Listener, backend string, join func(client, backend *net.TCPConn)) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		b, err := net.Dial("tcp", backend)
		if err != nil {
			c.Close()
			continue
		}
		go join(c.(*net.TCPConn), b.(*net.TCPConn))
	}
}

func joinTunnel(client, backend *net.TCPConn) {
	_, _ = tunnel.Copy(context.Background(), client, backend, nil) // the sender checks what arrives
}

func joinCopy(client, backend *net.TCPConn) {
	defer client.Close()
	defer backend.Close()
	done := make(chan struct{})
	go copyAndFinish(done, backend, client)
	copyAndFinish(nil, client, backend)
	<-done
}

func copyAndFinish(done chan<- struct{}, dst, src *net.TCPConn) {
	_, _ = io.Copy(dst, src) // the sender checks what arrives
	_ = dst.CloseWrite()
	if done != nil {
		close(done)
	}
}

func serveReverseProxy(tb testing.TB, backend string) string {
	rp := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: backend})
	rp.Transport = &http.Transport{}
	srv := httptest.NewServer(rp)
	tb.Cleanup(srv.Close)
	return srv.Listener.Addr().String()
}

func serveUpgrade(tb testing.TB, backend string) string {
	tr := &http.Transport{}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		out := r.Clone(r.Context())
		out.URL.Scheme, out.URL.Host, out.RequestURI = "http", backend, ""
		resp, err := tr.RoundTrip(out)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		_, _ = tunnel.Upgrade(w, r, resp, nil) // the sender checks what arrives
	}))
	tb.Cleanup(srv.Close)
	return srv.Listener.Addr().String()
}

func cpuTime(tb testing.TB) time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// BenchmarkBulk is the processor time that a copier takes for a GiB from TCP to
// TCP. The copiers take turns; a ratio is that of the medians.
func BenchmarkBulk(b *testing.B) {
	const size = 512 << 20
	backend, _ := startPeer(b, "backend")
	copiers := []copier{tunnelCopier, spliceCopier, reverseCopier, upgradeCopier}
	addrs := make([]string, len(copiers))
	for i, c := range copiers {
		addrs[i] = c.serve(b, backend)
	}
	times := make([][]float64, len(copiers))
	for b.Loop() {
		for i := range copiers {
			before := cpuTime(b)
			_, wait := startPeer(b, "sender", addrs[i], fmt.Sprint(size))
			wait()
			times[i] = append(times[i], (cpuTime(b)-before).Seconds()*(1<<30)/size)
		}
	}
	for i, c := range copiers {
		b.ReportMetric(median(times[i]), "cpu-s/GiB:"+c.name)
	}
	b.ReportMetric(median(times[0])/median(times[1]), "tunnel/io.Copy")
	b.ReportMetric(median(times[0])/median(times[2]), "tunnel/ReverseProxy")
	b.ReportMetric(median(times[3])/median(times[2]), "tunnel.Upgrade/ReverseProxy")
}

func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	return v[len(v)/2]
}

// BenchmarkEcho is the latency of 100 bytes there and back. The copiers take
// turns, in short runs on a connection each.
func BenchmarkEcho(b *testing.B) {
	backend, _ := startPeer(b, "backend")
	copiers := []copier{tunnelCopier, spliceCopier, reverseCopier, upgradeCopier}
	conns := make([]net.Conn, len(copiers))
	readers := make([]*bufio.Reader, len(copiers))
	for i, c := range copiers {
		conn, br, err := upgrade(c.serve(b, backend), "echo")
		if err != nil {
			b.Fatal(err)
		}
		defer conn.Close()
		conns[i], readers[i] = conn, br
	}
	message, answer := bytes.Repeat([]byte("e"), 100), make([]byte, 100)
	times := make([][]float64, len(copiers))
	for b.Loop() {
		for i := range copiers {
			for range 100 {
				before := time.Now()
				if _, err := conns[i].Write(message); err != nil {
					b.Fatal(err)
				}
				if _, err := io.ReadFull(readers[i], answer); err != nil {
					b.Fatal(err)
				}
				times[i] = append(times[i], float64(time.Since(before).Microseconds()))
			}
		}
	}
	for i, c := range copiers {
		b.ReportMetric(median(times[i]), "p50-us:"+c.name)
	}
	b.ReportMetric(median(times[0])/median(times[2]), "tunnel/ReverseProxy")
	b.ReportMetric(median(times[3])/median(times[2]), "tunnel.Upgrade/ReverseProxy")
}
