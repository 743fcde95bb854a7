package bench_test

import (
	"net/http"
	"testing"

	bench "github.com/bodywrap/bodywrap/internal/bench/gen"
	"github.com/bodywrap/bodywrap/internal/bench/gen/embedded"
	"github.com/bodywrap/bodywrap/internal/bench/gen/snoop"
)

// writer has the methods of http.ResponseWriter and http.Flusher, and none of
// the family's others.
type writer struct{}

func (writer) Header() http.Header         { return nil }
func (writer) WriteHeader(int)             {}
func (writer) Write(p []byte) (int, error) { return len(p), nil }
func (writer) Flush()                      {}

var wrappers = []struct {
	name string
	wrap func(http.ResponseWriter, *int64) http.ResponseWriter
}{
	{"bare", func(w http.ResponseWriter, _ *int64) http.ResponseWriter { return w }},
	{"wrapgen", bench.Count},
	{"httpsnoop", snoop.Count},
	{"embedded", embedded.Count},
}

func BenchmarkWrap(b *testing.B) {
	for _, w := range wrappers {
		b.Run(w.name, func(b *testing.B) {
			var n int64
			b.ReportAllocs()
			for b.Loop() {
				sink = w.wrap(writer{}, &n)
			}
		})
	}
}

var sink http.ResponseWriter

func BenchmarkHookedWrite(b *testing.B) {
	for _, w := range wrappers {
		b.Run(w.name, func(b *testing.B) {
			var n int64
			v := w.wrap(writer{}, &n)
			p := make([]byte, 512)
			b.ReportAllocs()
			for b.Loop() {
				_, _ = v.Write(p) // writer.Write does not fail
			}
		})
	}
}

func BenchmarkStraightFlush(b *testing.B) {
	for _, w := range wrappers {
		b.Run(w.name, func(b *testing.B) {
			var n int64
			v := w.wrap(writer{}, &n).(http.Flusher)
			b.ReportAllocs()
			for b.Loop() {
				v.Flush()
			}
		})
	}
}
