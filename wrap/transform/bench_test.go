package transform_test

import (
	"bufio"
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/bodywrap/bodywrap/wrap"
	"github.com/bodywrap/bodywrap/wrap/transform"
)

// an event of 200 bytes, as language models send them
var event = "event: delta\ndata: {\"text\":\"" + strings.Repeat("x", 200-32) + "\"}\n\n"

var stream = []byte(strings.Repeat(event, 5000))

// BenchmarkRecords compares with a bare bufio.Scanner, which reads the same
// stream line by line and copies nothing.
func BenchmarkRecords(b *testing.B) {
	b.Run("bare Scanner", func(b *testing.B) {
		b.SetBytes(int64(len(stream)))
		b.ReportAllocs()
		for range b.N {
			s := bufio.NewScanner(bytes.NewReader(stream))
			for s.Scan() {
			}
		}
	})
	for _, bb := range []struct {
		name string
		hook wrap.Hooks
	}{
		{"Lines", transform.Lines(same, nil)},
		{"Records", transform.Records(bufio.ScanLines, same, nil)},
		{"Events", transform.Events(func(e *transform.Event) (*transform.Event, error) { return e, nil }, nil)},
	} {
		b.Run(bb.name, func(b *testing.B) { benchmark(b, bb.hook) })
	}
}

func BenchmarkReplace(b *testing.B) {
	for _, bb := range []struct{ name, old string }{{"no match", "secret"}, {"matches", "delta"}} {
		b.Run(bb.name+"/bare ReplaceAll", func(b *testing.B) {
			b.SetBytes(int64(len(stream)))
			b.ReportAllocs()
			for range b.N {
				bytes.ReplaceAll(stream, []byte(bb.old), []byte("***"))
			}
		})
		b.Run(bb.name+"/Replace", func(b *testing.B) { benchmark(b, transform.Replace(bb.old, "***", nil)) })
	}
}

func benchmark(b *testing.B, hook wrap.Hooks) {
	b.SetBytes(int64(len(stream)))
	b.ReportAllocs()
	p := make([]byte, 32<<10)
	for range b.N {
		body := wrap.Body(io.NopCloser(bytes.NewReader(stream)), hook)
		for {
			if _, err := body.Read(p); err != nil {
				break
			}
		}
		body.Close()
	}
}
