package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

var block [64 << 10]byte

// serveBody answers /SIZE/FRAMING with SIZE bytes. FRAMING is sized or chunked.
func serveBody(w http.ResponseWriter, r *http.Request) {
	size, err := strconv.Atoi(r.PathValue("size"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if r.PathValue("framing") == "sized" {
		w.Header().Set("Content-Length", strconv.Itoa(size))
	} else {
		w.WriteHeader(http.StatusOK)
		_ = http.NewResponseController(w).Flush() // this makes the response chunked
	}
	for size > 0 {
		n, err := w.Write(block[:min(size, len(block))])
		if err != nil {
			return // the client has gone
		}
		size -= n
	}
}

func responses(s *settings) error {
	mux := http.NewServeMux()
	mux.HandleFunc("/{size}/{framing}", serveBody)
	backend := httptest.NewServer(mux)
	defer backend.Close()
	proxies, stop, err := s.startProxies(backend.Listener.Addr().String(), slices.DeleteFunc(slices.Clone(proxyNames), func(name string) bool {
		return upgradesOnly(name) || copiers[name] != nil || strings.Contains(name, "TCP")
	}))
	if err != nil {
		return err
	}
	defer stop()
	for _, size := range []int{1 << 10, 64 << 10, 10 << 20} {
		for _, framing := range []string{"sized", "chunked"} {
			rate, cost := make([]sample, len(proxies)), make([]sample, len(proxies))
			for turn := range s.runs + 1 {
				for i, p := range proxies {
					perSecond, cpu, err := p.load(fmt.Sprintf("/%d/%s", size, framing), size, s.slice)
					if err != nil {
						return fmt.Errorf("%s: %w", p.name, err)
					}
					if turn > 0 { // the first turn only warms up
						rate[i], cost[i] = append(rate[i], perSecond), append(cost[i], cpu)
					}
				}
			}
			title := fmt.Sprintf("An ordinary response of %d KiB, %s", size>>10, framing)
			s.table(title, namesOf(proxies),
				column{name: "requests/s", format: "%.0f", samples: rate},
				column{name: "CPU of the proxy, µs/request", format: "%.1f", samples: cost})
			if err := s.bars(fmt.Sprintf("response-%dk-%s.svg", size>>10, framing), title, "µs of CPU/request", namesOf(proxies), cost); err != nil {
				return err
			}
		}
	}
	return nil
}

// load requests path with two clients at the same time, for about slice.
func (p *proxy) load(path string, size int, slice time.Duration) (perSecond, cpuMicros float64, err error) {
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	before, err := p.cpu()
	if err != nil {
		return 0, 0, err
	}
	start := time.Now()
	var (
		mu    sync.Mutex
		count int
		errs  []error
		wg    sync.WaitGroup
	)
	for range 2 {
		wg.Go(func() {
			n, err := fetch(transport, "http://"+p.addr+path, size, start.Add(slice))
			mu.Lock()
			defer mu.Unlock()
			count, errs = count+n, append(errs, err)
		})
	}
	wg.Wait()
	took := time.Since(start)
	after, err := p.cpu()
	if err := errors.Join(append(errs, err)...); err != nil {
		return 0, 0, err
	}
	return float64(count) / took.Seconds(), float64((after - before).Nanoseconds()) / 1e3 / float64(count), nil
}

func fetch(transport http.RoundTripper, url string, size int, until time.Time) (n int, err error) {
	buf := make([]byte, 64<<10)
	for n == 0 || time.Now().Before(until) {
		req, err := http.NewRequest("GET", url, nil)
		if err != nil {
			return n, err
		}
		resp, err := transport.RoundTrip(req)
		if err != nil {
			return n, err
		}
		got, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, resp.Body, buf)
		resp.Body.Close()
		if err != nil || got != int64(size) {
			return n, fmt.Errorf("%s: %s with %d bytes, error %v", url, resp.Status, got, err)
		}
		n++
	}
	return n, nil
}
