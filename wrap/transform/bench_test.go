package transform_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
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

// BenchmarkCodings compares with the same encoder and decoder in a bare loop of
// io.Copy, used again for each body.
func BenchmarkCodings(b *testing.B) {
	zipped := []byte(gzipped(string(stream)))
	p := make([]byte, 32<<10)
	b.Run("compress/bare", func(b *testing.B) {
		b.SetBytes(int64(len(stream)))
		b.ReportAllocs()
		zw := gzip.NewWriter(io.Discard)
		for b.Loop() {
			zw.Reset(io.Discard)
			_, _ = io.CopyBuffer(struct{ io.Writer }{zw}, struct{ io.Reader }{bytes.NewReader(stream)}, p)
			_ = zw.Close()
		}
	})
	for name, length := range map[string]int{"sized": len(stream), "flushed": -1} {
		b.Run("compress/Compress/"+name, func(b *testing.B) {
			benchmarkMessage(b, stream, length, transform.Compress(nil), http.Header{"Content-Type": {"text/plain"}})
		})
	}
	b.Run("decompress/bare", func(b *testing.B) {
		b.SetBytes(int64(len(stream)))
		b.ReportAllocs()
		zr := new(gzip.Reader)
		for b.Loop() {
			_ = zr.Reset(bytes.NewReader(zipped))
			_, _ = io.CopyBuffer(struct{ io.Writer }{io.Discard}, zr, p)
		}
	})
	b.Run("decompress/Decompress", func(b *testing.B) {
		benchmarkMessage(b, zipped, -1, transform.Decompress(), http.Header{"Content-Encoding": {"gzip"}})
	})
}

func benchmarkMessage(b *testing.B, body []byte, length int, hook wrap.Hooks, header http.Header) {
	b.SetBytes(int64(len(stream)))
	b.ReportAllocs()
	p := make([]byte, 32<<10)
	req := &http.Request{Method: "GET", Header: http.Header{"Accept-Encoding": {"gzip"}}}
	for b.Loop() {
		resp := &http.Response{StatusCode: 200, Header: header.Clone(), ContentLength: int64(length), Body: io.NopCloser(bytes.NewReader(body)), Request: req}
		wrap.Response(resp, hook)
		_, _ = io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{resp.Body}, p)
		resp.Body.Close()
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
