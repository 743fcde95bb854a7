package wrap_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bodywrap/bodywrap/internal/testkit"
	"github.com/bodywrap/bodywrap/wrap"
	"github.com/google/go-cmp/cmp"
)

// passWriter has every hook, and each calls its next.
var passWriter = wrap.WriterHooks{
	WriteHeader: func(next wrap.HeaderWriter, status int) { next.WriteHeader(status) },
	Header:      func(http.Header, int) {},
	Write:       func(next io.Writer, p []byte) (int, error) { return next.Write(p) },
	ReadFrom:    func(next io.ReaderFrom, r io.Reader) (int64, error) { return next.ReadFrom(r) },
	Flush:       func(next wrap.FlushErrorer) error { return next.FlushError() },
	Hijack:      func(next http.Hijacker) (net.Conn, *bufio.ReadWriter, error) { return next.Hijack() },
}

func TestWriterKeepsExactlyTheMethods(t *testing.T) {
	for mask := range allWriterMethods + 1 {
		if mask != keptByHandler(mask) {
			continue
		}
		original := wrap.WriterOnly(&writerRecorder{}, mask)
		w := wrap.Writer(original, passWriter, wrap.WriterHooks{Header: func(http.Header, int) {}})
		if got := writerMethodsOf(w); got != mask {
			t.Errorf("Writer keeps %s, want %s", writerMethodNames(got), writerMethodNames(mask))
		}
		if mask&writerHijack == 0 {
			continue // original leads to a writer that can hijack
		}
		for range 2 {
			w = w.(interface{ Unwrap() http.ResponseWriter }).Unwrap()
		}
		if w != original {
			t.Errorf("Unwrap of %s leads to %T, want the original", writerMethodNames(mask), w)
		}
	}
	rec := &writerRecorder{}
	if got := wrap.Writer(rec, wrap.WriterHooks{}); got != rec {
		t.Errorf("Writer without hooks = %v, want the original", got)
	}
	if got := wrap.Writer(nil, passWriter); got != nil {
		t.Errorf("Writer of nil = %v", got)
	}
}

// Each call of a writer reaches the original once, through hooks that pass it
// on.
func TestWriterHooksStandInFrontOfTheMethods(t *testing.T) {
	failed := errors.New("the writer's own error")
	rec := &writerRecorder{header: http.Header{}, err: failed}
	w := wrap.Writer(rec, passWriter)
	w.WriteHeader(http.StatusTeapot)
	_, errWrite := w.Write([]byte("a"))
	_, errString := io.WriteString(w, "b")
	_, errFrom := w.(io.ReaderFrom).ReadFrom(strings.NewReader("c"))
	w.(http.Flusher).Flush()
	errFlush := w.(wrap.FlushErrorer).FlushError()
	_, _, errHijack := w.(http.Hijacker).Hijack()
	for call, err := range map[string]error{"Write": errWrite, "WriteString": errString, "ReadFrom": errFrom, "FlushError": errFlush, "Hijack": errHijack} {
		if err != failed {
			t.Errorf("%s = %v, want %v", call, err, failed)
		}
	}
	want := []string{"Header", "WriteHeader I'm a teapot", "Write a", "Write b", "ReadFrom", "FlushError", "FlushError", "Hijack"}
	if diff := cmp.Diff(want, rec.calls); diff != "" {
		t.Errorf("calls that reached the original (-want +got):\n%s", diff)
	}
	// Of a writer that has only Flush.
	rec = &writerRecorder{header: http.Header{}}
	wrap.Writer(wrap.WriterOnly(rec, writerFlush), wrap.WriterHooks{Flush: passWriter.Flush}).(http.Flusher).Flush()
	if diff := cmp.Diff([]string{"Flush"}, rec.calls); diff != "" {
		t.Errorf("calls that reached the original (-want +got):\n%s", diff)
	}
}

// Nothing goes round a Write hook.
func TestAWriteHookSeesTheWholeContent(t *testing.T) {
	for _, mask := range []int{0, writerReadFrom, writerWriteString, allWriterMethods} {
		var seen strings.Builder
		w := wrap.Writer(wrap.WriterOnly(&writerRecorder{}, keptByHandler(mask)), wrap.WriterHooks{
			Write: func(next io.Writer, p []byte) (int, error) { seen.Write(p); return next.Write(p) },
		})
		_, _ = w.Write([]byte("a "))
		_, _ = io.WriteString(w, "b ")
		_, _ = io.Copy(w, onlyReader{strings.NewReader("c")})
		if seen.String() != "a b c" {
			t.Errorf("%s: the hook saw %q", writerMethodNames(mask), seen.String())
		}
	}
	for n, want := range map[int]string{-1: "returned -1", 3: "returned 3", 1: io.ErrShortWrite.Error()} {
		w := wrap.Writer(&writerRecorder{}, wrap.WriterHooks{Write: func(io.Writer, []byte) (int, error) { return n, nil }})
		if _, err := w.Write([]byte("ab")); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("a hook that returns %d: %v, want %q", n, err, want)
		}
	}
}

// What the hooks see of a header, and that the client sees the same, over real
// servers.
func TestHeaderHooks(t *testing.T) {
	for _, tt := range []struct {
		name    string
		handler func(w http.ResponseWriter)
		want    []string
		status  int
	}{
		{"explicit", func(w http.ResponseWriter) { w.WriteHeader(404) }, []string{"header 404", "status 404"}, 404},
		{"Write", func(w http.ResponseWriter) { _, _ = w.Write([]byte("x")) }, []string{"header 200", "status 200"}, 200},
		{"WriteString", func(w http.ResponseWriter) { _, _ = io.WriteString(w, "x") }, []string{"header 200", "status 200"}, 200},
		{"ReadFrom", func(w http.ResponseWriter) { _, _ = io.Copy(w, onlyReader{strings.NewReader("x")}) }, []string{"header 200", "status 200"}, 200},
		{"Flush", func(w http.ResponseWriter) { w.(http.Flusher).Flush() }, []string{"header 200", "status 200"}, 200},
		{"FlushError", func(w http.ResponseWriter) { _ = http.NewResponseController(w).Flush() }, []string{"header 200", "status 200"}, 200},
		{"early hints", func(w http.ResponseWriter) { w.WriteHeader(103); w.WriteHeader(103); w.WriteHeader(201) },
			[]string{"status 103", "status 103", "header 201", "status 201"}, 201},
		{"twice", func(w http.ResponseWriter) { w.WriteHeader(201); w.WriteHeader(500); _, _ = w.Write(nil) }, []string{"header 201", "status 201"}, 201},
		{"nothing", func(w http.ResponseWriter) {}, nil, 200},
	} {
		for _, proto := range []string{"HTTP/1.1", "HTTP/2.0"} {
			t.Run(tt.name+"/"+proto, func(t *testing.T) {
				var got []string
				server := testkit.StartBackend(t, proto, func(w http.ResponseWriter, r *http.Request) {
					tt.handler(wrap.Writer(w, wrap.WriterHooks{
						Header: func(h http.Header, status int) {
							got = append(got, fmt.Sprint("header ", status))
							h.Set("X-Hook", "yes")
						},
						WriteHeader: func(next wrap.HeaderWriter, status int) {
							got = append(got, fmt.Sprint("status ", status))
							next.WriteHeader(status)
						},
					}))
				})
				resp, err := server.Client().Get(server.URL)
				if err != nil {
					t.Fatal(err)
				}
				resp.Body.Close()
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Errorf("what the hooks saw (-want +got):\n%s", diff)
				}
				if resp.StatusCode != tt.status || (resp.Header.Get("X-Hook") == "yes") != (tt.want != nil) {
					t.Errorf("the client got %d with %v", resp.StatusCode, resp.Header)
				}
			})
		}
	}
}

// A countedConn counts calls.
type countedConn struct {
	*net.TCPConn
	writes, copies *atomic.Int64
}

func (c countedConn) Write(p []byte) (int, error) { c.writes.Add(1); return c.TCPConn.Write(p) }
func (c countedConn) ReadFrom(r io.Reader) (int64, error) {
	c.copies.Add(1)
	return c.TCPConn.ReadFrom(r)
}

type countedListener struct {
	net.Listener
	writes, copies *atomic.Int64
}

func (l countedListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return countedConn{c.(*net.TCPConn), l.writes, l.copies}, nil
}

// A file goes out by ReadFrom of the connection, which is sendfile, although
// hooks count its bytes.
func TestServeFileUnderCountingHooksUsesSendfile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	const size = 1 << 20
	if err := os.WriteFile(file, make([]byte, size), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		from bool
		want bool
	}{{"both hooks", true, true}, {"Write alone", false, false}} {
		t.Run(tt.name, func(t *testing.T) {
			var written int64
			hooks := wrap.WriterHooks{Write: func(next io.Writer, p []byte) (int, error) {
				n, err := next.Write(p)
				written += int64(n)
				return n, err
			}}
			if tt.from {
				hooks.ReadFrom = func(next io.ReaderFrom, r io.Reader) (int64, error) {
					n, err := next.ReadFrom(r)
					written += n
					return n, err
				}
			}
			var writes, copies atomic.Int64
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				http.ServeFile(wrap.Writer(w, hooks), r, file)
			}))
			server.Listener = countedListener{server.Listener, &writes, &copies}
			server.Start()
			defer server.Close()
			resp, err := http.Get(server.URL)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			if n, err := io.Copy(io.Discard, resp.Body); n != size || err != nil {
				t.Errorf("the client got %d bytes, %v", n, err)
			}
			server.Close() // the handler has returned
			if written != size {
				t.Errorf("the hooks counted %d bytes, want %d", written, size)
			}
			if sendfile := copies.Load() > 0 && writes.Load() < 4; sendfile != tt.want {
				t.Errorf("the connection had %d Writes and %d ReadFroms, want sendfile: %v", writes.Load(), copies.Load(), tt.want)
			}
		})
	}
}

// The hooks for connections see what passes through a hijacked connection, and
// a ResponseController hijacks through the hooks, also if only a writer below
// can.
func TestWriterHijacks(t *testing.T) {
	for name, hide := range map[string]bool{"a writer that can": false, "a writer that hides it": true} {
		t.Run(name, func(t *testing.T) {
			var moved wrap.Counters
			hijacked := 0
			server := testkit.StartBackend(t, "HTTP/1.1", func(w http.ResponseWriter, r *http.Request) {
				if hide {
					w = onlyUnwrap{w}
				}
				w = wrap.Writer(w, wrap.WriterHooks{
					Hijack: func(next http.Hijacker) (net.Conn, *bufio.ReadWriter, error) { hijacked++; return next.Hijack() },
					Conn:   []wrap.Hooks{wrap.Count(&moved)},
				})
				conn, brw, err := http.NewResponseController(w).Hijack()
				if err != nil {
					t.Error(err)
					return
				}
				defer conn.Close()
				_, _ = brw.WriteString("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n")
				_ = brw.Flush()
				p := make([]byte, 4)
				_, _ = io.ReadFull(brw, p)
				_, _ = conn.Write(p)
			})
			if got := talkTo(t, server, "ping"); got != "101 Switching Protocols: ping" {
				t.Errorf("talking = %q", got)
			}
			if hijacked != 1 || moved.Read.Load() != 4 || moved.Written.Load() < 50 {
				t.Errorf("%d calls of the hook, %d bytes read, %d written", hijacked, moved.Read.Load(), moved.Written.Load())
			}
		})
	}
}

// onlyUnwrap hides every optional method.
type onlyUnwrap struct{ http.ResponseWriter }

func (w onlyUnwrap) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// talkTo sends text on an upgraded connection, and returns the status and the
// echo.
func talkTo(t *testing.T, server *httptest.Server, text string) string {
	t.Helper()
	m := testkit.Fetch(t, server.Client(), "GET", server.URL, "Connection", "Upgrade", "Upgrade", "echo")
	return fmt.Sprintf("%d %s: %s", m.Status, http.StatusText(m.Status), m.Body)
}

func TestResponseControllerWorksThroughWriter(t *testing.T) {
	for _, proto := range []string{"HTTP/1.1", "HTTP/2.0"} {
		server := testkit.StartBackend(t, proto, func(w http.ResponseWriter, r *http.Request) {
			c := http.NewResponseController(wrap.Writer(w, passWriter))
			err := errors.Join(c.EnableFullDuplex(), c.SetReadDeadline(time.Time{}), c.SetWriteDeadline(time.Time{}), c.Flush())
			if err != nil {
				t.Errorf("%s: ResponseController: %v", proto, err)
			}
		})
		resp, err := server.Client().Get(server.URL)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
}

func TestWriterIsOneAllocation(t *testing.T) {
	original := &quietWriter{}
	p := make([]byte, 8)
	var w http.ResponseWriter
	if got := testing.AllocsPerRun(100, func() { w = wrap.Writer(original, passWriter) }); got != 1 {
		t.Errorf("Writer allocates %v times, want 1", got)
	}
	if got := testing.AllocsPerRun(100, func() { _, _ = w.Write(p); w.WriteHeader(200) }); got != 0 {
		t.Errorf("a call allocates %v times, want none", got)
	}
}

type quietWriter struct{}

func (*quietWriter) Header() http.Header         { return nil }
func (*quietWriter) WriteHeader(int)             {}
func (*quietWriter) Write(p []byte) (int, error) { return len(p), nil }
