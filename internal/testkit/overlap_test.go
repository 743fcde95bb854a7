package testkit

import (
	"flag"
	"io"
	"runtime"
	"testing"
)

func TestOverlapHeedsTheFlag(t *testing.T) {
	tests := []struct {
		why  string
		args []string
		want int
	}{
		{"go test was given no -parallel", nil, 2 * runtime.GOMAXPROCS(0)},
		{"go test -parallel 1", []string{"-test.parallel=1"}, 1},
	}
	for _, tt := range tests {
		flags := flag.NewFlagSet("", flag.ContinueOnError)
		flags.SetOutput(io.Discard)
		got := flags.Int("test.parallel", 7, "")
		if err := flags.Parse(tt.args); err != nil {
			t.Fatal(err)
		}
		if overlap(flags); *got != tt.want {
			t.Errorf("%s: %d tests run at the same time, want %d", tt.why, *got, tt.want)
		}
	}
	if flag.Lookup("test.parallel") == nil {
		t.Error("package testing has no flag test.parallel, which Overlap sets")
	}
}
