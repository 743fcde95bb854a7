package probe

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"time"
)

// A Stranger says what went wrong with a connection to the backend before it
// carried a request.
type Stranger string

const (
	NoStranger  Stranger = ""
	SpeaksTLS   Stranger = "speaks TLS to it"
	SpeaksPlain Stranger = "does not speak TLS to it"
	SpeaksHTTP2 Stranger = "speaks HTTP/2 to it"
	RefusesTLS  Stranger = "ended the TLS handshake with it"
)

const (
	handshakeRecord = 0x16  // the first byte of TLS (RFC 8446, section 5.1)
	http2Method     = "PRI" // how an HTTP/2 connection begins (RFC 9113, section 3.4)
)

// greet waits for the first byte of a connection, and returns what is wrong
// with the connection. A connection that ends without a byte is not wrong,
// since health checks do that.
func (c *backendConn) greet() (Stranger, error) {
	first, err := c.br.Peek(1)
	if err == nil {
		if first[0] == handshakeRecord {
			return SpeaksTLS, nil
		}
		return NoStranger, nil
	}
	if record := (tls.RecordHeaderError{}); errors.As(err, &record) {
		return SpeaksPlain, nil
	}
	if _, ok := c.Conn.(*tls.Conn); ok && refusesHandshake(err) {
		return RefusesTLS, err
	}
	return NoStranger, nil
}

// refusesHandshake reports whether err is an alert that the other side sent.
func refusesHandshake(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "remote error"
}

// estrange records that a connection went wrong.
func (b *BackendServer) estrange(s Stranger, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.stranger, b.strangerErr = s, err
}

// Stranger returns what went wrong with the last connection that went wrong, or
// NoStranger if none did.
func (b *BackendServer) Stranger() Stranger {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.stranger
}

// greetingLimit is how long to wait for connections that have said nothing yet.
const greetingLimit = time.Second

// awaitGreetings waits until each connection has sent something or ended. The
// proxy may answer its client before we have read why the proxy gave up its
// backend.
func (b *BackendServer) awaitGreetings(ctx context.Context) {
	b.mu.Lock()
	conns := slices.Collect(maps.Keys(b.conns))
	b.mu.Unlock()
	timer := time.NewTimer(greetingLimit)
	defer timer.Stop()
	for _, c := range conns {
		select {
		case <-c.greeted:
		case <-timer.C:
			return
		case <-ctx.Done():
			return
		}
	}
}

// missed says what the proxy did instead of passing a request on to us.
func (b *BackendServer) missed(ctx context.Context) string {
	b.awaitGreetings(ctx)
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.stranger == NoStranger:
		return "did not connect to the backend at " + b.Addr()
	case b.strangerErr != nil:
		return fmt.Sprintf("connected to the backend at %s, but %s: %s", b.Addr(), b.stranger, reason(b.strangerErr))
	}
	return fmt.Sprintf("connected to the backend at %s, but %s", b.Addr(), b.stranger)
}
