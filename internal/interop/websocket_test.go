package interop

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bodywrap/bodywrap/internal/testkit"
	"github.com/bodywrap/bodywrap/wrap"
)

// patience is a deadline that only a fault reaches. It is longer than
// testkit's, since a browser is slow on a busy machine.
const patience = 3 * testkit.Patience

// A library is a WebSocket implementation, as client and as server.
type library struct {
	name        string
	compression bool // permessage-deflate, RFC 7692
	dial        func(ctx context.Context, url string) (socket, error)
	accept      func(w http.ResponseWriter, r *http.Request, use func(socket)) error
}

// libraries send each message as one frame, since x/net does not join
// fragments.
var libraries = []library{coderLibrary, gorillaLibrary, xnetLibrary}

// A socket is one end of a WebSocket connection. One goroutine may send, one
// may receive and one may ping at the same time.
type socket interface {
	send(message []byte) error
	receive() ([]byte, error) // the error is *closed after the close handshake
	ping() error              // returns after the pong; receive must be running
	close(code int, reason string) error
	drop() // closes the connection without a close frame
}

// closed is the error of receive after the peer's close frame.
type closed struct {
	code   int
	reason string
}

func (c *closed) Error() string { return fmt.Sprintf("the peer closed with %d %q", c.code, c.reason) }

// In TestWebSockets each library is client and server under each treatment, and
// each pair of libraries runs under all hooks at once.
func TestWebSockets(t *testing.T) {
	for i, client := range libraries {
		for j, server := range libraries {
			for k, treat := range treatments {
				if treat.name != "all of them" && (i+k)%len(libraries) != j {
					continue
				}
				t.Run(client.name+" to "+server.name+"/"+treat.name, func(t *testing.T) {
					t.Parallel()
					p := pair{client, server, treat}
					t.Run("echo", p.echo)
					t.Run("ping", p.ping)
					t.Run("compression", p.compression)
					t.Run("both ways at once", p.bothWays)
					t.Run("client closes", p.clientCloses)
					t.Run("server closes", p.serverCloses)
				})
			}
		}
	}
}

// A pair has two libraries that talk through a proxy with the treatment.
type pair struct {
	client, server library
	treatment      treatment
}

func (p pair) echo(t *testing.T) {
	c := p.open(t)
	served := make(chan error, 1)
	go c.echo(served)
	for _, n := range []int{0, 1, 125, 126, 127, 4095, 4096, 4097, 1<<16 - 1, 1 << 16, 1<<16 + 1, 1 << 18} {
		message := noise(n)
		if err := c.client.send(message); err != nil {
			t.Fatalf("client: send of %d bytes: %v", n, err)
		}
		got, err := c.client.receive()
		if err != nil || !bytes.Equal(got, message) {
			t.Fatalf("echo of %d bytes: got %d bytes, equal %v, error %v", n, len(got), bytes.Equal(got, message), err)
		}
	}
	if err := c.client.close(1000, ""); err != nil {
		t.Errorf("client: close: %v", err)
	}
	if err := <-served; err != nil {
		t.Errorf("server: %v", err)
	}
	c.end(t)
}

// echo sends each message back until the client closes.
func (c *conversation) echo(served chan<- error) {
	served <- func() error {
		for {
			message, err := c.server.receive()
			if over := (*closed)(nil); errors.As(err, &over) {
				return nil
			}
			if err != nil {
				return fmt.Errorf("receive: %w", err)
			}
			if err := c.server.send(message); err != nil {
				return fmt.Errorf("send: %w", err)
			}
		}
	}()
}

func (p pair) ping(t *testing.T) {
	c := p.open(t)
	last := []byte("no more pings")
	for _, end := range []struct {
		name          string
		pinging, peer socket
	}{{"client", c.client, c.server}, {"server", c.server, c.client}} {
		received := make(chan error, 2)
		go expect(end.pinging, last, received)
		go expect(end.peer, last, received)
		for i := range 3 {
			if err := end.pinging.ping(); err != nil {
				t.Fatalf("%s: ping %d: %v", end.name, i, err)
			}
		}
		for _, s := range []socket{end.pinging, end.peer} {
			if err := s.send(last); err != nil {
				t.Fatalf("%s: send after pings: %v", end.name, err)
			}
		}
		for range 2 {
			if err := <-received; err != nil {
				t.Fatalf("after the pings of the %s: %v", end.name, err)
			}
		}
	}
	c.end(t)
}

func expect(s socket, want []byte, received chan<- error) {
	got, err := s.receive()
	if err == nil && !bytes.Equal(got, want) {
		err = fmt.Errorf("receive = %q, want %q", got, want)
	}
	received <- err
}

// compression sends messages that can be compressed, and checks how many bytes
// passed the proxy.
func (p pair) compression(t *testing.T) {
	c := p.open(t)
	message := bytes.Repeat([]byte("the same again and again, "), 1<<12)
	for _, dir := range []struct {
		name     string
		from, to socket
	}{{"client to server", c.client, c.server}, {"server to client", c.server, c.client}} {
		received := make(chan error, 1)
		go expect(dir.to, message, received)
		if err := dir.from.send(message); err != nil {
			t.Fatalf("%s: send: %v", dir.name, err)
		}
		if err := <-received; err != nil {
			t.Fatalf("%s: %v", dir.name, err)
		}
	}
	want := p.client.compression && p.server.compression
	if got := strings.Contains(c.response().Header.Get("Sec-WebSocket-Extensions"), "permessage-deflate"); got != want {
		t.Errorf("permessage-deflate negotiated: %v, want %v", got, want)
	}
	total := c.end(t)
	for name, n := range map[string]int64{"read from": total.Read, "written to": total.Written} {
		if got := n < int64(len(message)); got != want {
			t.Errorf("%d bytes were %s the backend for a message of %d: compressed %v, want %v", n, name, len(message), got, want)
		}
	}
}

func (p pair) bothWays(t *testing.T) {
	const messages = 1000
	c := p.open(t)
	done := make(chan error, 4)
	for name, s := range map[string]socket{"client": c.client, "server": c.server} {
		go sendNumbered(name, s, messages, done)
		go receiveNumbered(name, s, messages, done)
	}
	for range cap(done) {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	c.end(t)
}

// numbered returns the message with number i. Its length and its bytes depend
// on i.
func numbered(i int) []byte {
	return bytes.Repeat(fmt.Appendf(nil, "%d;", i), 1+i%41)
}

func sendNumbered(name string, s socket, n int, done chan<- error) {
	for i := range n {
		if err := s.send(numbered(i)); err != nil {
			done <- fmt.Errorf("%s: send of message %d: %w", name, i, err)
			return
		}
	}
	done <- nil
}

func receiveNumbered(name string, s socket, n int, done chan<- error) {
	for i := range n {
		got, err := s.receive()
		if err != nil || !bytes.Equal(got, numbered(i)) {
			done <- fmt.Errorf("%s: receive of message %d = %.40q (%d bytes), %v", name, i, got, len(got), err)
			return
		}
	}
	done <- nil
}

func (p pair) clientCloses(t *testing.T) {
	c := p.open(t)
	c.closes(t, "client", c.client, c.server, closed{4001, "the client has seen enough"})
}

func (p pair) serverCloses(t *testing.T) {
	c := p.open(t)
	c.closes(t, "server", c.server, c.client, closed{4002, "the server goes down for lunch"})
}

func (c *conversation) closes(t *testing.T, name string, closer, peer socket, say closed) {
	received := make(chan error, 1)
	go func() {
		_, err := peer.receive()
		received <- err
	}()
	if err := closer.close(say.code, say.reason); err != nil {
		t.Errorf("%s: close(%d, %q): %v", name, say.code, say.reason, err)
	}
	got := (*closed)(nil)
	if err := <-received; !errors.As(err, &got) || *got != say {
		t.Errorf("after the %s's close the peer's receive = %v, want %v", name, err, &say)
	}
	c.end(t)
}

// A conversation is one WebSocket connection through the proxy.
type conversation struct {
	client, server socket

	p        pair
	proxied  *httptest.Server
	backend  *httptest.Server
	upgraded chan *http.Response // gets the backend's 101
	resp     *http.Response      // the 101, once response was called
	totals   chan wrap.Summary   // gets a value when the backend's body is done
	reading  sync.Mutex          // held during a Read of the backend's body
	writing  sync.Mutex          // held during a Write to the backend's body
	check    func(*testing.T)    // the treatment's
	free     chan struct{}       // closed when the server's handler may return
}

// open connects client to server through a proxy with the treatment.
func (p pair) open(t *testing.T) *conversation {
	c := &conversation{
		p:        p,
		upgraded: make(chan *http.Response, 1),
		totals:   make(chan wrap.Summary, 1),
		free:     make(chan struct{}),
	}
	accepted := make(chan socket, 1)
	c.backend = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := p.server.accept(w, r, func(s socket) {
			accepted <- s
			<-c.free
		})
		if err != nil {
			t.Errorf("%s: accept: %v", p.server.name, err)
		}
	}))
	t.Cleanup(c.backend.Close)
	modify, check := p.treatment.use()
	c.check = check
	backend, err := url.Parse(c.backend.URL)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{
		Rewrite:  func(r *httputil.ProxyRequest) { r.SetURL(backend); r.Out.Host = r.In.Host },
		ErrorLog: log.New(t.Output(), "proxy: ", 0),
		ModifyResponse: func(resp *http.Response) error {
			c.upgraded <- resp
			err := modify(resp)
			// The test's own hooks are outermost. When Done is
			// called, a Read or a Write may still be running. Each
			// of them holds its lock.
			resp.Body = wrap.Body(resp.Body, wrap.Done(func(s wrap.Summary) { c.totals <- s }), wrap.Hooks{
				Read: func(next io.Reader, p []byte) (int, error) {
					c.reading.Lock()
					defer c.reading.Unlock()
					return next.Read(p)
				},
				Write: func(next io.Writer, p []byte) (int, error) {
					c.writing.Lock()
					defer c.writing.Unlock()
					return next.Write(p)
				},
			})
			return err
		},
	}
	c.proxied = httptest.NewServer(proxy)
	t.Cleanup(c.proxied.Close)

	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	c.client, err = p.client.dial(ctx, "ws"+strings.TrimPrefix(c.proxied.URL, "http")+"/")
	if err != nil {
		t.Fatalf("%s: dial through the proxy: %v", p.client.name, err)
	}
	t.Cleanup(c.client.drop)
	c.server = <-accepted
	return c
}

// response returns the 101 that the proxy got from the backend.
func (c *conversation) response() *http.Response {
	if c.resp == nil {
		c.resp = <-c.upgraded
	}
	return c.resp
}

// end drops both ends, waits until the proxy has closed the backend's body, and
// calls the check of the treatment.
func (c *conversation) end(t *testing.T) wrap.Summary {
	t.Helper()
	c.client.drop()
	c.server.drop()
	close(c.free)
	select {
	case total := <-c.totals:
		c.reading.Lock()
		defer c.reading.Unlock()
		c.writing.Lock()
		defer c.writing.Unlock()
		c.check(t)
		return total
	case <-time.After(patience):
		t.Fatal("both ends are gone, and the proxy has not closed the backend's body")
	}
	panic("unreachable")
}

// noise returns n bytes that cannot be compressed. They are the same each time.
func noise(n int) []byte {
	b := make([]byte, n)
	_, _ = io.ReadFull(rand.NewChaCha8([32]byte{}), b) // never fails
	return b
}
