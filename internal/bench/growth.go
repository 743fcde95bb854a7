package main

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"slices"
	"sync"
	"time"

	"gonum.org/v1/plot/plotter"
)

// A quantity is a figure of a proxy with many connections.
type quantity struct {
	name, format string
	plot         string // file name of the plot; no plot if empty
	exact        bool   // as in column
}

const (
	idleMemory = iota
	idleGoroutines
	echoRate
	echoCPU
	bulkRate
	bulkCPU
	responseRate
	responseCPU
)

var quantities = []quantity{
	idleMemory:     {"an idle upgraded connection, resident KiB of the proxy", "%.1f", "growth-idle.svg", false},
	idleGoroutines: {"an idle upgraded connection, goroutines of the proxy", "%.1f", "", true},
	echoRate:       {"echoes of 100 bytes a second", "%.0f", "", false},
	echoCPU:        {"an echo of 100 bytes, CPU µs of the proxy", "%.1f", "growth-echo.svg", false},
	bulkRate:       {"answers of 256 KiB, MiB/s", "%.0f", "", false},
	bulkCPU:        {"answers of 256 KiB, CPU s/GiB of the proxy", "%.2f", "growth-bulk.svg", false},
	responseRate:   {"ordinary responses of 1 KiB a second", "%.0f", "", false},
	responseCPU:    {"an ordinary response of 1 KiB, CPU µs of the proxy", "%.1f", "growth-response.svg", false},
}

// growthNames has no contestants that only differ from another for bulk.
var growthNames = slices.DeleteFunc(slices.Clone(proxyNames), func(name string) bool {
	switch name {
	case "with wrap.Body, counting", "tunnel.Upgrade with Done", "tunnel.Copy with Done", "tunnel.Copy, bytes hooked", "io.CopyBuffer twice, no splice", "haproxy, TCP with splice":
		return true
	}
	return false
})

// atWork is how many connections are in use at the same time. The others are
// idle until it is their turn. If all were in use at once, growth would measure
// how the kernel's buffers fill.
const atWork = 64

// growth measures proxies with 1 to 10,000 connections. Each run has a process
// of its own, since memory that was freed stays resident.
func growth(s *settings) error {
	s.growingCalls()
	backend, err := startProxy(backendName, "")
	if err != nil {
		return err
	}
	defer backend.stop()
	samples := make([][][]sample, len(quantities)) // by quantity, number of connections, and proxy
	for q := range samples {
		samples[q] = make([][]sample, len(s.conns))
		for k := range s.conns {
			samples[q][k] = make([]sample, len(growthNames))
		}
	}
	absent := make(map[string]bool)
	for turn := range s.turns {
		for k, n := range s.conns {
			for i, name := range growthNames {
				if absent[name] {
					continue
				}
				figures, err := s.grow(name, backend.addr, n)
				switch {
				case errors.Is(err, exec.ErrNotFound):
					absent[name] = true
				case err != nil:
					return fmt.Errorf("%s with %d connections: %w", name, n, err)
				}
				for q, v := range figures {
					samples[q][k][i] = append(samples[q][k][i], v)
				}
				if turn == 0 && n*descriptorsFor(name) > s.descriptors-300 {
					fmt.Fprintf(s.out, "\n%s needs %d descriptors a connection and stops short of %d.\n", name, descriptorsFor(name), n)
				}
			}
		}
	}
	for q, quantity := range quantities {
		var columns []column
		series := make([]plotter.XYs, len(growthNames))
		for k, n := range s.conns {
			columns = append(columns, column{name: fmt.Sprintf("%d", n), format: quantity.format, samples: samples[q][k], exact: quantity.exact})
			for i, v := range samples[q][k] {
				if len(v) > 0 {
					series[i] = append(series[i], plotter.XY{X: float64(n), Y: v.median()})
				}
			}
		}
		s.table("With so many connections: "+quantity.name, growthNames, columns...)
		if quantity.plot == "" {
			continue
		}
		if err := s.lines(quantity.plot, quantity.name, "connections", growthNames, series); err != nil {
			return err
		}
	}
	return nil
}

// grow returns the quantities of one proxy with n connections.
func (s *settings) grow(name, backend string, n int) (map[int]float64, error) {
	figures := make(map[int]float64)
	if n*descriptorsFor(name) <= s.descriptors-300 {
		if err := s.withProxy(name, backend, func(p *proxy) error { return p.upgradedFigures(n, s.slice/2, figures) }); err != nil {
			return nil, err
		}
	}
	if upgradesOnly(name) || copiers[name] != nil {
		return figures, nil
	}
	return figures, s.withProxy(name, backend, func(p *proxy) error { return p.ordinaryFigures(n, s.slice/2, figures) })
}

func (s *settings) withProxy(name, backend string, f func(*proxy) error) error {
	p, err := startProxy(name, backend)
	if err != nil {
		return err
	}
	defer p.stop()
	return f(p)
}

func (p *proxy) upgradedFigures(n int, slice time.Duration, figures map[int]float64) error {
	open := func() (net.Conn, error) { return upgrade(p.addr, "/answer") }
	warm, err := open() // makes what the proxy only makes once
	if err != nil {
		return err
	}
	defer reset(warm)
	g0, _ := p.goroutines()
	m0, err := p.resident()
	if err != nil {
		return err
	}
	conns, err := openAll(n, open)
	defer conns.close()
	if err != nil {
		return err
	}
	if g1, told := p.goroutines(); told {
		figures[idleGoroutines] = (g1 - g0) / float64(n)
	}
	m1, err := p.resident()
	if err != nil {
		return err
	}
	figures[idleMemory] = (m1 - m0) / 1024 / float64(n)

	if _, _, err := p.exchanges(conns, slice/4, newMessage(messageSize), messageSize); err != nil { // warms up
		return err
	}
	rate, cpu, err := p.exchanges(conns, slice, newMessage(messageSize), messageSize)
	if err != nil {
		return err
	}
	figures[echoRate], figures[echoCPU] = rate, cpu*1e6
	const answer = 256 << 10
	rate, cpu, err = p.exchanges(conns, slice, newMessage(answer), answer)
	if err != nil {
		return err
	}
	figures[bulkRate], figures[bulkCPU] = rate/4, cpu*(1<<30/answer)
	return nil
}

func (p *proxy) ordinaryFigures(n int, slice time.Duration, figures map[int]float64) error {
	request := []byte("GET /1024 HTTP/1.1\r\nHost: bench\r\n\r\n")
	conns, err := openAll(n, func() (net.Conn, error) { return net.Dial("tcp", p.addr) })
	defer conns.close()
	if err != nil {
		return err
	}
	response, err := responseLength(conns[0], request) // all responses have this length
	if err != nil {
		return err
	}
	if _, _, err := p.exchanges(conns, slice/4, request, response); err != nil { // warms up
		return err
	}
	rate, cpu, err := p.exchanges(conns, slice, request, response)
	if err != nil {
		return err
	}
	figures[responseRate], figures[responseCPU] = rate, cpu*1e6
	return nil
}

// responseLength sends request and returns the length of the whole response.
func responseLength(conn net.Conn, request []byte) (int, error) {
	if _, err := conn.Write(request); err != nil {
		return 0, err
	}
	read, buf := 0, make([]byte, 4<<10)
	for {
		n, err := conn.Read(buf[read:])
		read += n
		if _, body, whole := bytes.Cut(buf[:read], []byte("\r\n\r\n")); whole && len(body) >= 1024 {
			return read, nil
		}
		if err != nil {
			return 0, fmt.Errorf("%q: %w", buf[:read], err)
		}
	}
}

// connections are open connections that are used in turn.
type connections []net.Conn

// openAll opens n connections, eight at a time.
func openAll(n int, open func() (net.Conn, error)) (connections, error) {
	conns, errs := make(connections, n), make([]error, 8)
	var wg sync.WaitGroup
	for w := range errs {
		wg.Go(func() {
			for i := w; i < n && errs[w] == nil; i += len(errs) {
				conns[i], errs[w] = open()
			}
		})
	}
	wg.Wait()
	return conns, errors.Join(errs...)
}

func (c connections) close() {
	for _, conn := range c {
		if conn != nil {
			reset(conn)
		}
	}
}

// exchanges uses conns in turn, up to atWork at a time, for about slice. On
// each it sends message and waits for size bytes of answer. It returns the
// number of exchanges in a second, and the CPU seconds of the proxy for one
// exchange.
func (p *proxy) exchanges(conns connections, slice time.Duration, message []byte, size int) (perSecond, cpu float64, err error) {
	workers := min(atWork, len(conns))
	counts, errs := make([]int, workers), make([]error, workers)
	before, err := p.cpu()
	if err != nil {
		return 0, 0, err
	}
	start := time.Now()
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			buf := make([]byte, min(size, 64<<10))
			for i := w; counts[w] == 0 || time.Since(start) < slice; i += workers {
				if i >= len(conns) {
					i = w
				}
				if errs[w] = exchangeOn(conns[i], message, size, buf); errs[w] != nil {
					return
				}
				counts[w]++
			}
		})
	}
	wg.Wait()
	took := time.Since(start)
	after, err := p.cpu()
	if err := errors.Join(append(errs, err)...); err != nil {
		return 0, 0, err
	}
	count := 0
	for _, n := range counts {
		count += n
	}
	return float64(count) / took.Seconds(), (after - before).Seconds() / float64(count), nil
}

func exchangeOn(conn net.Conn, message []byte, size int, buf []byte) error {
	if _, err := conn.Write(message); err != nil {
		return err
	}
	for size > 0 {
		n, err := conn.Read(buf[:min(size, len(buf))])
		if size -= n; err != nil && size > 0 {
			return fmt.Errorf("%d bytes short: %w", size, err)
		}
	}
	return nil
}
