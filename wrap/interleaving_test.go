package wrap_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/bodywrap/bodywrap/internal/testkit"
	"github.com/bodywrap/bodywrap/wrap"
)

// Done is called once, with the right counts, in any interleaving of the calls
// of reader, writer and closers. The test makes 9,000 runs on a body that
// yields wherever it can, and a thousand on bodies of net/http, with cancelled
// requests.
const (
	inMemory = 9000
	overHTTP = 1000
)

// A racer is a body whose calls yield to other goroutines. It counts the bytes
// that it returned and accepted in calls that began before Close.
type racer struct {
	left          atomic.Int64 // reads until EOF
	closed        atomic.Bool
	read, written atomic.Int64
}

func yield() {
	for range rand.IntN(4) {
		runtime.Gosched()
	}
}

func (r *racer) pass(n int, total *atomic.Int64) (int, error) {
	if r.closed.Load() {
		return 0, net.ErrClosed
	}
	yield()
	total.Add(int64(n))
	return n, nil
}

func (r *racer) Read(p []byte) (int, error) {
	if r.left.Add(-1) < 0 {
		yield()
		return 0, io.EOF
	}
	n, err := r.pass(1+rand.IntN(len(p)), &r.read)
	if r.left.Load() == 0 && err == nil && rand.IntN(2) == 0 {
		err = io.EOF // with the last bytes
	}
	return n, err
}

func (r *racer) Write(p []byte) (int, error) { return r.pass(len(p), &r.written) }

func (r *racer) WriteTo(w io.Writer) (int64, error) {
	return io.Copy(w, struct{ io.Reader }{r})
}

func (r *racer) ReadFrom(src io.Reader) (int64, error) {
	return io.Copy(struct{ io.Writer }{r}, struct{ io.Reader }{src})
}

func (r *racer) CloseWrite() error {
	yield()
	return nil
}

func (r *racer) Close() error {
	yield()
	r.closed.Store(true)
	yield()
	return nil
}

func TestDoneOnceInAnyInterleaving(t *testing.T) {
	for i := range inMemory {
		r := new(racer)
		r.left.Store(rand.Int64N(6))
		var calls atomic.Int32
		var got wrap.Summary
		hook, early := wrap.Done, i%5 == 0
		if early {
			hook = wrap.DoneBeforeClose
		}
		var orig io.ReadCloser = r
		readOnly := i%3 == 0
		if readOnly {
			orig = struct {
				io.Reader
				io.Closer
			}{r, r}
		}
		body := wrap.Body(orig, hook(func(s wrap.Summary) { calls.Add(1); got = s }))
		var all sync.WaitGroup
		start := make(chan bool)
		run := func(f func()) {
			all.Add(1)
			go func() {
				defer all.Done()
				<-start
				yield()
				f()
			}()
		}
		var returned atomic.Int64                // what Read has handed to its caller
		closers := make([]int64, 1+rand.IntN(2)) // what it had when each of them came
		var offered int64                        // what Write was given
		waits := false
		run(func() { waits = read(body, &returned) })
		if !readOnly {
			run(func() { offered = write(body) })
		}
		for i := range closers {
			run(func() { closers[i] = returned.Load(); body.Close() })
		}
		close(start)
		all.Wait()
		if n := calls.Load(); n != 1 {
			t.Fatalf("Done was called %d times, want once", n)
		}
		if early {
			continue // calls on their way need not have counted
		}
		most := r.read.Load()
		least := most
		if !waits {
			least = min(most, slices.Min(closers))
		}
		if got.Read < least || got.Read > most {
			t.Fatalf("Read = %d, want %d to %d", got.Read, least, most)
		}
		if taken := r.written.Load(); got.Written < taken || got.Written > max(taken, offered) {
			t.Fatalf("Written = %d, want the %d that were taken, or at most the %d that Write was given", got.Written, taken, offered)
		}
	}
}

// read reads body in one of the ways that it has, and reports whether that is
// one for whose end Done waits. It adds to returned what other ways return.
func read(body io.ReadCloser, returned *atomic.Int64) (waits bool) {
	if wt, ok := body.(io.WriterTo); ok && rand.IntN(2) == 0 {
		_, _ = wt.WriteTo(io.Discard)
		return true
	}
	p := make([]byte, 8)
	for range 10 {
		n, err := body.Read(p)
		returned.Add(int64(n))
		if err != nil {
			break
		}
	}
	return false
}

// write writes to body in one of the ways that it has, and may half-close it.
// It reports how many bytes it gave to Write.
func write(body io.ReadCloser) (offered int64) {
	if rf, ok := body.(io.ReaderFrom); ok && rand.IntN(2) == 0 {
		_, _ = rf.ReadFrom(strings.NewReader("some text to be written"))
	} else {
		for range rand.IntN(5) {
			n := rand.IntN(9)
			offered += int64(n)
			_, _ = body.(io.Writer).Write(make([]byte, n))
		}
	}
	if rand.IntN(2) == 0 {
		_ = body.(wrap.CloseWriter).CloseWrite()
	}
	return offered
}

// This test uses bodies of net/http: a ReverseProxy in front of a backend that
// upgrades, answers or hangs, and clients that go away at any time.
func TestDoneOnceForEachResponseWhateverTheClientDoes(t *testing.T) {
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Upgrade") != "" {
			upgradeAndEcho(w, r)
			return
		}
		for range 4 {
			if _, err := w.Write(make([]byte, 1000)); err != nil {
				return
			}
			_ = http.NewResponseController(w).Flush() // the client may be gone
			runtime.Gosched()
		}
		if r.URL.Path == "/hang" {
			<-r.Context().Done()
		}
	}))
	defer backend.Close()

	var wrapped, done atomic.Int64
	calls := make([]atomic.Int32, 2*overHTTP) // a client may try twice
	target, err := url.Parse(backend.URL)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.Transport = transport
	proxy.ErrorLog = log.New(io.Discard, "", 0)
	proxy.ModifyResponse = wrap.ModifyResponse(nil, func(*http.Response) []wrap.Hooks {
		i := wrapped.Add(1) - 1
		return []wrap.Hooks{wrap.Done(func(wrap.Summary) { calls[i].Add(1); done.Add(1) })}
	})
	front := httptest.NewUnstartedServer(proxy)
	front.Config.ErrorLog = proxy.ErrorLog
	front.Start()
	defer front.Close()

	jobs := make(chan int)
	var clients sync.WaitGroup
	for range 8 {
		clients.Add(1)
		go func() {
			defer clients.Done()
			for range jobs {
				request(front, rand.IntN(4))
			}
		}()
	}
	for i := range overHTTP {
		jobs <- i
	}
	close(jobs)
	clients.Wait()

	// The proxy learns of the last clients' going.
	testkit.Eventually(func() bool { return done.Load() >= wrapped.Load() })
	if wrapped.Load() < overHTTP/4 {
		t.Errorf("only %d of %d requests got as far as a response", wrapped.Load(), overHTTP)
	}
	for i := range wrapped.Load() {
		if n := calls[i].Load(); n != 1 {
			t.Errorf("response %d: Done was called %d times, want once", i, n)
		}
	}
}

// request makes one request of a random kind, and goes away at a random point.
func request(front *httptest.Server, kind int) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if kind == 3 {
		conn, err := net.Dial("tcp", front.Listener.Addr().String())
		if err != nil {
			return
		}
		defer conn.Close()
		fmt.Fprint(conn, testkit.UpgradeRequest("echo"))
		steps := rand.IntN(4)
		p := make([]byte, 64)
		if steps > 0 {
			_, _ = conn.Read(p) // the 101
		}
		if steps > 1 {
			_, _ = conn.Write(p)
		}
		if steps > 2 {
			_ = conn.(*net.TCPConn).CloseWrite()
			_, _ = io.Copy(io.Discard, conn)
		}
		return
	}
	path := "/"
	if kind == 2 {
		path = "/hang"
	}
	req, err := http.NewRequestWithContext(ctx, "GET", front.URL+path, nil)
	if err != nil {
		return
	}
	if kind == 1 {
		go func() { yield(); cancel() }()
	}
	resp, err := front.Client().Do(req)
	if err != nil {
		return
	}
	defer resp.Body.Close()
	limit := int64(rand.IntN(5000))
	if kind == 2 {
		limit = min(limit, 3999)
	}
	_, _ = io.CopyN(io.Discard, resp.Body, limit)
	cancel()
}
