package main

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// upgradeBackend upgrades every connection that asks for it. On /source it
// sends until the client closes. On /answer it answers each message with as
// many bytes as the message says. It answers ordinary requests with 1 KiB.
func upgradeBackend() (net.Listener, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	go serveUpgrades(l)
	return l, nil
}

func serveUpgrades(l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		go serveConn(conn)
	}
}

// A message has messageSize bytes. The first four are the length of its answer.
const messageSize = 100

func newMessage(answer int) []byte {
	msg := make([]byte, messageSize)
	binary.BigEndian.PutUint32(msg, uint32(answer))
	return msg
}

func serveConn(conn net.Conn) {
	defer reset(conn)
	path, err := serveRequests(conn)
	if err != nil {
		return
	}
	if _, err := io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: bench\r\n\r\n"); err != nil {
		return
	}
	for path == "/source" {
		if _, err := conn.Write(block[:]); err != nil {
			return
		}
	}
	msg := make([]byte, messageSize)
	for {
		if _, err := io.ReadFull(conn, msg); err != nil {
			return
		}
		for left := int(binary.BigEndian.Uint32(msg)); left > 0; {
			n, err := conn.Write(block[:min(left, len(block))])
			if err != nil {
				return
			}
			left -= n
		}
	}
}

// serveRequests answers ordinary requests until one asks for an upgrade, and
// returns the path of that one. It is a function of its own so that its buffer
// is free during the upgrade: there can be 10,000 connections.
func serveRequests(conn net.Conn) (path string, err error) {
	br := bufio.NewReaderSize(conn, 1<<10)
	for {
		req, err := http.ReadRequest(br)
		if err != nil {
			return "", err
		}
		if req.Header.Get("Upgrade") != "" {
			return req.URL.Path, nil
		}
		if _, err := conn.Write(ordinaryResponse); err != nil {
			return "", err
		}
	}
}

var ordinaryResponse = append([]byte("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 1024\r\n\r\n"), block[:1024]...)

// reset closes conn by a reset, so that its port does not stay in TIME_WAIT.
func reset(conn net.Conn) {
	_ = conn.(*net.TCPConn).SetLinger(0)
	_ = conn.Close()
}

// upgrade opens an upgraded connection through the proxy at addr.
func upgrade(addr, path string) (net.Conn, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	_ = conn.SetDeadline(time.Now().Add(10 * time.Minute))
	fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: bench\r\nConnection: Upgrade\r\nUpgrade: bench\r\n\r\n", path)
	// The reader may hold bytes that came after the head. They are lost.
	// Only /source sends such bytes, and it sends more.
	resp, err := http.ReadResponse(bufio.NewReaderSize(conn, 512), nil)
	if err == nil && resp.StatusCode != http.StatusSwitchingProtocols {
		err = fmt.Errorf("the upgrade was answered %s", resp.Status)
	}
	if err != nil {
		reset(conn)
		return nil, err
	}
	return conn, nil
}

func upgraded(s *settings) error {
	backend, err := upgradeBackend()
	if err != nil {
		return err
	}
	defer backend.Close()
	proxies, stop, err := s.startProxies(backend.Addr().String(), proxyNames)
	if err != nil {
		return err
	}
	defer stop()
	n := len(proxies)
	rate, cost, p50, p99 := make([]sample, n), make([]sample, n), make([]sample, n), make([]sample, n)
	for turn := range s.runs + 1 {
		for i, p := range proxies {
			mib, cpu, err := p.bulk(s.slice)
			if err != nil {
				return fmt.Errorf("%s: %w", p.name, err)
			}
			echo, err := p.echo(s.slice)
			if err != nil {
				return fmt.Errorf("%s: %w", p.name, err)
			}
			if turn > 0 {
				rate[i], cost[i] = append(rate[i], mib), append(cost[i], cpu)
				p50[i], p99[i] = append(p50[i], echo.quantile(0.5)), append(p99[i], echo.quantile(0.99))
			}
		}
	}
	names := namesOf(proxies)
	s.table("An upgraded connection", names,
		column{name: "MiB/s", format: "%.0f", samples: rate},
		column{name: "CPU of the proxy, s/GiB", format: "%.2f", samples: cost},
		column{name: "echo of 100 bytes, p50 µs", format: "%.1f", samples: p50},
		column{name: "p99 µs", format: "%.1f", samples: p99})
	if err := s.bars("upgraded-cpu.svg", "Bulk through an upgraded connection", "s of CPU/GiB", names, cost); err != nil {
		return err
	}
	return s.bars("upgraded-echo.svg", "Echo of 100 bytes, p50", "µs", names, p50)
}

// bulk receives from the backend for about slice, through p.
func (p *proxy) bulk(slice time.Duration) (mibPerSecond, cpuPerGiB float64, err error) {
	conn, err := upgrade(p.addr, "/source")
	if err != nil {
		return 0, 0, err
	}
	defer reset(conn)
	buf := make([]byte, 256<<10)
	before, err := p.cpu()
	if err != nil {
		return 0, 0, err
	}
	start := time.Now()
	var got int64
	for time.Since(start) < slice {
		n, err := conn.Read(buf)
		if err != nil {
			return 0, 0, err
		}
		got += int64(n)
	}
	took := time.Since(start)
	after, err := p.cpu()
	return float64(got) / (1 << 20) / took.Seconds(), (after - before).Seconds() / (float64(got) / (1 << 30)), err
}

// echo sends echoes through p for about slice, and returns how many
// microseconds each took.
func (p *proxy) echo(slice time.Duration) (sample, error) {
	conn, err := upgrade(p.addr, "/answer")
	if err != nil {
		return nil, err
	}
	defer reset(conn)
	var took sample
	msg, answer := newMessage(messageSize), make([]byte, messageSize)
	for begin := time.Now(); time.Since(begin) < slice; {
		start := time.Now()
		if _, err := conn.Write(msg); err != nil {
			return nil, err
		}
		if _, err := io.ReadFull(conn, answer); err != nil {
			return nil, err
		}
		took = append(took, float64(time.Since(start).Nanoseconds())/1e3)
	}
	return took, nil
}
