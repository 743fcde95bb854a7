package wrap_test

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/bodywrap/bodywrap/wrap"
	"github.com/google/go-cmp/cmp"
)

// These are the ways in which servers read from a hijacked connection.
var hijackReaders = []struct {
	name string
	read func(conn net.Conn, brw *bufio.ReadWriter, p []byte) error
	why  string
}{
	{"the connection only", readConn, "httputil.ReverseProxy"},
	{"the buffer only", readBuffer, "golang.org/x/net/websocket"},
	{"the buffered bytes, then the connection", readBufferedThenConn, "gorilla/websocket"},
	{"a byte of the buffer, what it read with it, then the connection", readByteThenRest, "whoever looks before it leaps"},
	{"the buffer, reset to what it had and the connection", readReset, "coder/websocket"},
	{"io.Copy of the connection", readCopy, "most tunnels"},
}

func readConn(conn net.Conn, _ *bufio.ReadWriter, p []byte) error {
	_, err := io.ReadFull(conn, p)
	return err
}

func readBuffer(_ net.Conn, brw *bufio.ReadWriter, p []byte) error {
	_, err := io.ReadFull(brw, p)
	return err
}

func readBufferedThenConn(conn net.Conn, brw *bufio.ReadWriter, p []byte) error {
	n, err := io.ReadFull(brw, p[:brw.Reader.Buffered()])
	if err != nil {
		return err
	}
	_, err = io.ReadFull(conn, p[n:])
	return err
}

func readByteThenRest(conn net.Conn, brw *bufio.ReadWriter, p []byte) error {
	var err error
	if p[0], err = brw.ReadByte(); err != nil {
		return err
	}
	return readBufferedThenConn(conn, brw, p[1:])
}

func readReset(conn net.Conn, brw *bufio.ReadWriter, p []byte) error {
	had, err := brw.Reader.Peek(brw.Reader.Buffered())
	if err != nil {
		return err
	}
	brw.Reader.Reset(io.MultiReader(bytes.NewReader(bytes.Clone(had)), conn))
	_, err = io.ReadFull(brw, p)
	return err
}

func readCopy(conn net.Conn, _ *bufio.ReadWriter, p []byte) error {
	var b bytes.Buffer
	if _, err := io.CopyN(&b, conn, int64(len(p))); err != nil {
		return err
	}
	copy(p, b.Bytes())
	return nil
}

// These are the times at which a client sends bytes.
var earlyBytes = []struct {
	name         string
	with, before int // bytes sent with the request, and while it is handled
	after        int // and after the 101
	fin          bool
}{
	{"nothing early", 0, 0, 1000, false},
	{"with the request", 1000, 0, 7, false},
	{"before the 101", 0, 1000, 7, false},
	{"with the request and before the 101", 10, 1000, 7, false},
	{"more than the server buffers", 10_000, 0, 7, false},
	{"with the request, and FIN", 1000, 0, 0, true},
}

// pattern returns n bytes in which a lost, doubled or moved byte shows.
func pattern(n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(i ^ i>>8)
	}
	return p
}

func TestHijackedBytesArriveOnce(t *testing.T) {
	for _, kind := range frontendKinds {
		for _, early := range earlyBytes {
			for _, reader := range hijackReaders {
				if early.fin && !kind.halfClose {
					continue // there is no FIN to send
				}
				t.Run(kind.name+"/"+early.name+"/"+reader.name, func(t *testing.T) {
					sent := pattern(early.with + early.before + early.after)
					handled, answered := make(chan struct{}), make(chan struct{})
					var front *frontend
					var read, written atomic.Int64
					server := func(w http.ResponseWriter, r *http.Request) {
						if watched := front.watch.last.Load(); early.before > 0 {
							watched.armed.Store(true)
							close(handled)
							<-watched.arrived
						}
						conn, brw, err := http.NewResponseController(w).Hijack()
						if err != nil {
							t.Errorf("Hijack = %v", err)
							return
						}
						defer conn.Close()
						_, _ = brw.WriteString(switching) // Flush tells
						if err := brw.Flush(); err != nil {
							t.Errorf("Flush = %v", err)
						}
						got := make([]byte, len(sent))
						if err := reader.read(conn, brw, got); err != nil {
							t.Errorf("reading as %s does: %v", reader.why, err)
						}
						if early.fin {
							if n, err := conn.Read(make([]byte, 1)); n != 0 || err != io.EOF {
								t.Errorf("after the client's last byte Read = %d, %v, want 0, io.EOF", n, err)
							}
						}
						if _, err := conn.Write(got); err != nil {
							t.Errorf("Write = %v", err)
						}
						if cw, ok := conn.(wrap.CloseWriter); ok != kind.halfClose {
							t.Errorf("the connection has CloseWrite: %v, want %v", ok, kind.halfClose)
						} else if ok {
							if err := cw.CloseWrite(); err != nil {
								t.Errorf("CloseWrite = %v", err)
							}
							<-answered // the client saw the end before Close
						}
					}
					front = kind.start(t, wrap.Handler(http.HandlerFunc(server), countingPerConn(&read, &written)))
					client := front.dial(t)

					head := make(chan struct{})
					messages := []sending{{nil, append([]byte(upgradeRequest), sent[:early.with]...)}}
					if early.before > 0 {
						messages = append(messages, sending{handled, sent[early.with : early.with+early.before]})
					}
					if early.after > 0 {
						messages = append(messages, sending{head, sent[early.with+early.before:]})
					}
					done := make(chan error, 1)
					go send(client, messages, early.fin, done)
					in := bufio.NewReader(client)
					resp, err := http.ReadResponse(in, nil)
					close(head)
					if err != nil || resp.StatusCode != http.StatusSwitchingProtocols {
						close(answered)
						t.Fatalf("the server answered %v, %v, want 101", resp, err)
					}
					got, err := io.ReadAll(in)
					close(answered)
					if !bytes.Equal(got, sent) || err != nil {
						t.Errorf("the server got %d bytes, %v, want the %d that were sent, in order (-want +got):\n%s", len(got), err, len(sent), cmp.Diff(sent, got))
					}
					if err := <-done; err != nil {
						t.Errorf("sending: %v", err)
					}
					if got, want := read.Load(), int64(len(sent)); got != want {
						t.Errorf("hooks saw %d bytes read, want %d", got, want)
					}
					if got, want := written.Load(), int64(len(switching)+len(sent)); got != want {
						t.Errorf("hooks saw %d bytes written, want %d", got, want)
					}
				})
			}
		}
	}
}

// countingPerConn counts in a state of its own for each connection, and adds
// that to the totals at each call.
func countingPerConn(read, written *atomic.Int64) wrap.Hooks {
	return wrap.Hooks{New: func(io.ReadCloser) wrap.Hooks {
		return wrap.Hooks{
			Read: func(next io.Reader, p []byte) (int, error) {
				n, err := next.Read(p)
				read.Add(int64(n))
				return n, err
			},
			Write: func(next io.Writer, p []byte) (int, error) {
				n, err := next.Write(p)
				written.Add(int64(n))
				return n, err
			},
		}
	}}
}

// proxyTo returns a ReverseProxy to a backend of its own.
func proxyTo(t *testing.T, backend http.HandlerFunc) *httputil.ReverseProxy {
	t.Helper()
	server := httptest.NewServer(backend)
	t.Cleanup(server.Close)
	target, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	tr := &http.Transport{}
	t.Cleanup(tr.CloseIdleConnections)
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.Transport = tr
	return proxy
}

// golang/go#80875: 7 of 1007 bytes arrive without Handler.
func TestReverseProxyUnderHandlerLosesNoEarlyByte(t *testing.T) {
	for _, kind := range frontendKinds {
		for _, hooks := range [][]wrap.Hooks{nil, {passAll}} {
			name := kind.name + "/with hooks"
			if hooks == nil {
				name = kind.name + "/without hooks"
			}
			t.Run(name, func(t *testing.T) {
				sent := pattern(1007)
				backend := func(w http.ResponseWriter, r *http.Request) {
					conn, brw, err := http.NewResponseController(w).Hijack()
					if err != nil {
						t.Errorf("Hijack = %v", err)
						return
					}
					defer conn.Close()
					_, _ = io.WriteString(conn, switching) // the client sees what arrived
					got := make([]byte, len(sent))
					if n, err := io.ReadFull(brw, got); err != nil || !bytes.Equal(got, sent) {
						t.Errorf("the backend read %d of %d bytes, %v", n, len(sent), err)
					}
					_, _ = io.WriteString(conn, "done") // the client sees what arrived
				}
				client := kind.start(t, wrap.Handler(proxyTo(t, backend), hooks...)).dial(t)

				head := make(chan struct{})
				done := make(chan error, 1)
				go send(client, []sending{{nil, append([]byte(upgradeRequest), sent[:1000]...)}, {head, sent[1000:]}}, false, done)
				in := bufio.NewReader(client)
				resp, err := http.ReadResponse(in, nil)
				close(head)
				if err != nil || resp.StatusCode != http.StatusSwitchingProtocols {
					t.Fatalf("the proxy answered %v, %v, want 101", resp, err)
				}
				if got, err := io.ReadAll(in); string(got) != "done" || err != nil {
					t.Errorf("the client read %q, %v, want %q, nil", got, err, "done")
				}
				if err := <-done; err != nil {
					t.Errorf("sending: %v", err)
				}
			})
		}
	}
}

// The backend half-closes first, and still gets the client's bytes. The
// frontends' connections hide CloseWrite. Without CloseWrite, a ReverseProxy
// ends both directions.
func TestHalfCloseReachesTheClientUnderHandler(t *testing.T) {
	if !halfCloses {
		t.Skip("a ReverseProxy passes half-closes on from Go 1.25.0 (golang/go#72140)")
	}
	for _, kind := range frontendKinds {
		if !kind.halfClose {
			continue
		}
		for _, hooks := range [][]wrap.Hooks{nil, {passAll}} {
			t.Run(fmt.Sprintf("%s/%d hooks", kind.name, len(hooks)), func(t *testing.T) {
				sent := pattern(1 << 20)
				arrived := make(chan []byte, 1)
				backend := func(w http.ResponseWriter, r *http.Request) {
					upgrade(w, func(conn net.Conn, r io.Reader) {
						_, _ = io.WriteString(conn, "bye") // the client sees what arrived
						if err := conn.(wrap.CloseWriter).CloseWrite(); err != nil {
							t.Errorf("CloseWrite = %v", err)
						}
						got, err := io.ReadAll(r)
						if err != nil {
							t.Errorf("the backend read %d bytes, %v", len(got), err)
						}
						arrived <- got
					})
				}
				client := kind.start(t, wrap.Handler(proxyTo(t, backend), hooks...)).dial(t)

				if _, err := io.WriteString(client, strings.ReplaceAll(upgradeRequest, "test", "echo")); err != nil {
					t.Fatal(err)
				}
				in := bufio.NewReader(client)
				resp, err := http.ReadResponse(in, nil)
				if err != nil || resp.StatusCode != http.StatusSwitchingProtocols {
					t.Fatalf("the proxy answered %v, %v, want 101", resp, err)
				}
				if got, err := io.ReadAll(in); string(got) != "bye" || err != nil {
					t.Errorf("the client read %q, %v, want %q, nil", got, err, "bye")
				}
				done := make(chan error, 1)
				go send(client, []sending{{nil, sent}}, true, done)
				if got := receive(t, arrived, "what the client sent"); !bytes.Equal(got, sent) {
					t.Errorf("the backend read %d bytes after its half-close, want the client's %d", len(got), len(sent))
				}
				if err := receive(t, done, "the client's half-close"); err != nil {
					t.Errorf("sending: %v", err)
				}
			})
		}
	}
}

// hijack returns the results of Hijack in a handler under wrap.Handler. The
// original writer's Hijack returns conn and brw.
func hijack(t *testing.T, conn net.Conn, brw *bufio.ReadWriter, secure bool, hooks ...wrap.Hooks) (net.Conn, *bufio.ReadWriter) {
	t.Helper()
	r := askingForUpgrade(httptest.NewRequest("GET", "/", nil))
	if secure {
		r.TLS = new(tls.ConnectionState)
	}
	var gotConn net.Conn
	var gotBrw *bufio.ReadWriter
	h := func(w http.ResponseWriter, r *http.Request) {
		var err error
		if gotConn, gotBrw, err = w.(http.Hijacker).Hijack(); err != nil {
			t.Fatal(err)
		}
	}
	wrap.Handler(http.HandlerFunc(h), hooks...).ServeHTTP(&writerRecorder{conn: conn, brw: brw}, r)
	return gotConn, gotBrw
}

type (
	hidesConn       struct{ net.Conn } // a wrapper that loses all, and does not say what it wraps
	netConnConn     struct{ net.Conn }
	handshakingConn struct{ unwrapsConn }
	tlsLikeConn     struct{ netConnConn }
)

func (c netConnConn) NetConn() net.Conn                      { return c.Conn }
func (handshakingConn) Handshake() error                     { return nil }
func (tlsLikeConn) ConnectionState() (s tls.ConnectionState) { return s }

func TestHijackedConnFindsCloseWrite(t *testing.T) {
	rec := &connRecorder{recorder: newRecorder("")}
	pipe, _ := pipePair(t)
	under, _ := tcpPair(t)
	overTLS := tls.Server(under, &tls.Config{})
	tests := []struct {
		name   string
		conn   net.Conn
		secure bool
		want   bool
		why    string
	}{
		{"its own", rec, false, true, "nothing hides it"},
		{"Unwrap", unwrapsConn{rec}, false, true, "one wrapper that says what it wraps"},
		{"NetConn", netConnConn{rec}, false, true, "the other way to say it"},
		{"three deep", unwrapsConn{netConnConn{unwrapsConn{rec}}}, false, true, "each says it"},
		{"not told", hidesConn{rec}, false, false, "nothing leads down"},
		{"not told below", unwrapsConn{hidesConn{rec}}, false, false, "nothing leads further"},
		{"nothing to find", unwrapsConn{pipe}, false, false, "net.Pipe cannot half-close"},
		{"Handshake", handshakingConn{unwrapsConn{rec}}, false, false, "a framing of its own"},
		{"ConnectionState", tlsLikeConn{netConnConn{rec}}, false, false, "a framing of its own"},
		{"TLS", overTLS, true, true, "TLS has one"},
		{"over TLS", unwrapsConn{overTLS}, true, true, "TLS's own"},
		{"round TLS", netConnConn{rec}, true, false, "the client would take it for an attack"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, hooks := range [][]wrap.Hooks{nil, {closeOnly}, {passAll}} {
				conn, _ := hijack(t, tt.conn, nil, tt.secure, hooks...)
				cw, ok := conn.(wrap.CloseWriter)
				if ok != tt.want {
					t.Fatalf("with %d hooks the connection has CloseWrite: %v, want %v (%s)", len(hooks), ok, tt.want, tt.why)
				}
				if !ok || tt.secure {
					continue
				}
				rec.calls, rec.err = nil, errors.New("the connection's own error")
				if err := cw.CloseWrite(); err != rec.err {
					t.Errorf("CloseWrite = %v, want %v", err, rec.err)
				}
				if diff := cmp.Diff([]string{"CloseWrite"}, rec.calls); diff != "" {
					t.Errorf("calls that reached the connection (-want +got):\n%s", diff)
				}
			}
		})
	}
}

func TestHijackersOfAllKinds(t *testing.T) {
	t.Run("without a buffer", func(t *testing.T) {
		conn, brw := hijack(t, &connRecorder{recorder: newRecorder("abc")}, nil, false, passAll)
		if got, err := io.ReadAll(conn); string(got) != "abc" || err != nil || brw != nil {
			t.Errorf("ReadAll = %q, %v beside %v, want %q, nil beside nil", got, err, brw, "abc")
		}
	})
	t.Run("with half a buffer", func(t *testing.T) {
		for _, half := range []*bufio.ReadWriter{{Reader: bufio.NewReader(nil)}, {Writer: bufio.NewWriter(nil)}, {}} {
			_, brw := hijack(t, &connRecorder{}, half, false, passAll)
			if (brw.Reader == nil) != (half.Reader == nil) || (brw.Writer == nil) != (half.Writer == nil) {
				t.Errorf("the buffer is %v, want the halves of %v", brw, half)
			}
		}
	})
	t.Run("nothing to do", func(t *testing.T) {
		rec, had := hidesConn{&connRecorder{}}, new(bufio.ReadWriter)
		conn, brw := hijack(t, rec, had, false)
		if conn != rec || brw != had {
			t.Errorf("Hijack = %v, %v, want what the original returned", conn, brw)
		}
	})
	t.Run("a connection that reads from the buffer", func(t *testing.T) {
		rec := &connRecorder{recorder: newRecorder("early and late")}
		had := bufio.NewReadWriter(bufio.NewReaderSize(io.MultiReader(strings.NewReader("early and "), rec), 16), bufio.NewWriter(rec))
		if _, err := had.Peek(1); err != nil {
			t.Fatal(err)
		}
		rec.in = strings.NewReader("late")
		for _, hooks := range [][]wrap.Hooks{nil, {passAll}} {
			conn, brw := hijack(t, readsBuffer{rec, had.Reader}, had, false, hooks...)
			want := "early and late"
			if hooks != nil {
				want = "" // it was read in the first turn
			}
			var b bytes.Buffer
			if _, err := io.Copy(&b, io.MultiReader(brw, conn)); err != nil || b.String() != want {
				t.Errorf("read %q, %v, want %q, nil", b.String(), err, want)
			}
		}
	})
	t.Run("with something still to send", func(t *testing.T) {
		rec := &connRecorder{recorder: newRecorder("")}
		had := bufio.NewReadWriter(bufio.NewReader(rec), bufio.NewWriter(rec))
		_, _ = had.WriteString("first ") // fits in the buffer
		_, brw := hijack(t, rec, had, false, wrap.Hooks{Write: upperWrite})
		_, _ = brw.WriteString("then") // Flush tells
		if err := brw.Flush(); err != nil || rec.out.String() != "first THEN" {
			t.Errorf("Flush = %v, and the connection was given %q, want nil, %q", err, rec.out.String(), "first THEN")
		}
	})
	t.Run("buffers of their own size", func(t *testing.T) {
		rec := &connRecorder{recorder: newRecorder("")}
		had := bufio.NewReadWriter(bufio.NewReaderSize(rec, 300), bufio.NewWriterSize(rec, 500))
		_, brw := hijack(t, rec, had, false, passAll)
		if r, w := brw.Reader.Size(), brw.Writer.Size(); r != 300 || w != 500 {
			t.Errorf("the buffers are of %d and %d bytes, want 300 and 500", r, w)
		}
	})
}

// readsBuffer is a connection that itself reads the early bytes.
type readsBuffer struct {
	net.Conn
	r *bufio.Reader
}

func (c readsBuffer) Read(p []byte) (int, error) { return c.r.Read(p) }

func TestEarlyBytesLeaveTheDirectWayOpen(t *testing.T) {
	early := func(rec *connRecorder) *bufio.ReadWriter {
		r := bufio.NewReader(strings.NewReader("early "))
		if _, err := r.Peek(1); err != nil {
			t.Fatal(err)
		}
		return &bufio.ReadWriter{Reader: r}
	}
	rec := &connRecorder{recorder: newRecorder("late")}
	conn, _ := hijack(t, rec, early(rec), false, passAll)
	var b bytes.Buffer
	if n, err := io.Copy(&b, conn); n != 10 || err != nil || b.String() != "early late" {
		t.Errorf("io.Copy = %d, %v with %q, want 10, nil with %q", n, err, b.String(), "early late")
	}
	if diff := cmp.Diff([]string{"WriteTo"}, rec.calls); diff != "" {
		t.Errorf("calls that reached the connection (-want +got):\n%s", diff)
	}

	rec = &connRecorder{recorder: newRecorder("late")}
	conn, _ = hijack(t, rec, early(rec), false)
	own := errors.New("the other side's own error")
	refuse := writeFunc{nil, func(p []byte) (int, error) { return 2, own }}
	if n, err := conn.(io.WriterTo).WriteTo(refuse); n != 2 || err != own {
		t.Errorf("WriteTo a writer that takes 2 bytes and fails = %d, %v, want 2, %v", n, err, own)
	}
	if got, err := io.ReadAll(conn); string(got) != "rly late" || err != nil {
		t.Errorf("ReadAll of the rest = %q, %v, want %q, nil", got, err, "rly late")
	}
}

func TestHandlerMakesHooksForEachConn(t *testing.T) {
	var made []io.ReadCloser
	hooks := wrap.Hooks{New: func(c io.ReadCloser) wrap.Hooks {
		made = append(made, c)
		return closeOnly
	}}
	through(&writerRecorder{}, hooks)
	if len(made) != 0 {
		t.Errorf("New was called for a response that was not hijacked: %v", made)
	}
	a, b := &connRecorder{}, &connRecorder{}
	hijack(t, a, nil, false, hooks)
	hijack(t, b, nil, false, hooks)
	if len(made) != 2 || made[0] != a || made[1] != b {
		t.Errorf("New was called with %v, want each connection once", made)
	}
}
