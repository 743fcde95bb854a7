package tunnel_test

import (
	"fmt"
	"os"
	"syscall"
	"testing"
)

// nobody is the id of a user without privileges.
const nobody = 65534

// becomeNobody makes this process one of an unprivileged user if it is root's:
// the kernel does not limit the size of root's pipes.
func becomeNobody() error {
	if os.Getuid() != 0 {
		return nil
	}
	if err := syscall.Setgroups(nil); err != nil {
		return err
	}
	if err := syscall.Setgid(nobody); err != nil {
		return err
	}
	return syscall.Setuid(nobody)
}

// BenchmarkUnprivileged measures how long a copier of an unprivileged user
// takes for a GiB, with and without 200 idle tunnels in the same process. Both
// settings and all copiers take turns. A ratio is that of the medians.
func BenchmarkUnprivileged(b *testing.B) {
	const (
		size  = 512 << 20
		idle  = 200
		alone = 0
		among = 1
	)
	backend, _ := startPeer(b, "backend")
	measured := copiers[:2]
	addrs := make([]string, len(measured))
	for i, c := range measured {
		addrs[i], _ = startPeer(b, "nobody's proxy", c.name, backend)
	}
	times := make([][2][]float64, len(measured))
	bulk := func(i, which int) {
		took, wait := startPeer(b, "sender", addrs[i], fmt.Sprint(size))
		wait()
		var seconds float64
		if _, err := fmt.Sscan(took, &seconds); err != nil {
			b.Fatal(err)
		}
		times[i][which] = append(times[i][which], seconds*(1<<30)/size)
	}
	for b.Loop() {
		for i := range measured {
			bulk(i, alone)
			_, hangUp := startPeer(b, "idlers", addrs[i], fmt.Sprint(idle))
			bulk(i, among)
			hangUp()
		}
	}
	for i, c := range measured {
		before, with := median(times[i][alone]), median(times[i][among])
		b.ReportMetric(before, "s/GiB:"+c.name)
		b.ReportMetric(with, "s/GiB-with-idle:"+c.name)
		b.ReportMetric(with/before, c.name+":with/without")
	}
}
