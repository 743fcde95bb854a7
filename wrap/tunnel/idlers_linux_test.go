package tunnel_test

import (
	"fmt"
	"io"
	"net"
	"os"
	"runtime/debug"
	"strconv"
	"syscall"
)

// allowFiles raises the limit on descriptors as far as it goes.
func allowFiles() error {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	limit.Cur = limit.Max
	return syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit)
}

// runProxy serves with the copier of that name, and prints the copier's
// address. When standard input ends, it prints by how many bytes its resident
// memory has grown.
func runProxy(name, backend string) error {
	if err := allowFiles(); err != nil {
		return err
	}
	for _, c := range copiers {
		if c.name != name {
			continue
		}
		l, err := c.start(backend)
		if err != nil {
			return err
		}
		before, err := resident()
		if err != nil {
			return err
		}
		fmt.Println(l.Addr())
		_, _ = io.Copy(io.Discard, os.Stdin)
		after, err := resident()
		fmt.Println(after - before)
		return err
	}
	return fmt.Errorf("no copier %q", name)
}

// resident returns the bytes of memory that are resident after garbage
// collection.
func resident() (int, error) {
	debug.FreeOSMemory()
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0, err
	}
	var size, pages int
	_, err = fmt.Sscan(string(statm), &size, &pages)
	return pages * os.Getpagesize(), err
}

// runIdlers opens count tunnels and uses each once. Then it leaves them idle
// until standard input ends.
func runIdlers(addr, count string) error {
	if err := allowFiles(); err != nil {
		return err
	}
	n, err := strconv.Atoi(count)
	if err != nil {
		return err
	}
	conns := make([]net.Conn, 0, n)
	for range n {
		conn, br, err := upgrade(addr, "echo")
		if err != nil {
			return err
		}
		if _, err := conn.Write([]byte("used")); err != nil {
			return err
		}
		if _, err := io.ReadFull(br, make([]byte, 4)); err != nil {
			return err
		}
		conns = append(conns, conn)
	}
	fmt.Println("idle")
	_, _ = io.Copy(io.Discard, os.Stdin)
	for _, conn := range conns {
		conn.Close()
	}
	return nil
}
