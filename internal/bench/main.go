// Command bench measures bodywrap beside its peers, in one run on one machine:
//
//	go -C internal/bench run . [-quick] [-plots dir] [-only name,...]
//
// It prints Markdown tables. Contestants take turns, so that whatever else the
// machine does meets all of them alike; a figure is the median of their runs,
// with its quartiles, and a ratio is marked ~ where the Mann-Whitney U test
// finds no difference at the level of 0.05, as benchstat does.
//
// Each proxy runs as a process of its own, for its CPU time and memory to be
// told from those of the client and the backend. Nginx and haproxy take part
// where they are installed. Bench needs Linux for the counters in /proc.
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
	runs  int           // of each contestant
	slice time.Duration // of one run
	idle  []int         // how many idle connections

	maxConns int // that the limit on descriptors allows
}

var measurements = []struct {
	name string
	run  func(*settings) error
}{
	{"calls", calls},
	{"wraps", wraps},
	{"responses", responses},
	{"upgraded", upgraded},
	{"idle", idle},
}

func run(args []string, stdout, stderr io.Writer) int {
	fs := flag.NewFlagSet("bench", flag.ContinueOnError)
	fs.SetOutput(stderr)
	quick := fs.Bool("quick", false, "only see that everything runs")
	only := fs.String("only", "", "comma-separated names of the measurements to run; all if empty")
	s := &settings{out: stdout, runs: 12, slice: 300 * time.Millisecond, idle: []int{1, 100, 1000, 10_000}, maxConns: 10_000}
	fs.StringVar(&s.plots, "plots", "", "write plots, as SVG, into this `folder`")
	serve := fs.String("serve", "", "be the proxy of this name (bench starts itself so)")
	backend := fs.String("backend", "", "address of that proxy's backend")
	if err := fs.Parse(args); err != nil {
		return 2
	}
	if *serve != "" {
		return report(stderr, serveProxy(*serve, *backend))
	}
	if *quick {
		s.runs, s.slice, s.idle = 2, 5*time.Millisecond, []int{1, 20}
	}
	fmt.Fprintf(stdout, "%s, %s, %s/%s, %d CPUs; %d runs of each\n", runtime.Version(), cpuModel(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), s.runs)
	if limit := raiseDescriptors(65_536); limit < 2*10_000+300 {
		s.maxConns = int(limit-300) / 2
		fmt.Fprintf(stdout, "\nThe system allows a process %d descriptors: %d connections take the place of 10,000.\n", limit, s.maxConns)
	}
	for _, m := range measurements {
		if *only != "" && !slices.Contains(strings.Split(*only, ","), m.name) {
			continue
		}
		if err := m.run(s); err != nil {
			return report(stderr, fmt.Errorf("%s: %w", m.name, err))
		}
	}
	return 0
}

func report(stderr io.Writer, err error) int {
	if err != nil {
		fmt.Fprintln(stderr, "bench:", err)
		return 1
	}
	return 0
}

// raiseDescriptors lets this process, and those that it starts, have n
// descriptors, or as many as the system allows, and returns how many that is. A
// proxy needs two of them for each upgraded connection.
func raiseDescriptors(n uint64) uint64 {
	var l syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l); err != nil {
		return 1024 // what systems start with
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: n, Max: max(n, l.Max)}); err == nil {
		return n
	}
	l.Cur = l.Max
	_ = syscall.Setrlimit(syscall.RLIMIT_NOFILE, &l) // what it is stays true
	return l.Cur
}

func cpuModel() string {
	text, _ := os.ReadFile("/proc/cpuinfo") // if it cannot be read, it is not told
	for line := range strings.Lines(string(text)) {
		if name, ok := strings.CutPrefix(line, "model name"); ok {
			return strings.TrimSpace(strings.TrimLeft(name, " \t:"))
		}
	}
	return "CPU unknown"
}
