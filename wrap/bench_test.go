package wrap_test

import (
	"io"
	"net"
	"testing"

	"github.com/bodywrap/bodywrap/wrap"
)

var sink io.ReadCloser

// BenchmarkRead is what one call costs: direct, through a layer whose Read has
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

// BenchmarkBody is what a layer costs to make, beside Keep and a struct by hand.
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

var connSink net.Conn

// BenchmarkConn is what a connection's layer costs to make, beside a struct by
// hand, and BenchmarkConnRead what one call through it does.
func BenchmarkConn(b *testing.B) {
	b.Run("bare", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			connSink = &unwrapsConn{idleConn{}}
		}
	})
	b.Run("wrapped", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			connSink = wrap.Conn(idleConn{}, passAll)
		}
	})
}

func BenchmarkConnRead(b *testing.B) {
	conns := []struct {
		name string
		conn net.Conn
	}{
		{"bare", idleConn{}},
		{"wrapped", wrap.Conn(idleConn{}, closeOnly)},
		{"hooked", wrap.Conn(idleConn{}, passAll)},
	}
	p := make([]byte, 64)
	for _, bb := range conns {
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = bb.conn.Read(p)
			}
		})
	}
}
