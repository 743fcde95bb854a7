package testkit

import (
	"fmt"
	"os"
	"runtime"
	"runtime/pprof"
	"strings"
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
	fds, _ := os.ReadDir("/proc/self/fd") // Linux has it
	return Resources{runtime.NumGoroutine(), len(fds), int64(m.HeapAlloc)}
}

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

func (r Resources) checkReleased(t testing.TB, limit time.Duration, slack int64, tidy func()) {
	t.Helper()
	var after Resources
	released := within(limit, func() bool {
		if tidy != nil {
			tidy()
		}
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
