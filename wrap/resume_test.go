package wrap_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bodywrap/bodywrap/internal/testkit"
	"github.com/bodywrap/bodywrap/wrap"
)

var longAgo = time.Unix(1, 0)

// upperReader is a transform that keeps the first error of its source, as most
// do.
func upperReader(r io.Reader) (io.Reader, error) {
	var kept error
	return readFunc(func(p []byte) (int, error) {
		if kept != nil {
			return 0, kept
		}
		n, err := r.Read(p)
		copy(p, bytes.ToUpper(p[:n]))
		kept = err
		return n, err
	}), nil
}

// A read deadline that expires in the middle of a stream loses no byte, and the
// next Read goes on. A decoder in the caller's goroutine would keep the timeout
// for ever.
func TestTransformReadGoesOnAfterADeadline(t *testing.T) {
	t.Parallel() // it waits most of the time
	text := strings.Repeat("The quick brown fox. ", 500)
	zipped := gzipped(text)
	gunzips := wrap.TransformRead(gzip.NewReader)
	wrappings := map[string]func(net.Conn) io.ReadCloser{
		"Conn":              func(c net.Conn) io.ReadCloser { return wrap.Conn(c, gunzips) },
		"Body":              func(c net.Conn) io.ReadCloser { return wrap.Body(c, gunzips) },
		"Body of Body":      func(c net.Conn) io.ReadCloser { return wrap.Body(c, gunzips, passAll) },
		"every hook behind": func(c net.Conn) io.ReadCloser { return wrap.Conn(c, append([]wrap.Hooks{gunzips}, allReading()...)...) },
		"every hook before": func(c net.Conn) io.ReadCloser { return wrap.Conn(c, append(allReading(), gunzips)...) },
		"twice": func(c net.Conn) io.ReadCloser {
			return wrap.Conn(c, gunzips, wrap.TransformRead(wrap.Encoder(gzip.NewWriter)), gunzips)
		},
	}
	for _, kind := range connKinds {
		for name, wrapping := range wrappings {
			t.Run(kind.name+"/"+name, func(t *testing.T) {
				peer, conn := kind.pair(t)
				body := wrapping(conn)
				defer body.Close()
				timedOut := make(chan bool, 4)
				defer close(timedOut)
				go writeParts(peer, [][]byte{zipped[:5], zipped[5:12], zipped[12:40], zipped[40:]}, timedOut)
				var got strings.Builder
				timeouts := 0
				p := make([]byte, 1000)
				for got.Len() < len(text) {
					if timeouts < 4 {
						_ = conn.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
					} else {
						_ = conn.SetReadDeadline(time.Now().Add(testkit.Patience))
					}
					n, err := body.Read(p)
					got.Write(p[:n])
					if err == nil || err == io.EOF && got.Len() == len(text) {
						continue
					}
					if !errors.Is(err, os.ErrDeadlineExceeded) || timeouts == 4 {
						t.Fatalf("Read after %d timeouts and %d bytes = %v", timeouts, got.Len(), err)
					}
					timeouts++
					timedOut <- true
				}
				if got.String() != text {
					t.Errorf("read %d bytes that are not the text", got.Len())
				}
			})
		}
	}
}

// writeParts writes each part and then waits for next, and closes c in the end.
func writeParts(c net.Conn, parts [][]byte, next <-chan bool) {
	for _, part := range parts {
		_, _ = c.Write(part) // the reader checks
		<-next
	}
	c.Close()
}

// allReading returns one of each hook that a Read goes through unchanged.
func allReading() []wrap.Hooks {
	return []wrap.Hooks{
		wrap.Done(func(wrap.Summary) {}), wrap.TeeRead(io.Discard), wrap.LimitRead(1 << 20),
		wrap.Linger(time.Hour), wrap.Idle(time.Hour), passAll,
	}
}

// A timeout of a body without a read deadline is passed on and not kept.
// Whether the transform's reader goes on after it depends on that reader.
func TestTransformReadKeepsNoTimeout(t *testing.T) {
	keepsNothing := func(r io.Reader) (io.Reader, error) { return r, nil }
	readsAtOnce := func(r io.Reader) (io.Reader, error) {
		first := make([]byte, 1)
		if _, err := io.ReadFull(r, first); err != nil {
			return nil, err
		}
		return io.MultiReader(bytes.NewReader(first), r), nil
	}
	tests := []struct {
		name string
		hook wrap.Hooks
	}{
		{"reader", wrap.TransformRead(keepsNothing)},
		{"constructor", wrap.TransformRead(readsAtOnce)},
		{"Encoder", wrap.TransformRead(wrap.Encoder(upperWriter))},
		{"the rest of the body", wrap.TransformRead(func(r io.Reader) (io.Reader, error) {
			return io.MultiReader(io.LimitReader(r, 1)), nil
		})},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			steps := []struct {
				text string
				err  error
			}{{"", os.ErrDeadlineExceeded}, {"a", nil}, {"b", os.ErrDeadlineExceeded}, {"", os.ErrDeadlineExceeded}, {"c", nil}, {"", io.EOF}}
			body := wrap.Body((&funcs{read: func(p []byte) (int, error) {
				step := steps[0]
				if len(steps) > 1 {
					steps = steps[1:]
				}
				return copy(p, step.text), step.err
			}}).readOnly(), tt.hook)
			var got strings.Builder
			p := make([]byte, 10)
			for range 20 {
				n, err := body.Read(p)
				got.Write(p[:n])
				if err == io.EOF {
					break
				}
				if err != nil && err != os.ErrDeadlineExceeded {
					t.Fatalf("Read = %d, %v, want the body's own timeout or none", n, err)
				}
			}
			want := "abc"
			if tt.name == "the rest of the body" {
				want = "a"
			}
			if !strings.EqualFold(got.String(), want) || len(steps) != 1 {
				t.Errorf("read %q and left %d steps of the body, want %s and to its end", got.String(), len(steps), want)
			}
		})
	}
}

// A reader that reads ahead in its own goroutine, as zstd's does, may have an
// answer while it waits for more bytes. Read must return that answer at once.
func TestTransformReadOfAReaderThatReadsAhead(t *testing.T) {
	for _, kind := range connKinds {
		t.Run(kind.name, func(t *testing.T) {
			peer, conn := kind.pair(t)
			go func() { _, _ = io.Copy(peer, peer) }() // ends with the connection
			body := wrap.Conn(conn, wrap.TransformRead(readAhead))
			defer body.Close()
			p := make([]byte, 64)
			for range 100 {
				if _, err := body.Write([]byte("ping")); err != nil {
					t.Fatal(err)
				}
				if n, err := io.ReadFull(body, p[:4]); err != nil || string(p[:4]) != "ping" {
					t.Fatalf("read %q, %v, want ping", p[:n], err)
				}
				_ = conn.SetReadDeadline(longAgo)
				if n, err := body.Read(p); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
					t.Fatalf("Read after the deadline = %d, %v, want a timeout", n, err)
				}
				_ = conn.SetReadDeadline(time.Now().Add(testkit.Patience))
			}
		})
	}
}

// readAhead is a transform whose source is read by another goroutine.
func readAhead(r io.Reader) (io.Reader, error) {
	pr, pw := io.Pipe()
	go func() {
		_, err := io.Copy(pw, r)
		pw.CloseWithError(err)
	}()
	return pr, nil
}

// A panic in the reader's goroutine reaches the caller, and the body still
// works.
func TestTransformReadPanicsInTheCaller(t *testing.T) {
	var explode atomic.Bool // a reader that reads ahead reads it at any time
	bang := func(r io.Reader) io.Reader {
		return readFunc(func(p []byte) (int, error) {
			if explode.Load() {
				panic("boom")
			}
			return r.Read(p)
		})
	}
	hooks := map[string][]wrap.Hooks{
		"reader":      {wrap.TransformRead(func(r io.Reader) (io.Reader, error) { return bang(r), nil })},
		"constructor": {wrap.TransformRead(func(r io.Reader) (io.Reader, error) { _, err := bang(r).Read(nil); return r, err })},
		"hook behind": {wrap.TransformRead(upperReader), {Read: func(next io.Reader, p []byte) (int, error) { return bang(next).Read(p) }}},
		"behind a reader that reads ahead": {wrap.TransformRead(readAhead), {Read: func(next io.Reader, p []byte) (int, error) {
			return bang(next).Read(p)
		}}},
	}
	for name, hooks := range hooks {
		for _, way := range []string{"connection", "body"} {
			if way == "body" && name == "behind a reader that reads ahead" {
				continue // its goroutine is nobody's but its own
			}
			t.Run(name+"/"+way, func(t *testing.T) {
				peer, conn := tcpPair(t)
				body := wrap.Body(conn, hooks...)
				if way == "body" {
					body = wrap.Body(struct{ io.ReadCloser }{conn}, hooks...)
				}
				defer body.Close()
				go func() { _, _ = io.WriteString(peer, "hello") }()
				for range 3 {
					explode.Store(true)
					func() {
						defer func() {
							if got := recover(); got != "boom" {
								t.Errorf("Read panicked with %v, want boom", got)
							}
						}()
						_, err := body.Read(make([]byte, 5))
						t.Errorf("Read = %v, want a panic", err)
					}()
				}
				explode.Store(false)
				p := make([]byte, 5)
				if n, err := io.ReadFull(body, p); err != nil || !strings.EqualFold(string(p), "hello") {
					t.Errorf("read %q, %v after the panics, want hello", p[:n], err)
				}
			})
		}
	}
}

// A reader that leaves its goroutine does not leave its caller waiting.
func TestTransformReadOfAReaderThatLeaves(t *testing.T) {
	_, conn := tcpPair(t)
	body := wrap.Conn(conn, wrap.TransformRead(func(io.Reader) (io.Reader, error) {
		return readFunc(func([]byte) (int, error) { runtime.Goexit(); return 0, nil }), nil
	}))
	for range 2 {
		if n, err := body.Read(make([]byte, 1)); n != 0 || err == nil {
			t.Errorf("Read = %d, %v, want an error", n, err)
		}
	}
	if err := body.Close(); err != nil {
		t.Errorf("Close = %v", err)
	}
}

// decoders counts the goroutines of readers.
func decoders() int {
	stacks := make([]byte, 1<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	return bytes.Count(stacks, []byte("wrap.(*resumable).run("))
}

// A reader's goroutine ends with its connection, wherever the reader is.
func TestTransformReadLeavesNoGoroutine(t *testing.T) {
	zipped := gzipped(strings.Repeat("The quick brown fox. ", 500))
	tests := []struct {
		name string
		use  func(t *testing.T, peer, conn net.Conn)
	}{
		{"never read", func(*testing.T, net.Conn, net.Conn) {}},
		{"read in part", func(t *testing.T, peer, conn net.Conn) {
			go func() { _, _ = peer.Write(zipped) }()
			if _, err := io.ReadFull(conn, make([]byte, 10)); err != nil {
				t.Errorf("Read = %v", err)
			}
		}},
		{"read to its end", func(t *testing.T, peer, conn net.Conn) {
			go func() { _, _ = peer.Write(zipped); peer.Close() }()
			if _, err := io.ReadAll(conn); err != nil {
				t.Errorf("ReadAll = %v", err)
			}
		}},
		{"failed", func(t *testing.T, peer, conn net.Conn) {
			go func() { _, _ = peer.Write([]byte("plain text, no gzip")) }()
			if _, err := io.ReadAll(conn); err != gzip.ErrHeader {
				t.Errorf("ReadAll = %v, want %v", err, gzip.ErrHeader)
			}
		}},
		{"timed out", func(t *testing.T, peer, conn net.Conn) {
			_ = conn.SetReadDeadline(longAgo)
			if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("Read = %v, want a timeout", err)
			}
		}},
		{"Read waits", func(t *testing.T, peer, conn net.Conn) {
			returned := make(chan error, 1)
			go func() {
				_, err := conn.Read(make([]byte, 1))
				returned <- err
			}()
			t.Cleanup(func() {
				if err := receive(t, returned, "Read's return"); err == nil {
					t.Error("Read = nil, want an error")
				}
			})
		}},
	}
	for _, kind := range connKinds {
		for _, tt := range tests {
			t.Run(kind.name+"/"+tt.name, func(t *testing.T) {
				peer, conn := kind.pair(t)
				closed := make(chan bool, 2)
				conn = wrap.Conn(conn, wrap.TransformRead(func(r io.Reader) (io.Reader, error) {
					zr, err := gzip.NewReader(r)
					if err != nil {
						return nil, err
					}
					return closesQuietly{zr, closed}, nil
				}))
				tt.use(t, peer, conn)
				conn.Close()
				conn.Close()
				if !testkit.Eventually(func() bool { return decoders() == 0 }) {
					t.Fatalf("%d goroutines of readers are left", decoders())
				}
				if len(closed) > 1 || len(closed) == 0 && strings.HasPrefix(tt.name, "read") {
					t.Errorf("the reader was closed %d times, want once", len(closed))
				}
			})
		}
	}
}

// closesQuietly has a Close without a result, as klauspost's zstd.Decoder has.
type closesQuietly struct {
	io.Reader
	closed chan bool
}

func (c closesQuietly) Close() { c.closed <- true }

// Close closes the reader before it returns, with either form of the reader's
// Close.
func TestTransformReadClosesEitherForm(t *testing.T) {
	_, conn := tcpPair(t)
	for name, orig := range map[string]io.ReadCloser{"body": newRecorder("hello").only(0), "connection": conn} {
		_ = conn.SetReadDeadline(longAgo)
		quiet, loud := make(chan bool, 2), 0
		body := wrap.Body(orig,
			wrap.TransformRead(func(r io.Reader) (closesQuietly, error) { return closesQuietly{r, quiet}, nil }),
			wrap.TransformRead(func(r io.Reader) (io.ReadCloser, error) {
				return &funcs{read: r.Read, close: func() error { loud++; return nil }}, nil
			}))
		_, _ = body.Read(make([]byte, 1)) // starts both
		for range 2 {
			if err := body.Close(); name == "body" && err != nil {
				t.Errorf("%s: Close = %v", name, err)
			}
		}
		receive(t, quiet, "Close of the outer reader")
		if name == "body" && (loud != 1 || len(quiet) != 0) {
			t.Errorf("%s: the readers were closed %d and %d times, want once each", name, 1+len(quiet), loud)
		}
	}
}

// Bytes that the reader returns with io.EOF, as flate's does, come before the
// rest of the body, which may be long in coming.
func TestTransformReadHandsOutTheLastBytesFirst(t *testing.T) {
	pr, pw := io.Pipe()
	defer pw.Close()
	go func() { _, _ = io.WriteString(pw, "ab") }() // and no EOF
	body := wrap.Body(io.NopCloser(pr), wrap.TransformRead(func(r io.Reader) (io.Reader, error) {
		return readFunc(func(p []byte) (int, error) {
			n, err := io.ReadFull(r, p[:2])
			if err == nil {
				err = io.EOF
			}
			return n, err
		}), nil
	}))
	read := make(chan string, 1)
	p := make([]byte, 10)
	go func() {
		n, err := body.Read(p)
		if err != nil {
			n = 0
		}
		read <- string(p[:n])
	}()
	if got := receive(t, read, "the reader's last bytes"); got != "ab" {
		t.Errorf("read %q, want ab", got)
	}
}

// Read with an empty slice returns at once.
func TestTransformReadOfNothing(t *testing.T) {
	before := decoders() // of earlier tests, on their way out
	_, conn := tcpPair(t)
	_, other := pipePair(t)
	for name, body := range map[string]io.ReadCloser{
		"connection": wrap.Conn(conn, wrap.TransformRead(gzip.NewReader)),
		"body":       wrap.Body(struct{ io.ReadCloser }{other}, wrap.TransformRead(gzip.NewReader)),
	} {
		returned := make(chan error, 1)
		go func() {
			_, err := body.Read(nil)
			returned <- err
		}()
		if err := receive(t, returned, "Read(nil) of a "+name); err != nil {
			t.Errorf("Read(nil) of a %s = %v", name, err)
		}
	}
	if got := decoders(); got > before {
		t.Errorf("Read(nil) has started %d goroutines, want none", got-before)
	}
}

// After Close, a connection returns net.ErrClosed, as connections do.
func TestTransformsOfAClosedConnection(t *testing.T) {
	for _, used := range []bool{false, true} {
		_, conn := tcpPair(t)
		conn = wrap.Conn(conn, wrap.TransformRead(gzip.NewReader), wrap.TransformWrite(gzip.NewWriter))
		if used {
			_ = conn.SetReadDeadline(longAgo)
			_, _ = conn.Read(make([]byte, 1))
			_, _ = conn.Write(make([]byte, 1))
		}
		if err := conn.Close(); err != nil {
			t.Errorf("Close = %v", err)
		}
		for _, p := range [][]byte{nil, make([]byte, 1)} {
			if n, err := conn.Read(p); n != 0 || !errors.Is(err, net.ErrClosed) {
				t.Errorf("Read of %d after Close (used: %v) = %d, %v, want %v", len(p), used, n, err, net.ErrClosed)
			}
			if n, err := conn.Write(p); n != 0 || !errors.Is(err, net.ErrClosed) {
				t.Errorf("Write of %d after Close (used: %v) = %d, %v, want %v", len(p), used, n, err, net.ErrClosed)
			}
		}
	}
}
