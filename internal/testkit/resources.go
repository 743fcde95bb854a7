package testkit

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/pprof"
	"strings"
	"sync"
	"testing"
	"time"
)

// Resources are what a process can run out of.
type Resources struct {
	Goroutines  int
	Descriptors int   // 0 where the system does not tell
	Heap        int64 // bytes in use
}

// InUse returns what the process holds after garbage collection.
func InUse() Resources {
	for range 2 { // what a finalizer frees takes a second collection
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	r := withGarbage()
	r.Heap = int64(m.HeapAlloc)
	return r
}

// withGarbage returns the goroutines and descriptors of the process. It does
// not collect garbage, and is faster than InUse for that.
func withGarbage() Resources {
	startPoller()
	fds, _ := os.ReadDir("/proc/self/fd") // Linux has it
	return Resources{Goroutines: runtime.NumGoroutine(), Descriptors: len(fds)}
}

// startPoller makes the poller of package runtime, which the process would make
// for its first connection otherwise. Its descriptors are never closed.
var startPoller = sync.OnceFunc(func() {
	r, w, err := os.Pipe()
	if err != nil {
		return // no connection will work either
	}
	_, _ = r.Close(), w.Close() // nothing was written
})

// beyond says what r has more than before, or "". slack is how many bytes of
// heap may be in use besides; if it is negative, the heap does not count.
func (r Resources) beyond(before Resources, slack int64) string {
	var what []string
	if r.Goroutines > before.Goroutines {
		what = append(what, fmt.Sprintf("%d goroutines, want the %d of before", r.Goroutines, before.Goroutines))
	}
	if r.Descriptors > before.Descriptors {
		what = append(what, fmt.Sprintf("%d descriptors, want the %d of before", r.Descriptors, before.Descriptors))
	}
	if slack >= 0 && r.Heap > before.Heap+slack {
		what = append(what, fmt.Sprintf("%d bytes of heap, want at most %d more than the %d of before", r.Heap, slack, before.Heap))
	}
	return strings.Join(what, "; ")
}

// CheckReleased waits until no more is in use than r, and fails t if that
// takes longer than [Patience]. slack is how many bytes of heap may be in use
// besides; if it is negative, the heap does not count. tidy, if not nil, is
// called before each look: it lets go of what the code keeps on purpose.
func (r Resources) CheckReleased(t testing.TB, slack int64, tidy func()) {
	t.Helper()
	r.checkReleased(t, Patience, slack, tidy)
}

// A reporter is what checkReleased needs of a testing.TB.
type reporter interface {
	Helper()
	Logf(format string, args ...any)
	Errorf(format string, args ...any)
}

func (r Resources) checkReleased(t reporter, limit time.Duration, slack int64, tidy func()) {
	t.Helper()
	if tidy == nil {
		tidy = func() {}
	}
	tidy()
	if slack < 0 && withGarbage().beyond(r, -1) == "" {
		return
	}
	var after Resources
	released := within(limit, func() bool {
		tidy()
		after = InUse()
		return after.beyond(r, slack) == ""
	})
	if released {
		t.Logf("in use before: %+v, and after: %+v", r, after)
		return
	}
	var stacks strings.Builder
	_ = pprof.Lookup("goroutine").WriteTo(&stacks, 1) // to memory
	t.Errorf("in use when all is over: %s\n%s", after.beyond(r, slack), stacks.String())
}

// NoLeaks fails t if goroutines or descriptors are left after it, and after the
// cleanups that are registered later. tidy is that of
// [Resources.CheckReleased].
func NoLeaks(t testing.TB, tidy func()) {
	t.Helper()
	if tidy != nil {
		tidy()
	}
	before := InUse()
	t.Cleanup(func() { before.CheckReleased(t, -1, tidy) })
}

// ExitCode runs all tests of m and returns the exit code for the process, also
// 1 if all tests pass and goroutines or descriptors are left after the last
// one. What is left is printed to w. ExitCode is for packages with parallel
// tests: NoLeaks would blame each of them for what the others use. tidy is that
// of [Resources.CheckReleased].
func ExitCode(m interface{ Run() int }, w io.Writer, tidy func()) int {
	return exitCode(m, w, Patience, tidy)
}

func exitCode(m interface{ Run() int }, w io.Writer, limit time.Duration, tidy func()) int {
	before := InUse()
	if code := m.Run(); code != 0 {
		return code
	}
	after := printer{w: w}
	before.checkReleased(&after, limit, -1, tidy)
	if after.failed {
		return 1
	}
	return 0
}

// A printer is a reporter where there is no test.
type printer struct {
	w      io.Writer
	failed bool
}

func (p *printer) Helper()             {}
func (p *printer) Logf(string, ...any) {}

func (p *printer) Errorf(format string, args ...any) {
	p.failed = true
	_, _ = fmt.Fprintf(p.w, format+"\n", args...) // the exit code says it too
}
