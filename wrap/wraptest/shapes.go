package wraptest

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"syscall"
)

// Shapes are the original with some of its methods and no others. Each is
// written out, since Go makes no type at run time. They are comparable, so that
// Unwrap can be followed back to them.

type (
	w  = io.Writer
	wt = io.WriterTo
	rf = io.ReaderFrom
	cw interface{ CloseWrite() error }
	cr interface{ CloseRead() error }
	sc = syscall.Conn
	nc interface{ NetConn() net.Conn }
	cs interface{ ConnectionState() tls.ConnectionState }
	hc interface{ HandshakeContext(context.Context) error }
)

// bodies are the combinations of a body's optional methods. ReadFrom without
// Write is not among them: it makes no sense, and wrappers may leave it out.
var bodies = map[methods]func(*original) io.ReadCloser{
	0: func(o *original) io.ReadCloser {
		return struct{ io.ReadCloser }{o}
	},
	hasWrite: func(o *original) io.ReadCloser {
		return struct {
			io.ReadCloser
			w
		}{o, o}
	},
	hasCloseWrite: func(o *original) io.ReadCloser {
		return struct {
			io.ReadCloser
			cw
		}{o, o}
	},
	hasWrite | hasCloseWrite: func(o *original) io.ReadCloser {
		return struct {
			io.ReadCloser
			w
			cw
		}{o, o, o}
	},
	hasWriteTo: func(o *original) io.ReadCloser {
		return struct {
			io.ReadCloser
			wt
		}{o, o}
	},
	hasWrite | hasWriteTo: func(o *original) io.ReadCloser {
		return struct {
			io.ReadCloser
			w
			wt
		}{o, o, o}
	},
	hasCloseWrite | hasWriteTo: func(o *original) io.ReadCloser {
		return struct {
			io.ReadCloser
			cw
			wt
		}{o, o, o}
	},
	hasWrite | hasCloseWrite | hasWriteTo: func(o *original) io.ReadCloser {
		return struct {
			io.ReadCloser
			w
			cw
			wt
		}{o, o, o, o}
	},
	hasWrite | hasReadFrom: func(o *original) io.ReadCloser {
		return struct {
			io.ReadCloser
			w
			rf
		}{o, o, o}
	},
	hasWrite | hasCloseWrite | hasReadFrom: func(o *original) io.ReadCloser {
		return struct {
			io.ReadCloser
			w
			cw
			rf
		}{o, o, o, o}
	},
	hasWrite | hasWriteTo | hasReadFrom: func(o *original) io.ReadCloser {
		return struct {
			io.ReadCloser
			w
			wt
			rf
		}{o, o, o, o}
	},
	hasWrite | hasCloseWrite | hasWriteTo | hasReadFrom: func(o *original) io.ReadCloser {
		return struct {
			io.ReadCloser
			w
			cw
			wt
			rf
		}{o, o, o, o, o}
	},
}
