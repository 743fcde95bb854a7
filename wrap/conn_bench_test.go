package wrap_test

import (
	"net"
	"testing"

	"github.com/bodywrap/bodywrap/wrap"
)

var connSink net.Conn

// BenchmarkConn measures making a connection's layer, and compares it with a
// hand-written struct. BenchmarkConnRead measures one call through the layer.
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
