package wrap_test

import (
	"context"
	"io"
	"log/slog"
	"math"
	"testing"
	"time"

	"github.com/bodywrap/bodywrap/wrap"
)

var sink io.ReadCloser

// BenchmarkRead measures one call: direct, through a layer whose Read has
// no hook, and through a hook that counts.
func BenchmarkRead(b *testing.B) {
	count := 0
	counting := wrap.Hooks{Read: func(next io.Reader, p []byte) (int, error) {
		n, err := next.Read(p)
		count += n
		return n, err
	}}
	bodies := []struct {
		name string
		body io.ReadCloser
	}{
		{"bare", idle{}},
		{"wrapped", wrap.Body(idle{}, closeOnly)},
		{"hooked", wrap.Body(idle{}, counting)},
	}
	p := make([]byte, 64)
	for _, bb := range bodies {
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = bb.body.Read(p)
			}
		})
	}
}

// BenchmarkBody measures making a layer, and compares it with Keep and with a
// hand-written struct.
func BenchmarkBody(b *testing.B) {
	b.Run("bare", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			sink = &closesOriginal{idle{}}
		}
	})
	b.Run("wrapped", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			sink = wrap.Body(idle{}, passAll)
		}
	})
	b.Run("kept", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			sink = wrap.Keep(idle{}, idle{})
		}
	})
}

// BenchmarkHooks measures a call through each ready-made hook and through a
// bare layer, and the whole life of a body. Log's level is not enabled.
func BenchmarkHooks(b *testing.B) {
	silent := slog.New(slog.DiscardHandler)
	hooks := []struct {
		name string
		hook wrap.Hooks
	}{
		{"bare", closeOnly},
		{"Done", wrap.Done(func(wrap.Summary) {})},
		{"Log", wrap.Log(context.Background(), silent, slog.LevelInfo)},
		{"TeeRead", wrap.TeeRead(io.Discard)},
		{"LimitRead", wrap.LimitRead(math.MaxInt64)},
		{"Linger", wrap.Linger(time.Hour)},
		{"Idle", wrap.Idle(time.Hour)},
	}
	p := make([]byte, 64)
	for _, h := range hooks {
		b.Run("Read/"+h.name, func(b *testing.B) {
			body := wrap.Body(endless{}, h.hook)
			defer body.Close()
			b.ReportAllocs()
			for b.Loop() {
				_, _ = body.Read(p)
			}
		})
	}
	for _, h := range hooks {
		b.Run("Write/"+h.name, func(b *testing.B) {
			body := wrap.Body(endless{}, h.hook)
			defer body.Close()
			w := body.(io.Writer)
			b.ReportAllocs()
			for b.Loop() {
				_, _ = w.Write(p)
			}
		})
	}
	for _, h := range hooks {
		b.Run("body/"+h.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				body := wrap.Body(endless{}, h.hook)
				_, _ = body.Read(p)
				_ = body.Close()
			}
		})
	}
}

// BenchmarkTransformRead measures one call through a transform that does
// nothing, in the caller's goroutine and, where a read deadline can be set, in
// the reader's own.
func BenchmarkTransformRead(b *testing.B) {
	same := wrap.TransformRead(func(r io.Reader) (io.Reader, error) { return r, nil })
	bodies := []struct {
		name string
		body io.ReadCloser
	}{
		{"bare", endless{}},
		{"body", wrap.Body(endless{}, same)},
		{"connection", wrap.Conn(endlessConn{}, same)},
	}
	p := make([]byte, 4096)
	for _, bb := range bodies {
		b.Run(bb.name, func(b *testing.B) {
			defer bb.body.Close()
			b.ReportAllocs()
			b.SetBytes(int64(len(p)))
			for b.Loop() {
				_, _ = bb.body.Read(p)
			}
		})
	}
}
