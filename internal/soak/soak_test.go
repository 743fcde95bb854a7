//go:build go1.25

package soak_test

import (
	"bufio"
	"context"
	"io"
	"log"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bodywrap/bodywrap/internal/testkit"
	"github.com/bodywrap/bodywrap/wrap"
)

// The test opens upgraded connections by the hundred, and each ends in a way
// chosen at random. If the end does not come by force, all bytes arrive in
// order at both ends. Done is called once for each connection with the true
// totals. Afterwards the process holds no more than before. ReverseProxy passes
// half-closes on since Go 1.25.
func TestEveryWayToEnd(t *testing.T) {
	for _, tt := range []struct {
		name string
		why  string
		new  newProxyFunc
		tls  *security
	}{
		{"ReverseProxy", "hooks in ModifyResponse", newReverseProxy, nil},
		{"tunnel", "the copier for custom proxies, with the same hooks", newTunnelProxy, nil},
		{"ReverseProxy with TLS", "a half-close is a close_notify, on both sides", newReverseProxy, newSecurity()},
		{"tunnel with TLS", "the same", newTunnelProxy, newSecurity()},
	} {
		t.Run(tt.name, func(t *testing.T) { soak(t, tt.new, tt.tls) })
	}
}

// A site holds a batch of connections and counts calls for them.
type site struct {
	population
	transport *http.Transport
	wraps     atomic.Int64
	dones     atomic.Int64
}

func (p *site) wrapBody(resp *http.Response) error {
	l := p.of(resp.Request)
	p.wraps.Add(1)
	done := wrap.Done(func(s wrap.Summary) {
		p.dones.Add(1)
		l.done <- s
	})
	resp.Body = wrap.Body(resp.Body, append(l.hooks, done)...)
	return nil
}

func soak(t *testing.T, newProxy newProxyFunc, secure *security) {
	total, width := *conns, *atOnce
	if *long {
		total, width = 10_000, 1_000
	}
	if secure != nil && !*long {
		total, width = max(total/4, 1), max(width/4, 1) // the race detector makes handshakes slow
	}
	seed := *seed
	if seed == 0 {
		seed = rand.Uint64()
	}
	defer func() {
		if t.Failed() {
			t.Logf("to do the same again: -seed %d -conns %d -at-once %d -long=%t", seed, *conns, *atOnce, *long)
		}
	}()
	batch(t, newProxy, secure, seed, 0, width, new(tally)) // fills pools and caches
	before := testkit.InUse()
	sum := new(tally)
	for first := 0; first < total && !t.Failed(); first += width {
		batch(t, newProxy, secure, seed, first, min(width, total-first), sum)
	}
	before.CheckReleased(t, heapSlack(width), nil)
	sum.log(t)
}

// heapSlack returns how many more bytes of heap may be in use after any number
// of connections, atOnce of them at a time. For every goroutine of the largest
// number at once, the runtime keeps half a KiB. That number differs from batch
// to batch.
func heapSlack(atOnce int) int64 { return 1<<20 + 4<<10*int64(atOnce) }

// A tally counts connections by the way they end, and bytes.
type tally struct {
	conns    [ways]int
	up, down [ways]int64
}

func (c *tally) add(l *life, sum wrap.Summary) {
	c.conns[l.way]++
	c.up[l.way] += sum.Written
	c.down[l.way] += sum.Read
}

func (c *tally) log(t *testing.T) {
	t.Helper()
	for w := range ways {
		t.Logf("| %s | %d | %d | %d |", w, c.conns[w], c.up[w], c.down[w])
		if *long && c.conns[w] == 0 {
			t.Errorf("no connection ended so: %v", w)
		}
	}
}

// batch plays n connections through a server of its own, and shuts the server
// down while they are open.
func batch(t *testing.T, newProxy newProxyFunc, secure *security, seed uint64, first, n int, sum *tally) {
	t.Helper()
	backends, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	backends = secure.listen(backends)
	p := &site{population: population{lives: make(map[uint64]*life)}}
	p.transport = &http.Transport{
		MaxIdleConnsPerHost: -1,
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			return secure.dial(backends.Addr().String())
		},
	}
	var ends sync.WaitGroup
	ends.Add(1)
	go serveBackends(backends, &p.population, &ends)

	proxy := newProxy(p.transport, p.wrapBody)
	var opened sync.WaitGroup // every 101 is under way
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l := p.of(r)
		ctx, cancel := context.WithCancel(r.Context())
		defer cancel()
		l.cancel <- cancel
		proxy.ServeHTTP(w, r.WithContext(ctx))
		if l.way == handlerPanics {
			panic(http.ErrAbortHandler)
		}
	}))
	server.Listener = secure.listen(server.Listener)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.Start()

	var lives []*life
	for id := range uint64(n) {
		id += uint64(first) + 1
		l := newLife(id, rand.New(rand.NewPCG(seed, id)))
		lives = append(lives, l)
		p.add(l)
	}
	addr := server.Listener.Addr().String()
	for _, l := range lives {
		opened.Add(1)
		ends.Add(1)
		go l.live(func() (net.Conn, error) { return secure.dial(addr) }, &opened, &ends)
	}
	opened.Wait()
	// All connections are hijacked now. Shutdown leaves them alone.
	ctx, cancel := context.WithTimeout(context.Background(), testkit.Patience)
	defer cancel()
	if err := server.Config.Shutdown(ctx); err != nil {
		t.Errorf("Shutdown: %v", err)
	}
	for _, l := range lives {
		client, ok := wait(t, l, "the client's end", l.client)
		if !ok {
			break
		}
		server, ok := wait(t, l, "the backend's end", l.server)
		if !ok {
			break
		}
		done, ok := wait(t, l, "Done", l.done)
		if !ok {
			break
		}
		if err := l.check(client, server, done); err != nil {
			t.Errorf("connection %d, %v, %d up, %d down, cut at %d: %v", l.id, l.way, l.up, l.down, l.cut, err)
		}
		sum.add(l, done)
	}
	server.Close()
	backends.Close()
	if !t.Failed() {
		ends.Wait()
	}
	if wraps, dones := p.wraps.Load(), p.dones.Load(); wraps != int64(n) || dones != int64(n) {
		t.Errorf("%d connections: %d bodies wrapped, Done called %d times; want once each", n, wraps, dones)
	}
}

func wait[T any](t *testing.T, l *life, what string, c <-chan T) (v T, ok bool) {
	t.Helper()
	select {
	case v = <-c:
		return v, true
	case <-time.After(2 * testkit.Patience):
		t.Errorf("connection %d, %v: %s has not come after %v", l.id, l.way, what, 2*testkit.Patience)
		return v, false
	}
}

func (l *life) live(dial func() (net.Conn, error), opened, ends *sync.WaitGroup) {
	defer ends.Done()
	l.playClient(dial, opened.Done)
}

func serveBackends(listener net.Listener, p *population, ends *sync.WaitGroup) {
	defer ends.Done()
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		ends.Add(1)
		go serveOne(conn, p, ends)
	}
}

func serveOne(conn net.Conn, p *population, ends *sync.WaitGroup) {
	defer ends.Done()
	br := bufio.NewReader(conn)
	req, err := http.ReadRequest(br)
	if err != nil {
		conn.Close()
		return
	}
	if l := p.of(req); l != nil {
		l.playServer(conn, br)
	}
}

// randomHooks returns a few hooks that change no bytes.
func randomHooks(rng *rand.Rand) []wrap.Hooks {
	all := []wrap.Hooks{
		routed,
		wrap.Done(func(wrap.Summary) {}),
		wrap.DoneBeforeClose(func(wrap.Summary) {}),
		wrap.Log(context.Background(), slog.New(slog.NewTextHandler(io.Discard, nil)), slog.LevelInfo),
		wrap.Log(context.Background(), slog.New(slog.NewTextHandler(io.Discard, nil)), slog.LevelDebug),
		wrap.Count(new(wrap.Counters)),
		wrap.Throttle(wrap.NewLimiter(1<<30, 1<<20), wrap.NewLimiter(1<<30, 1<<20)),
		wrap.CloseWaits(),
		wrap.TeeRead(io.Discard),
		wrap.TeeWrite(io.Discard),
		wrap.LimitRead(1 << 30),
		wrap.LimitWrite(1 << 30),
		wrap.TransformRead(func(r io.Reader) (io.Reader, error) { return r, nil }),
		wrap.TransformWrite(func(w io.Writer) io.WriteCloser { return sameBytes{w} }),
		wrap.Linger(testkit.Patience),
		wrap.Idle(testkit.Patience),
	}
	rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all[:rng.IntN(4)]
}

// sameBytes is a transformation that changes nothing.
type sameBytes struct{ io.Writer }

func (sameBytes) Close() error { return nil }
