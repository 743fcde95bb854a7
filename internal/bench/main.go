// Command bench measures bodywrap beside its peers, in one run on one machine:
//
//	go -C internal/bench run . [-quick] [-plots dir] [-only name,...]
//
// It prints Markdown tables and draws plots. Contestants take turns, so that
// other work of the machine slows all of them alike. A figure is the median of
// a contestant's runs, ± its 95 % confidence interval. After it comes the ratio
// to the first contestant, or ~ if the Mann-Whitney U test finds no difference
// at the level of 0.05. This is the method of benchstat, and bench uses the
// package of benchstat for it.
//
// Each proxy runs as a process of its own, so that its CPU time and memory do
// not include those of the client and the backend. Nginx and haproxy take part
// if they are installed. Bench needs Linux for the counters in /proc, and the
// go command for the generators.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// settings are what all measurements share.
type settings struct {
	out   io.Writer
	plots string        // folder for SVG files; none if empty
	runs  int           // how often each contestant runs
	slice time.Duration // how long one run lasts
	turns int           // how often each contestant runs in growth, each time in a new process
	conns []int         // numbers of connections, and of bodies, in growth

	descriptors int // how many a process may have
}

type measurement struct {
	name string
	run  func(*settings) error
}

// measurements run in this order.
var measurements = []measurement{
	{"calls", calls},
	{"wraps", wraps},
	{"generated", generated},
	{"upgraded", upgraded},
	{"responses", responses},
	{"growth", growth},
}

func run(args []string, stdout, stderr io.Writer) int {
	fs := flag.NewFlagSet("bench", flag.ContinueOnError)
	fs.SetOutput(stderr)
	quick := fs.Bool("quick", false, "only see that everything runs; the figures mean nothing")
	only := fs.String("only", "", "comma-separated `names` of what to measure: "+measurementNames()+"; all if empty")
	s := &settings{out: stdout, runs: 12, slice: 200 * time.Millisecond, turns: 10, conns: []int{1, 100, 1000, 10_000}}
	fs.StringVar(&s.plots, "plots", "plots", "write plots, as SVG, into this `folder`; none if empty")
	serve := fs.String("serve", "", "be the proxy of this name (bench starts itself so)")
	backend := fs.String("backend", "", "address of that proxy's backend")
	if err := fs.Parse(args); err != nil {
		return 2
	}
	if *serve != "" {
		return report(stderr, serveProxy(*serve, *backend))
	}
	if *quick {
		s.runs, s.turns, s.slice, s.conns = 2, 1, 5*time.Millisecond, []int{1, 20}
	}
	for _, name := range strings.Split(*only, ",") {
		if name != "" && !strings.Contains(", "+measurementNames()+",", " "+name+",") {
			fmt.Fprintf(stderr, "bench: nothing is named %q; there are %s\n", name, measurementNames())
			return 2
		}
	}
	fmt.Fprintf(stdout, "%s, %s, %s/%s, %d CPUs, %s; medians of %d runs (of %d where connections grow in number) ± 95 %% confidence\n", runtime.Version(),
		cpuModel(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), time.Now().Format(time.DateOnly), s.runs, s.turns)
	s.limitConns(int(raiseDescriptors(65_536)))
	for _, m := range measurements {
		if *only != "" && !slices.Contains(strings.Split(*only, ","), m.name) {
			continue
		}
		start := time.Now()
		if err := m.run(s); err != nil {
			return report(stderr, fmt.Errorf("%s: %w", m.name, err))
		}
		fmt.Fprintf(stderr, "bench: %s took %v\n", m.name, time.Since(start).Round(time.Second))
	}
	return 0
}

func measurementNames() string {
	var names []string
	for _, m := range measurements {
		names = append(names, m.name)
	}
	return strings.Join(names, ", ")
}

// limitConns lowers the largest number of connections to what descriptors
// allow. A proxy needs two descriptors for each connection.
func (s *settings) limitConns(descriptors int) {
	s.descriptors = descriptors
	most := &s.conns[len(s.conns)-1]
	if reached := (descriptors - 300) / 2; reached < *most {
		fmt.Fprintf(s.out, "\nThe system allows a process %d descriptors: %d connections take the place of %d.\n", descriptors, reached, *most)
		*most = reached
	}
}

func report(stderr io.Writer, err error) int {
	if err != nil {
		fmt.Fprintln(stderr, "bench:", err)
		return 1
	}
	return 0
}

// raiseDescriptors sets the limit on descriptors to n, or as far as the system
// allows, for this process and those that it starts. It returns the limit.
func raiseDescriptors(n uint64) uint64 {
	var l syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l); err != nil {
		return 1024 // the usual limit
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: n, Max: max(n, l.Max)}); err == nil {
		return n
	}
	l.Cur = l.Max
	_ = syscall.Setrlimit(syscall.RLIMIT_NOFILE, &l) // if this fails, bench meets the lower limit
	return l.Cur
}

// cpuModel returns the name of the CPU, or "CPU unknown".
func cpuModel() string {
	text, _ := os.ReadFile("/proc/cpuinfo") // after an error, text is empty
	for line := range strings.Lines(string(text)) {
		if name, ok := strings.CutPrefix(line, "model name"); ok {
			return strings.TrimSpace(strings.TrimLeft(name, " \t:"))
		}
	}
	return "CPU unknown"
}
