// Package wrappers makes bodies for others, and knows nothing of HTTP.
package wrappers

import "io"

type counting struct{ io.ReadCloser }

func (c *counting) Close() error { return c.ReadCloser.Close() }

// Count loses everything but Read and Close.
func Count(rc io.ReadCloser) io.ReadCloser { return &counting{rc} } // want Count:`wrapsBody\(Write no, CloseWrite no, closes yes\)`

type duplex struct{ io.ReadWriteCloser }

// Duplex keeps Write.
func Duplex(rc io.ReadCloser) io.ReadCloser { // want Duplex:`wrapsBody\(Write yes, CloseWrite no, closes yes\)`
	if rwc, ok := rc.(io.ReadWriteCloser); ok {
		return &duplex{rwc}
	}
	return &counting{rc}
}

type whole interface {
	io.ReadWriteCloser
	CloseWrite() error
}

// Whole keeps all.
func Whole(rc io.ReadCloser) io.ReadCloser { // want Whole:`wrapsBody\(Write yes, CloseWrite yes, closes yes\)`
	if w, ok := rc.(whole); ok {
		return struct{ whole }{w}
	}
	return &counting{rc}
}

// Limit forgets Close.
func Limit(r io.Reader, n int64) io.ReadCloser { return io.NopCloser(io.LimitReader(r, n)) } // want Limit:`wrapsBody\(Write no, CloseWrite no, closes no\)`

// Twice is made of two.
func Twice(rc io.ReadCloser) io.ReadCloser { return Count(Duplex(rc)) } // want Twice:`wrapsBody\(Write no, CloseWrite no, closes yes\)`

// Chosen depends on what is not seen.
func Chosen(rc io.ReadCloser, f func(io.ReadCloser) io.ReadCloser) io.ReadCloser { return f(rc) } // want Chosen:`wrapsBody\(Write perhaps, CloseWrite perhaps, closes perhaps\)`
