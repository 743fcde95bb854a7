// This file is written by hand: wrapgen reads it, and nothing rewrites it.

// Package bodywrap keeps what an HTTP body can do when something wraps it.
//
// This package is a map of the module. The code is in the packages below it:
//
//   - [github.com/bodywrap/bodywrap/wrap] is the library: Body returns a body
//     whose calls run through hooks, and which has exactly the optional methods
//     (Write, CloseWrite, WriteTo, ReadFrom) of the body that it wraps.
//   - [github.com/bodywrap/bodywrap/wrap/transform] has hooks that change the
//     content of messages: compress, decompress, rewrite lines and events.
//   - [github.com/bodywrap/bodywrap/wrap/tunnel] joins two connections, for
//     proxies that do not use httputil.ReverseProxy.
//   - [github.com/bodywrap/bodywrap/wrap/wraptest] tests wrappers, hooks and
//     proxies of your own.
//   - cmd/wrapprobe shows what a proxy passes on, and what is lost when a
//     wrapper drops a method.
//   - cmd/wrapgen generates wrappers like those of package wrap for any
//     interface. internal/gen is its engine.
//   - cmd/wrapgen/examples/upload is an example for wrapgen: the body of an
//     upload with a progress bar.
//   - cmd/wrapvet finds code that loses what a body could do. It is a module of
//     its own.
//
// This package has no API. It declares the families of types that package wrap
// is generated from. CONTRIBUTING.md says which file to open for which change.
package bodywrap

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"os"
	"syscall"
	"time"
)

//go:generate go run ./cmd/wrapgen

// body is what an HTTP body may do beside Read and Close.
//
//wrapgen:for ./wrap.layer
//wrapgen:from methodBehind
//wrapgen:test newTestLayer
type body interface {
	io.Writer     // after 101 Switching Protocols
	closeWriter   // half-close
	io.WriterTo   // lets io.Copy skip its buffer
	io.ReaderFrom //wrapgen:needs Write
}

// conn is what a connection may do beside the methods of net.Conn.
//
//wrapgen:for ./wrap.connLayer
//wrapgen:test newTestConnLayer
type conn interface {
	closeWriter        // half-close
	CloseRead() error  // the other half
	io.WriterTo        // lets io.Copy splice from it
	io.ReaderFrom      // and to it
	syscall.Conn       // socket options
	NetConn() net.Conn // what is under TLS

	ConnectionState() tls.ConnectionState       // what TLS has agreed on
	HandshakeContext(ctx context.Context) error //wrapgen:needs ConnectionState
}

// listener is what a listener may do beside the methods of net.Listener.
//
//wrapgen:for ./wrap.listenerLayer
//wrapgen:test
type listener interface {
	SetDeadline(t time.Time) error // for Accept
	File() (*os.File, error)       // hands the socket to another process
	syscall.Conn                   //wrapgen:pass // socket options
}

// writer is what a server's http.ResponseWriter may do beside the methods of
// that interface.
//
//wrapgen:for ./wrap.writerLayer
//wrapgen:max 288
//wrapgen:test
type writer interface {
	http.Hijacker             // takes over the connection: HTTP/1 only
	http.Flusher              // sends what is buffered
	FlushError() error        //wrapgen:needs Flush
	io.ReaderFrom             // sendfile and splice
	io.StringWriter           // saves a copy
	deadlines                 // for this request
	EnableFullDuplex() error  //wrapgen:needs SetReadDeadline
	CloseNotify() <-chan bool // before requests had contexts
	http.Pusher               // HTTP/2 only
}

type closeWriter interface{ CloseWrite() error }

type deadlines interface {
	SetReadDeadline(deadline time.Time) error
	SetWriteDeadline(deadline time.Time) error
}

// A family is input to wrapgen, not API: keep it unexported.
var (
	_ body
	_ conn
	_ listener
	_ writer
)
