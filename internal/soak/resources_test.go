package soak_test

import (
	"fmt"
	"os"
	"runtime"
	"runtime/pprof"
	"strings"
	"testing"
	"time"
)

// resources are what a process can run out of.
type resources struct {
	goroutines  int
	descriptors int // 0 where the system does not tell
	heap        int64
}

func measure() resources {
	for range 2 { // what a finalizer frees takes a second one
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	fds, _ := os.ReadDir("/proc/self/fd") // Linux has it
	return resources{runtime.NumGoroutine(), len(fds), int64(m.HeapAlloc)}
}

// heapSlack is how much more heap may be in use after any number of
// connections, atOnce of them at a time. The runtime keeps the half KiB of
// every goroutine that has ever run beside the others, and the peak differs
// from batch to batch.
func heapSlack(atOnce int) int64 { return 1<<20 + 4<<10*int64(atOnce) }

func (r resources) beyond(before resources, slack int64) string {
	var what []string
	if r.goroutines > before.goroutines {
		what = append(what, fmt.Sprintf("%d goroutines, want the %d of before", r.goroutines, before.goroutines))
	}
	if r.descriptors > before.descriptors {
		what = append(what, fmt.Sprintf("%d descriptors, want the %d of before", r.descriptors, before.descriptors))
	}
	if r.heap > before.heap+slack {
		what = append(what, fmt.Sprintf("%d bytes of heap, want at most %d more than the %d of before", r.heap, slack, before.heap))
	}
	return strings.Join(what, "; ")
}

// checkResources waits until everything is back where it was before.
func checkResources(t *testing.T, before resources, slack int64) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		after := measure()
		more := after.beyond(before, slack)
		if more == "" {
			t.Logf("before %+v, after %+v", before, after)
			return
		}
		if time.Now().After(deadline) {
			var stacks strings.Builder
			_ = pprof.Lookup("goroutine").WriteTo(&stacks, 1)
			t.Errorf("in use when all is over: %s\n%s", more, stacks.String())
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}
