package tunnel_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"slices"
	"syscall"
	"testing"
	"time"
)

func startCopiers(b *testing.B, backend string) (addrs []string) {
	for _, c := range copiers {
		l, err := c.start(backend)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { l.Close() })
		addrs = append(addrs, l.Addr().String())
	}
	return addrs
}

func cpuTime(tb testing.TB) time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// BenchmarkBulk measures the CPU time that a copier takes for a GiB from TCP to
// TCP. The copiers take turns. A ratio is that of the medians.
func BenchmarkBulk(b *testing.B) {
	const size = 512 << 20
	backend, _ := startPeer(b, "backend")
	addrs := startCopiers(b, backend)
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

// BenchmarkBursts measures the CPU time that a copier takes for a GiB in bursts
// of 256 KiB through 1,000 connections in turn. Each connection is idle before
// its burst.
func BenchmarkBursts(b *testing.B) {
	const conns, rounds = 1000, 10
	if err := allowFiles(); err != nil {
		b.Fatal(err)
	}
	backend, _ := startPeer(b, "backend")
	addrs := startCopiers(b, backend)
	times := make([][]float64, len(copiers))
	for b.Loop() {
		for i := range copiers {
			_, wait := startPeer(b, "bursts", addrs[i], fmt.Sprint(conns), fmt.Sprint(rounds))
			before := cpuTime(b)
			wait()
			const gib = float64(conns*rounds*256<<10) / (1 << 30)
			times[i] = append(times[i], (cpuTime(b)-before).Seconds()/gib)
		}
	}
	for i, c := range copiers {
		b.ReportMetric(median(times[i]), "cpu-s/GiB:"+c.name)
	}
	b.ReportMetric(median(times[0])/median(times[1]), "tunnel/io.Copy")
	b.ReportMetric(median(times[3])/median(times[2]), "tunnel.Upgrade/ReverseProxy")
}

func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	return v[len(v)/2]
}

// BenchmarkEcho measures how long 100 bytes take to the backend and back. The
// copiers take turns, in short runs on one connection each.
func BenchmarkEcho(b *testing.B) {
	backend, _ := startPeer(b, "backend")
	addrs := startCopiers(b, backend)
	conns := make([]net.Conn, len(copiers))
	readers := make([]*bufio.Reader, len(copiers))
	for i := range copiers {
		conn, br, err := upgrade(addrs[i], "echo")
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

// BenchmarkIdleMemory measures the resident memory that an idle tunnel takes
// after it was used. Each copier is a process of its own with 9,500 tunnels,
// which is what 20,000 descriptors allow.
func BenchmarkIdleMemory(b *testing.B) {
	const tunnels = 9_500
	backend, _ := startPeer(b, "backend")
	kib := make(map[string]float64)
	for b.Loop() {
		for _, c := range copiers {
			if c.name == "io.Copy" {
				continue // with its pipes, a connection takes six descriptors
			}
			addr, report := startPeer(b, "proxy", c.name, backend, fmt.Sprint(tunnels))
			_, hangUp := startPeer(b, "idlers", addr, fmt.Sprint(tunnels))
			var rss int
			if _, err := fmt.Sscan(report(), &rss); err != nil {
				b.Fatal(err)
			}
			hangUp()
			kib[c.name] = float64(rss) / tunnels / 1024
		}
	}
	for name, each := range kib {
		b.ReportMetric(each, "KiB-each:"+name)
	}
	b.ReportMetric(kib["tunnel"]/kib["ReverseProxy"], "tunnel/ReverseProxy")
	b.ReportMetric(kib["tunnel.Upgrade"]/kib["ReverseProxy"], "tunnel.Upgrade/ReverseProxy")
}
