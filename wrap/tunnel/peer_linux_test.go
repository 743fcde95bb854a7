package tunnel_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/bodywrap/bodywrap/internal/testkit"
)

// The benchmarks run the two ends of their tunnels in other processes, so that
// this process only spends CPU time on the copier. The test binary starts
// itself for each of them.

// startPeer runs a peer until wait is called or the test ends. It returns the
// first line that the peer prints. wait returns the other lines.
func startPeer(tb testing.TB, role string, args ...string) (first string, wait func() (rest string)) {
	tb.Helper()
	exe, err := os.Executable()
	if err != nil {
		tb.Fatal(err)
	}
	cmd := exec.Command(exe, args...)
	cmd.Env = append(os.Environ(), peerVariable+"="+role)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	stdin, err := cmd.StdinPipe() // a peer that serves ends when stdin is closed
	if err != nil {
		tb.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	done := false
	br := bufio.NewReader(out)
	wait = func() string {
		if done {
			return ""
		}
		done = true
		stdin.Close()
		rest, _ := io.ReadAll(br) // Wait returns the error
		if err := cmd.Wait(); err != nil {
			tb.Errorf("%s: %v", role, err)
		}
		return string(rest)
	}
	tb.Cleanup(func() { wait() })
	first, err = br.ReadString('\n')
	if err != nil {
		tb.Fatalf("%s: %v", role, err)
	}
	return strings.TrimSpace(first), wait
}

func runPeer(role string, args []string) error {
	switch role {
	case "backend":
		return runBackend()
	case "proxy":
		return runProxy(args[0], args[1])
	case "nobody's proxy":
		if err := becomeNobody(); err != nil {
			return err
		}
		return runProxy(args[0], args[1])
	case "idlers":
		return runIdlers(args[0], args[1])
	case "sender":
		return runSender(args[0], args[1])
	case "bursts":
		return runBursts(args[0], args[1], args[2])
	}
	return fmt.Errorf("no such role")
}

// runBackend accepts upgrades on an address that it prints. In the protocol
// "echo" it sends back what it reads. In any other it only counts the bytes,
// and sends their number at the end.
func runBackend() error {
	if err := allowFiles(); err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(l.Addr())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		l.Close()
	}()
	for {
		conn, err := l.Accept()
		if err != nil {
			return nil
		}
		go serveBytes(conn)
	}
}

func serveBytes(conn net.Conn) {
	defer conn.Close()
	br := bufio.NewReader(conn)
	req, err := http.ReadRequest(br)
	if err != nil {
		return
	}
	protocol := req.Header.Get("Upgrade")
	if _, err := io.WriteString(conn, testkit.Switching(protocol)); err != nil {
		return
	}
	total, buf := 0, make([]byte, 256<<10)
	for {
		n, err := br.Read(buf)
		total += n
		if err != nil {
			fmt.Fprintf(conn, "%d\n", total)
			return
		}
		if protocol == "echo" {
			if _, err := conn.Write(buf[:n]); err != nil {
				return
			}
		}
	}
}

// upgrade opens a tunnel for protocol through the proxy at addr.
func upgrade(addr, protocol string) (net.Conn, *bufio.Reader, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, nil, err
	}
	if _, err := io.WriteString(conn, testkit.UpgradeRequest(protocol)); err != nil {
		return nil, nil, err
	}
	br := bufio.NewReaderSize(conn, 512)
	resp, err := http.ReadResponse(br, nil)
	if err != nil {
		return nil, nil, err
	}
	if resp.StatusCode != http.StatusSwitchingProtocols {
		return nil, nil, fmt.Errorf("the proxy answered %s", resp.Status)
	}
	return conn, br, nil
}

// runSender sends size bytes, half-closes, and checks that the backend has read
// all of them. It prints how many seconds that took.
func runSender(addr, size string) error {
	conn, br, err := upgrade(addr, "swallow")
	if err != nil {
		return err
	}
	defer conn.Close()
	n, err := strconv.Atoi(size)
	if err != nil {
		return err
	}
	block := bytes.Repeat([]byte("0123456789abcdef"), 16<<10)
	start := time.Now()
	for left := n; left > 0; left -= len(block) {
		if _, err := conn.Write(block); err != nil {
			return err
		}
	}
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		return err
	}
	got, err := br.ReadString('\n')
	if err != nil {
		return err
	}
	if strings.TrimSpace(got) != size {
		return fmt.Errorf("the backend read %q bytes, want %s", got, size)
	}
	fmt.Println(time.Since(start).Seconds())
	return nil
}

// runBursts opens count tunnels. In each round it sends a burst of 256 KiB
// through each tunnel in turn. It checks that the backend has read all bytes.
func runBursts(addr, count, rounds string) error {
	if err := allowFiles(); err != nil {
		return err
	}
	n, err := strconv.Atoi(count)
	if err != nil {
		return err
	}
	times, err := strconv.Atoi(rounds)
	if err != nil {
		return err
	}
	type opened struct {
		net.Conn
		br *bufio.Reader
	}
	conns := make([]opened, n)
	for i := range conns {
		conn, br, err := upgrade(addr, "swallow")
		if err != nil {
			return err
		}
		defer conn.Close()
		conns[i] = opened{conn, br}
	}
	fmt.Println("opened")
	if _, err := bufio.NewReader(os.Stdin).ReadByte(); err != nil && err != io.EOF {
		return err
	}
	burst := bytes.Repeat([]byte("0123456789abcdef"), 16<<10)
	for range times {
		for _, conn := range conns {
			if _, err := conn.Write(burst); err != nil {
				return err
			}
		}
	}
	for _, conn := range conns {
		if err := conn.Conn.(*net.TCPConn).CloseWrite(); err != nil {
			return err
		}
		got, err := conn.br.ReadString('\n')
		if err != nil {
			return err
		}
		if want := fmt.Sprint(times * len(burst)); strings.TrimSpace(got) != want {
			return fmt.Errorf("the backend read %q bytes, want %s", got, want)
		}
	}
	return nil
}
