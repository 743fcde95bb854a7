package wrap_test

import (
	"crypto/tls"
	"io"
	"net"
	"testing"

	"github.com/bodywrap/bodywrap/wrap"
)

type (
	unwrapsReadCloser struct{ io.ReadCloser }
	unwrapsRWC        struct{ io.ReadWriteCloser }
	unwrapsConn       struct{ net.Conn }
	loop              struct{ io.ReadCloser }
)

func (u unwrapsReadCloser) Unwrap() io.ReadCloser { return u.ReadCloser }
func (u unwrapsRWC) Unwrap() io.ReadWriteCloser   { return u.ReadWriteCloser }
func (u unwrapsConn) Unwrap() net.Conn            { return u.Conn }
func (l *loop) Unwrap() io.ReadCloser             { return l }

func TestUnwrapTakesOneStep(t *testing.T) {
	rec := newRecorder("")
	inner := wrap.Body(rec, closeOnly)
	conn, other := net.Pipe()
	defer conn.Close()
	defer other.Close()
	tests := []struct {
		name       string
		body, want io.ReadCloser
	}{
		{"nil", nil, nil},
		{"not a wrapper", rec, nil},
		{"Body", inner, rec},
		{"Body of Body", wrap.Body(inner, closeOnly), inner},
		{"Unwrap() io.ReadCloser", unwrapsReadCloser{rec}, rec},
		{"Unwrap() io.ReadWriteCloser", unwrapsRWC{rec}, rec},
		{"Unwrap() net.Conn", unwrapsConn{conn}, conn},
		{"NetConn() net.Conn", tls.Client(conn, &tls.Config{}), conn},
		{"Unwrap returns nil", unwrapsReadCloser{nil}, nil},
	}
	for _, tt := range tests {
		if got := wrap.Unwrap(tt.body); got != tt.want {
			t.Errorf("Unwrap of %s = %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestAsWalksTheChain(t *testing.T) {
	tcp := dialEcho(t)
	secure := tls.Client(tcp, &tls.Config{})
	body := wrap.Body(unwrapsReadCloser{wrap.Body(unwrapsRWC{unwrapsConn{secure}}, passAll)}, closeOnly)

	if got, ok := wrap.As[*tls.Conn](body); !ok || got != secure {
		t.Errorf("As[*tls.Conn] = %v, %v, want the TLS connection", got, ok)
	}
	if got, ok := wrap.As[*net.TCPConn](body); !ok || got != tcp {
		t.Errorf("As[*net.TCPConn] = %v, %v, want the TCP connection", got, ok)
	}
	if got, ok := wrap.As[net.Conn](body); !ok || got != (unwrapsConn{secure}) {
		t.Errorf("As[net.Conn] = %v, %v, want the outermost", got, ok)
	}
	if got, ok := wrap.As[io.ReadCloser](body); !ok || got != body {
		t.Errorf("As[io.ReadCloser] = %v, %v, want the body itself", got, ok)
	}
	if got, ok := wrap.As[*net.UDPConn](body); ok || got != nil {
		t.Errorf("As[*net.UDPConn] = %v, %v, want nil, false", got, ok)
	}
	if _, ok := wrap.As[io.Reader](nil); ok {
		t.Error("As(nil) found something")
	}
}

func TestAsEndsInALoop(t *testing.T) {
	turn := new(loop)
	orig := newRecorder("")
	through := &unwrapsReadCloser{}
	through.ReadCloser = wrap.Keep(through, wrap.Keep(orig, through))
	for name, body := range map[string]io.ReadCloser{"itself": turn, "Keep": through} {
		if got, ok := wrap.As[*net.TCPConn](body); ok {
			t.Errorf("As in a chain that loops through %s = %v, want none", name, got)
		}
	}
}

// A nil pointer has methods and nothing behind them. A walk ends there.
func TestAChainEndsAtANilPointer(t *testing.T) {
	var secure *tls.Conn
	var tcp *net.TCPConn
	var through *unwrapsConn
	for name, body := range map[string]io.ReadCloser{
		"*tls.Conn":               secure,
		"*net.TCPConn":            tcp,
		"*unwrapsConn":            through,
		"behind a wrapper":        unwrapsReadCloser{secure},
		"behind Body":             wrap.Body(secure, closeOnly),
		"behind Conn":             wrap.Conn(secure, closeOnly),
		"behind Keep":             wrap.Keep(secure, tcp),
		"behind hooks that ask":   wrap.Body(secure, wrap.Done(func(wrap.Summary) {})),
		"behind hooks that ask 2": wrap.Body(secure, wrap.TransformRead(upperReader)),
	} {
		if got, ok := wrap.As[*net.TCPConn](body); ok {
			t.Errorf("As[*net.TCPConn] of a nil %s = %v, want none", name, got)
		}
		if got, ok := wrap.As[*tls.Conn](body); ok {
			t.Errorf("As[*tls.Conn] of a nil %s = %v, want none", name, got)
		}
		wrap.Unwrap(body)
	}
	if got, ok := wrap.As[net.Conn](secure); ok {
		t.Errorf("As[net.Conn] of a nil *tls.Conn = %v, want none", got)
	}
	if got := wrap.Unwrap(secure); got != nil {
		t.Errorf("Unwrap of a nil *tls.Conn = %v, want nil", got)
	}
}
