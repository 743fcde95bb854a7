package wraptest_test

import (
	"io"
	"net"
	"testing"

	"github.com/bodywrap/bodywrap/wrap"
	"github.com/bodywrap/bodywrap/wrap/wraptest"
)

// passAll has a hook on every method, and each does nothing of its own.
var passAll = wrap.Hooks{
	Read:       func(next io.Reader, p []byte) (int, error) { return next.Read(p) },
	Write:      func(next io.Writer, p []byte) (int, error) { return next.Write(p) },
	Close:      func(next io.Closer) error { return next.Close() },
	CloseWrite: func(next wrap.CloseWriter) error { return next.CloseWrite() },
	WriteTo:    func(next io.WriterTo, w io.Writer) (int64, error) { return next.WriteTo(w) },
	ReadFrom:   func(next io.ReaderFrom, r io.Reader) (int64, error) { return next.ReadFrom(r) },
}

func TestRightBodiesPass(t *testing.T) {
	tests := map[string]func(io.ReadCloser) io.ReadCloser{
		"left alone":  func(body io.ReadCloser) io.ReadCloser { return body },
		"every hook":  func(body io.ReadCloser) io.ReadCloser { return wrap.Body(body, passAll) },
		"Read, Write": func(body io.ReadCloser) io.ReadCloser { return wrap.Body(body, counting) },
		"two layers":  func(body io.ReadCloser) io.ReadCloser { return wrap.Body(body, counting, passAll) },
		"Done":        func(body io.ReadCloser) io.ReadCloser { return wrap.Body(body, wrap.Done(func(wrap.Summary) {})) },
	}
	for name, wrapper := range tests {
		t.Run(name, func(t *testing.T) { wraptest.Body(t, wrapper, patient) })
	}
}

// The result of Keep has no WriteTo if the replacement has none: a WriteTo of
// the original would go round the replacement.
func TestKeepPassesWithItsHiddenMethod(t *testing.T) {
	wraptest.Body(t, func(body io.ReadCloser) io.ReadCloser {
		return wrap.Keep(body, struct{ io.ReadCloser }{body})
	}, wraptest.Options{Hides: []string{"WriteTo"}})
}

func TestRightConnsPass(t *testing.T) {
	tests := map[string]func(net.Conn) net.Conn{
		"left alone":  func(c net.Conn) net.Conn { return c },
		"every hook":  func(c net.Conn) net.Conn { return wrap.Conn(c, passAll) },
		"Read, Write": func(c net.Conn) net.Conn { return wrap.Conn(c, counting) },
	}
	for name, wrapper := range tests {
		t.Run(name, func(t *testing.T) { wraptest.Conn(t, wrapper, patient) })
	}
}
