package wraptest_test

import (
	"io"
	"net"
	"sync/atomic"
	"testing"

	"github.com/bodywrap/bodywrap/wrap"
	"github.com/bodywrap/bodywrap/wrap/wraptest"
)

// bytesSeen holds the counts of a wrapper.
type bytesSeen struct{ read, written atomic.Int64 }

// options returns Options that expect these counts to be right.
func (c *bytesSeen) options() wraptest.Options {
	return wraptest.Options{BytesRead: c.read.Load, BytesWritten: c.written.Load}
}

func (c *bytesSeen) hooks() wrap.Hooks {
	return wrap.Hooks{
		Read: func(next io.Reader, p []byte) (int, error) {
			n, err := next.Read(p)
			c.read.Add(int64(n))
			return n, err
		},
		Write: func(next io.Writer, p []byte) (int, error) {
			n, err := next.Write(p)
			c.written.Add(int64(n))
			return n, err
		},
	}
}

func TestHooksCountEveryByte(t *testing.T) {
	var body, conn bytesSeen
	wraptest.Body(t, func(b io.ReadCloser) io.ReadCloser { return wrap.Body(b, body.hooks()) }, body.options())
	wraptest.Conn(t, func(c net.Conn) net.Conn { return wrap.Conn(c, conn.hooks()) }, conn.options())
}

// readFromGoesRound counts the bytes of Write, and not those of ReadFrom. An
// httpsnoop.Hooks that sets only Write has the same fault.
type readFromGoesRound struct {
	everything
	seen *bytesSeen
}

func (b readFromGoesRound) Write(p []byte) (int, error) {
	n, err := b.everything.Write(p)
	b.seen.written.Add(int64(n))
	return n, err
}

type writeToGoesRound struct {
	everything
	seen *bytesSeen
}

func (b writeToGoesRound) Read(p []byte) (int, error) {
	n, err := b.everything.Read(p)
	b.seen.read.Add(int64(n))
	return n, err
}

type countsTwice struct {
	everything
	seen *bytesSeen
}

func (b countsTwice) Write(p []byte) (int, error) {
	n, err := b.everything.Write(p)
	b.seen.written.Add(2 * int64(n))
	return n, err
}

func (b countsTwice) ReadFrom(r io.Reader) (int64, error) {
	n, err := b.everything.ReadFrom(r)
	b.seen.written.Add(n)
	return n, err
}

func TestBytesThatAreNotCountedAreFound(t *testing.T) {
	tests := []struct {
		name  string
		wrong func(everything, *bytesSeen) io.ReadCloser
		reads bool // it counts bytes that are read; the others count bytes that are written
		says  string
	}{
		{"ReadFrom goes round", func(b everything, c *bytesSeen) io.ReadCloser { return readFromGoesRound{b, c} }, false,
			"ReadFrom, which io.Copy prefers to Write, moves 40960 bytes, and the wrapper counts 0 as written"},
		{"WriteTo goes round", func(b everything, c *bytesSeen) io.ReadCloser { return writeToGoesRound{b, c} }, true,
			"WriteTo, which io.Copy prefers to Read, moves 40960 bytes, and the wrapper counts 0 as read"},
		{"counts twice", func(b everything, c *bytesSeen) io.ReadCloser { return countsTwice{b, c} }, false,
			"Write moves 40960 bytes, and the wrapper counts 81920 as written"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var wrong, right bytesSeen
			o := wraptest.Options{BytesWritten: func() int64 { return wrong.written.Load() + right.written.Load() }}
			if tt.reads {
				o = wraptest.Options{BytesRead: func() int64 { return wrong.read.Load() + right.read.Load() }}
			}
			err := wraptest.CheckBody(func(b io.ReadCloser) io.ReadCloser {
				if all, ok := b.(everything); ok {
					return tt.wrong(all, &wrong)
				}
				return wrap.Body(b, right.hooks())
			}, o)
			onlyFinding(t, err, "counting", tt.says)
		})
	}
}
