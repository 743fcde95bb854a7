package main

import (
	"fmt"
	"io"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

// instant is an upgraded body that costs nothing.
type instant struct{}

func (instant) Read(p []byte) (int, error)  { return len(p), nil }
func (instant) Write(p []byte) (int, error) { return len(p), nil }
func (instant) Close() error                { return nil }
func (instant) CloseWrite() error           { return nil }

// instantWriter is a ResponseWriter that costs nothing.
type instantWriter struct{ instant }

func (instantWriter) Header() http.Header { return nil }
func (instantWriter) WriteHeader(int)     {}

// perCall runs f, which makes n calls, for about slice. It returns the CPU time
// of a call in nanoseconds. The time of other processes does not count.
func perCall(slice time.Duration, f func(n int)) float64 {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for n := 64; ; n *= 2 {
		start := threadTime()
		f(n)
		if took := threadTime() - start; took > slice/2 || n > 1<<30 {
			return float64(took.Nanoseconds()) / float64(n)
		}
	}
}

// threadTime returns the CPU time of the calling thread so far.
func threadTime() time.Duration {
	const thisThread = 1 // RUSAGE_THREAD
	var u syscall.Rusage
	if err := syscall.Getrusage(thisThread, &u); err != nil {
		panic(err) // Linux has RUSAGE_THREAD
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func calls(s *settings) error {
	ws := wrappers()
	var names []string
	var bodies []io.ReadCloser
	for _, w := range ws {
		names, bodies = append(names, w.name), append(bodies, w.wrap(instant{}))
	}
	p := make([]byte, 512)
	read, write := make([]sample, len(ws)), make([]sample, len(ws))
	slice := s.slice / 10
	for range s.runs {
		for i, body := range bodies {
			read[i] = append(read[i], perCall(slice, func(n int) {
				for range n {
					_, _ = body.Read(p)
				}
			}))
			w, ok := body.(io.Writer)
			if !ok {
				continue
			}
			write[i] = append(write[i], perCall(slice, func(n int) {
				for range n {
					_, _ = w.Write(p)
				}
			}))
		}
	}
	s.table("A call", names, column{name: "Read, ns", format: "%.1f", samples: read}, column{name: "Write, ns", format: "%.1f", samples: write})
	if err := s.bars("call.svg", "One Read through a wrapper", "ns", names, read); err != nil {
		return err
	}

	writers := []io.Writer{instantWriter{}, bodies[2].(io.Writer), snooped(instantWriter{})}
	writes := make([]sample, len(writers))
	for range s.runs {
		for i, w := range writers {
			writes[i] = append(writes[i], perCall(slice, func(n int) {
				for range n {
					_, _ = w.Write(p)
				}
			}))
		}
	}
	s.table("A Write that is counted", []string{"direct", "wrap.Body, counting", "httpsnoop 1.1.0, counting"},
		column{name: "ns", format: "%.1f", samples: writes})
	return nil
}

func wraps(s *settings) error {
	ws := wrappers()[1:]
	var names []string
	ns, allocs, bytes := make([]sample, len(ws)), make([]sample, len(ws)), make([]sample, len(ws))
	for range s.runs {
		for i, w := range ws {
			ns[i] = append(ns[i], perCall(s.slice/10, func(n int) {
				for range n {
					sink = w.wrap(instant{})
				}
			}))
		}
	}
	for i, w := range ws {
		names = append(names, w.name)
		const n = 1000
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range n {
			sink = w.wrap(instant{})
		}
		runtime.ReadMemStats(&after)
		allocs[i] = sample{float64(after.Mallocs-before.Mallocs) / n}
		bytes[i] = sample{float64(after.TotalAlloc-before.TotalAlloc) / n}
	}
	s.table("A wrap (the tracing libraries' figures include the request and the span that they need)", names,
		column{name: "ns", format: "%.0f", samples: ns},
		column{name: "allocations", format: "%.0f", samples: allocs, exact: true},
		column{name: "bytes", format: "%.0f", samples: bytes, exact: true})
	return nil
}

var sink io.ReadCloser

// growingCalls measures a Read with many bodies, each of which is read in turn.
// With enough of them, the CPU's caches do not hold all.
func (s *settings) growingCalls() {
	ws := wrappers()
	ws = slices.DeleteFunc(ws, func(w wrapper) bool { return strings.HasPrefix(w.name, "open") }) // as otelhttp
	var names []string
	columns := make([]column, len(s.conns))
	p := make([]byte, 512)
	for k, n := range s.conns {
		columns[k] = column{name: fmt.Sprintf("%d", n), format: "%.1f", samples: make([]sample, len(ws))}
		bodies := make([][]io.ReadCloser, len(ws))
		for i, w := range ws {
			for range n {
				bodies[i] = append(bodies[i], w.wrap(&tagged{}))
			}
		}
		for range s.turns {
			for i := range ws {
				columns[k].samples[i] = append(columns[k].samples[i], perCall(s.slice/20, func(calls int) {
					for left := calls; left > 0; left -= n {
						for _, body := range bodies[i][:min(left, n)] {
							_, _ = body.Read(p)
						}
					}
				}))
			}
		}
	}
	for _, w := range ws {
		names = append(names, w.name)
	}
	s.table("With so many bodies, each in turn: a Read, ns", names, columns...)
}

// tagged is an instant body with an address of its own: it has a size, and
// instant has none.
type tagged struct {
	instant
	_ int64
}
