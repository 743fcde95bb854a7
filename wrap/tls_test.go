package wrap_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"go/build"
	"io"
	"log"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/bodywrap/bodywrap/internal/testkit"
	"github.com/bodywrap/bodywrap/wrap"
	"github.com/google/go-cmp/cmp"
)

// What net/http asks of a connection that may have TLS:
//
//   - Until Go 1.26 only a *tls.Conn itself can have HTTP/2.
//   - Since Go 1.25 a server looks for ConnectionState (golang/go#56104), and
//     does so before the handshake when the connection is no *tls.Conn.
//   - Since Go 1.27 client and server ask for ConnectionState and
//     HandshakeContext, and HTTP/2 goes through any connection with both.
var (
	serverSeesState = slices.Contains(build.Default.ReleaseTags, "go1.25")
	asksForMethods  = slices.Contains(build.Default.ReleaseTags, "go1.27")
)

// An outcome holds what a client and a server see of one request.
type outcome struct {
	Proto     string // HTTP/2.0; "", as all else, if the request fails
	ClientTLS string // Response.TLS: "" if it is nil, "empty" before the handshake, or "complete"
	ServerTLS string // Request.TLS, likewise
	Plaintext bool   // whether the hooks saw what was said
}

// byRelease returns the first of outcomes from Go 1.27 on, and the second
// before.
func byRelease(since, before outcome) outcome {
	if asksForMethods {
		return since
	}
	return before
}

func TestHooksAboveAndBelowTLS(t *testing.T) {
	aboveServer1 := outcome{"HTTP/1.1", "complete", "complete", true}
	if !asksForMethods {
		aboveServer1.ServerTLS = ""
		if serverSeesState {
			aboveServer1.ServerTLS = "empty"
		}
	}
	tests := []struct {
		name         string
		client       func(*http.Transport, wrap.Hooks)
		server       func(net.Listener, *tls.Config, wrap.Hooks) net.Listener
		http1, http2 outcome
		why          string
	}{
		{
			"nowhere", clientWithout, serverWithout,
			outcome{"HTTP/1.1", "complete", "complete", false}, outcome{"HTTP/2.0", "complete", "complete", false},
			"the test's own client and server are right",
		},
		{
			"below the client's TLS", clientBelow, serverWithout,
			outcome{"HTTP/1.1", "complete", "complete", false}, outcome{"HTTP/2.0", "complete", "complete", false},
			"net/http makes the *tls.Conn itself",
		},
		{
			"below the server's TLS", clientWithout, serverBelow,
			outcome{"HTTP/1.1", "complete", "complete", false}, outcome{"HTTP/2.0", "complete", "complete", false},
			"tls.NewListener makes the *tls.Conn",
		},
		{
			"above the client's TLS", clientAbove, serverWithout,
			byRelease(outcome{"HTTP/1.1", "complete", "complete", true}, outcome{"HTTP/1.1", "", "complete", true}),
			byRelease(outcome{"HTTP/2.0", "complete", "complete", true}, outcome{}),
			"before Go 1.27 the client does not see that HTTP/2 was agreed on",
		},
		{
			"above the server's TLS", clientWithout, serverAbove,
			aboveServer1,
			byRelease(outcome{"HTTP/2.0", "complete", "complete", true}, outcome{}),
			"before Go 1.27 the server does not see that HTTP/2 was agreed on",
		},
	}
	for _, tt := range tests {
		for _, protocol := range []struct {
			alpn string
			want outcome
		}{{"http/1.1", tt.http1}, {"h2", tt.http2}} {
			t.Run(tt.name+"/"+strings.ReplaceAll(protocol.alpn, "/", " "), func(t *testing.T) {
				got := exchangeOverTLS(t, protocol.alpn, tt.client, tt.server)
				if diff := cmp.Diff(protocol.want, got); diff != "" {
					t.Errorf("a request over TLS (-want +got), %s:\n%s", tt.why, diff)
				}
			})
		}
	}
}

func clientWithout(*http.Transport, wrap.Hooks) {}

func clientBelow(tr *http.Transport, hooks wrap.Hooks) {
	tr.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return wrap.Conn(conn, hooks), nil
	}
}

func clientAbove(tr *http.Transport, hooks wrap.Hooks) {
	config := tr.TLSClientConfig
	tr.DialTLSContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := (&tls.Dialer{Config: config}).DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return wrap.Conn(conn, hooks), nil
	}
}

func serverWithout(l net.Listener, config *tls.Config, _ wrap.Hooks) net.Listener {
	return tls.NewListener(l, config)
}

func serverBelow(l net.Listener, config *tls.Config, hooks wrap.Hooks) net.Listener {
	return tls.NewListener(wrap.Listener(l, hooks), config)
}

func serverAbove(l net.Listener, config *tls.Config, hooks wrap.Hooks) net.Listener {
	return wrap.Listener(tls.NewListener(l, config), hooks)
}

// exchangeOverTLS sends one request whose body the server sends back, over a
// connection that agrees on the protocol alpn.
func exchangeOverTLS(t *testing.T, alpn string, client func(*http.Transport, wrap.Hooks), server func(net.Listener, *tls.Config, wrap.Hooks) net.Listener) (got outcome) {
	const secret = "the secret of the body"
	saw := &spy{word: []byte(secret)}
	serving, dialing := testkit.ServerTLS(), testkit.ClientTLS()
	serving.NextProtos, dialing.NextProtos = []string{alpn}, []string{alpn}

	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	seen := make(chan string, 1)
	srv := &http.Server{
		ErrorLog: log.New(io.Discard, "", 0),
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPost { // not what a server without HTTP/2 takes its preface for
				seen <- tlsState(r.TLS)
			}
			body, _ := io.ReadAll(r.Body)
			_, _ = w.Write(body) // the client sees what arrived
		}),
	}
	served := make(chan error, 1)
	go serveOn(srv, server(tcp, serving, saw.hooks()), served)
	defer func() {
		_ = srv.Close() // the listener's close error says nothing about the test
		if err := <-served; err != http.ErrServerClosed {
			t.Errorf("Serve = %v, want http.ErrServerClosed", err)
		}
	}()

	tr := &http.Transport{TLSClientConfig: dialing, ForceAttemptHTTP2: alpn == "h2"}
	client(tr, saw.hooks())
	defer tr.CloseIdleConnections()
	ctx, cancel := context.WithTimeout(context.Background(), testkit.Patience)
	defer cancel()
	body := strings.Repeat(secret, 1<<13)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://"+tcp.Addr().String(), strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := tr.RoundTrip(req)
	if err != nil {
		t.Logf("the request fails: %v", err)
		if ctx.Err() != nil {
			t.Error("it fails only after a minute")
		}
		return outcome{}
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Logf("the answer is %s: %v", resp.Status, err)
		return outcome{}
	}
	if string(answer) != body {
		t.Errorf("the answer has %d bytes, want the %d that were sent", len(answer), len(body))
	}
	return outcome{resp.Proto, tlsState(resp.TLS), <-seen, saw.saw()}
}

func tlsState(s *tls.ConnectionState) string {
	switch {
	case s == nil:
		return ""
	case !s.HandshakeComplete:
		return "empty"
	}
	return "complete"
}

// A spy looks for a word in the bytes that are written to connections.
type spy struct {
	word  []byte
	mu    sync.Mutex
	found bool
}

func (s *spy) hooks() wrap.Hooks {
	return wrap.Hooks{Write: func(next io.Writer, p []byte) (int, error) {
		if bytes.Contains(p, s.word) {
			s.mu.Lock()
			s.found = true
			s.mu.Unlock()
		}
		return next.Write(p)
	}}
}

func (s *spy) saw() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.found
}
