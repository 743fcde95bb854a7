package main

import (
	"fmt"
	"net"

	"gonum.org/v1/plot/plotter"
)

// idle measures what upgraded connections cost a proxy on which nothing moves.
// Each number of connections gets a process of its own, once: memory that was
// freed stays resident.
func idle(s *settings) error {
	backend, err := startProxy(backendName, "")
	if err != nil {
		return err
	}
	defer backend.stop()
	for k, n := range s.idle {
		s.idle[k] = min(n, s.maxConns)
	}
	var names []string
	series := make([]plotter.XYs, len(proxyNames))
	memory := make([]column, len(s.idle))
	goroutines := column{name: fmt.Sprintf("goroutines/connection at %d", s.idle[len(s.idle)-1]), format: "%.1f", exact: true}
	for k, n := range s.idle {
		memory[k] = column{name: fmt.Sprintf("KiB/connection at %d", n), format: "%.1f", exact: true}
	}
	for i, name := range proxyNames {
		last := sample{}
		absent := false
		for k, n := range s.idle {
			ps, stop, err := s.startProxies(backend.addr, []string{name})
			if err != nil {
				return err
			}
			if absent = len(ps) == 0; absent {
				break
			}
			kib, gor, told, err := ps[0].hold(n)
			stop()
			if err != nil {
				return fmt.Errorf("%s with %d connections: %w", name, n, err)
			}
			memory[k].samples = append(memory[k].samples, sample{kib})
			series[i] = append(series[i], plotter.XY{X: float64(n), Y: kib})
			if last = nil; told {
				last = sample{gor}
			}
		}
		if !absent {
			names = append(names, name)
			goroutines.samples = append(goroutines.samples, last)
		}
	}
	s.table("Idle upgraded connections: resident memory of the proxy", names, append(memory, goroutines)...)
	return s.lines("idle.svg", "Resident memory of a proxy for each idle upgraded connection", "KiB", proxyNames, series)
}

// hold opens n upgraded connections, and returns what one of them costs p.
func (p *proxy) hold(n int) (kib, goroutines float64, told bool, err error) {
	warm, err := upgrade(p.addr, "/echo") // what is there once
	if err != nil {
		return 0, 0, false, err
	}
	defer warm.Close()
	g0, _ := p.goroutines()
	m0, err := p.resident()
	if err != nil {
		return 0, 0, false, err
	}
	var open []net.Conn
	defer func() {
		for _, c := range open {
			c.Close()
		}
	}()
	for range n {
		c, err := upgrade(p.addr, "/echo")
		if err != nil {
			return 0, 0, false, err
		}
		open = append(open, c)
	}
	g1, told := p.goroutines()
	m1, err := p.resident()
	return (m1 - m0) / 1024 / float64(n), (g1 - g0) / float64(n), told, err
}
