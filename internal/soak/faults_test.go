//go:build go1.25

package soak_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/bodywrap/bodywrap/internal/testkit"
	"github.com/bodywrap/bodywrap/wrap"
)

// The exchange of these tests has a half-close in it, which ReverseProxy
// passes on since Go 1.25.

// A place is one of the four streams that go in and out of a proxy.
type place int

const (
	fromClient place = iota
	toClient
	toBackend
	fromBackend
	places
)

func (p place) String() string {
	return [places]string{"from the client", "to the client", "to the backend", "from the backend"}[p]
}

// A fault happens to one stream after at bytes.
type fault struct {
	place place
	kind  kind
	at    int64
}

func (f fault) String() string { return fmt.Sprintf("%v %v at %d", f.kind, f.place, f.at) }

func (f fault) breakClient(c *faultyConn) {
	switch f.place {
	case fromClient:
		c.in.kind, c.in.at = f.kind, f.at
	case toClient:
		c.out.kind, c.out.at = f.kind, f.at
	}
}

func (f fault) breakBackend(c *faultyConn) {
	switch f.place {
	case fromBackend:
		c.in.kind, c.in.at = f.kind, f.at
	case toBackend:
		c.out.kind, c.out.at = f.kind, f.at
	}
}

// kindsAt lists the kinds of faults that a stream can have.
func kindsAt(p place) []kind {
	if p == fromClient || p == fromBackend {
		return []kind{split, delay, reset, resetWithBytes, eof, eofWithBytes}
	}
	return []kind{split, delay, failed, short}
}

// A recording holds the length of each of the four streams in bytes, and the
// length of the head, which comes before the bytes of the upgraded connection.
type recording struct{ head, length [places]int64 }

// record runs the exchange without a fault.
func record(t *testing.T, r *rig) recording {
	t.Helper()
	x, err := r.run(fault{})
	if err != nil {
		t.Fatal(err)
	}
	client, backend := x.client, x.dialed()
	if want := (clientSight{status: 101, bytes: len(reply + answer), eof: true}); x.clientSaw != want {
		t.Fatalf("without a fault the client saw %+v, want %+v", x.clientSaw, want)
	}
	if want := (backendSight{request: true, bytes: len(ask), eof: true}); x.backendSaw != want {
		t.Fatalf("without a fault the backend saw %+v, want %+v", x.backendSaw, want)
	}
	var rec recording
	rec.length[fromClient] = client.in.passed.Load()
	rec.length[toClient] = client.out.passed.Load()
	rec.length[toBackend] = backend.out.passed.Load()
	rec.length[fromBackend] = backend.in.passed.Load()
	for p := range places {
		payload := int64(len(ask))
		if p == toClient || p == fromBackend {
			payload = int64(len(reply + answer))
		}
		rec.head[p] = rec.length[p] - payload
	}
	return rec
}

// A right is an outcome that is right for some faults. The zero value of a
// number means none.
type right struct {
	statuses []int
	request  []bool // whether it has to reach the backend
	client   int64  // bytes that the client gets
	backend  int64  // and the backend
	whole    bool   // both ends see EOF, and no error
}

var (
	yes    = []bool{true}
	no     = []bool{false}
	either = []bool{true, false}
)

// rightOutcome returns the right outcome of f: how much has to arrive. It
// covers every place, kind and position.
func (rec recording) rightOutcome(f fault) right {
	var (
		k      = f.at - rec.head[f.place] // bytes of the upgraded connection before the fault
		last   = f.at == rec.length[f.place]
		nAsk   = int64(len(ask))
		nReply = int64(len(reply))
		all    = nReply + int64(len(answer))
		sound  = right{[]int{101}, yes, all, nAsk, true}
	)
	if f.kind == split || f.kind == delay {
		return sound // calls may be of any length and may take their time
	}
	switch f.place {
	case fromClient:
		atOnce := f.kind == resetWithBytes || f.kind == eofWithBytes
		switch {
		case k < 0 && f.kind == reset || k < 0 && f.kind == resetWithBytes:
			return right{[]int{0}, no, 0, 0, false} // no client is left to answer
		case k < 0:
			return right{[]int{0, 400}, no, 0, 0, false} // half a request
		case k == 0 && atOnce:
			// net/http may notice that the client ends while its
			// request is answered. It then takes the client for
			// gone. The proxy can read nothing more.
			return right{[]int{0, 101, 502}, either, 0, 0, false}
		case last && (f.kind == eof || f.kind == eofWithBytes):
			return sound // EOF is what comes there
		case last && f.kind == reset:
			return right{[]int{101}, yes, nReply, nAsk, false} // no half-close: the tunnel is torn down
		}
		return right{[]int{101}, yes, 0, k, false}
	case toClient:
		switch {
		case k < 0:
			return right{[]int{0}, yes, 0, 0, false} // half a head
		case last && f.kind == short:
			return sound // CloseWrite has nothing to shorten
		}
		return right{[]int{101}, yes, k, nAsk, false}
	case toBackend:
		switch {
		case k < 0:
			return right{[]int{502}, no, 0, 0, false}
		case last && f.kind == short:
			return sound
		case last:
			return right{[]int{101}, yes, nReply, nAsk, false} // CloseWrite fails, and so the tunnel
		}
		return right{[]int{101}, yes, 0, k, false}
	default: // fromBackend
		switch {
		case f.at == 0 && (f.kind == resetWithBytes || f.kind == eofWithBytes):
			return right{[]int{502}, either, 0, 0, false} // dead before the request is sent
		case k < 0:
			return right{[]int{502}, yes, 0, 0, false}
		case k == 0 && f.kind == resetWithBytes:
			return right{[]int{101}, yes, 0, 0, false} // dead before ask is there
		case last && (f.kind == eof || f.kind == eofWithBytes):
			return sound
		}
		return right{[]int{101}, yes, k, nAsk, false}
	}
}

// check compares what both ends saw, and the summary that Done got, with the
// right outcome.
func (rec recording) check(t *testing.T, x *exchange) {
	t.Helper()
	f, want := x.fault, rec.rightOutcome(x.fault)
	client, backend := x.clientSaw, x.backendSaw
	if !slices.Contains(want.statuses, client.status) {
		t.Errorf("%v: the client got status %d, want one of %d", f, client.status, want.statuses)
	}
	if int64(client.bytes) != want.client {
		t.Errorf("%v: %d bytes arrived at the client, want %d", f, client.bytes, want.client)
	}
	if !slices.Contains(want.request, backend.request) {
		t.Errorf("%v: request arrived at the backend: %t, want %t", f, backend.request, want.request)
	}
	if int64(backend.bytes) != want.backend {
		t.Errorf("%v: %d bytes arrived at the backend, want %d", f, backend.bytes, want.backend)
	}
	if want.whole && !(client.eof && backend.eof) {
		t.Errorf("%v: EOF at the client: %t, at the backend: %t, want both", f, client.eof, backend.eof)
	}

	select {
	case <-x.wrapped:
	default:
		if client.status == 101 {
			t.Errorf("%v: an upgrade went past ModifyResponse", f)
		}
		return
	}
	select {
	case sum := <-x.done:
		rec.checkSummary(t, x, sum)
	case <-time.After(testkit.Patience):
		t.Errorf("%v: Done has not called after %v", f, testkit.Patience)
	}
}

func (rec recording) checkSummary(t *testing.T, x *exchange, sum wrap.Summary) {
	t.Helper()
	f, conn := x.fault, x.dialed()
	read := conn.in.passed.Load() - rec.head[fromBackend]
	least := read
	if f.place != fromBackend && !rec.rightOutcome(f).whole {
		// Another stream has ended the tunnel. Done neither waits for a
		// Read that Close overtakes nor counts it. The bytes of that
		// Read go nowhere.
		least = int64(x.clientSaw.bytes)
	}
	if sum.Read < least || sum.Read > read {
		t.Errorf("%v: Summary.Read = %d, want the %d that the connection has given, and at least %d", f, sum.Read, read, least)
	}
	written := conn.out.passed.Load() - rec.head[toBackend]
	most := written
	if !rec.rightOutcome(f).whole {
		most = rec.length[toBackend] - rec.head[toBackend] // a Write that Close overtakes counts in full
	}
	if sum.Written < written || sum.Written > most {
		t.Errorf("%v: Summary.Written = %d, want the %d that the connection has taken, and at most %d", f, sum.Written, written, most)
	}
	payload := f.at >= rec.head[f.place]
	if f.place == fromBackend && payload {
		switch f.kind {
		case reset, resetWithBytes:
			if f.kind == resetWithBytes && f.at == rec.head[f.place] {
				break // a write may fail first, and the tunnel end before it is read from
			}
			if !errors.Is(sum.ReadErr, errReset) {
				t.Errorf("%v: Summary.ReadErr = %v, want %v", f, sum.ReadErr, errReset)
			}
		case eof, eofWithBytes:
			if sum.ReadEnd == 0 {
				t.Errorf("%v: Summary.ReadEnd = 0, want the time of EOF", f)
			}
		}
	}
	if f.place == toBackend && payload && f.kind == failed && !errors.Is(sum.WriteErr, errReset) && !errors.Is(sum.ReadErr, errReset) {
		// Read fails, too. If it fails first, the proxy closes the
		// body, and Done does not count the Write that fails after
		// Close.
		t.Errorf("%v: Summary.WriteErr, ReadErr = %v, %v, want %v", f, sum.WriteErr, sum.ReadErr, errReset)
	}
	if want := rec.rightOutcome(f); want.whole && (sum.ReadErr != nil || sum.WriteErr != nil || sum.ReadEnd == 0 || sum.WriteEnd == 0) {
		t.Errorf("%v: Summary = %+v, want two ends without an error", f, sum)
	}
}

// A fault of each kind happens at each byte of an upgraded exchange. Bytes
// before the fault arrive, the proxy closes both connections, and Done is
// called once, with the true totals. The short form has a fault at each byte of
// the upgraded connection, and at every eighth of the heads before it.
func TestFaultAtEveryByte(t *testing.T) {
	for _, tt := range []struct {
		name  string
		why   string
		proxy newProxyFunc
		hooks []wrap.Hooks
	}{
		{"direct", "only Done is there, which hooks every method", newReverseProxy, nil},
		{"routed", "Read and Write are hooked in front of it", newReverseProxy, []wrap.Hooks{routed}},
		{"tunnel", "the copier for custom proxies", newTunnelProxy, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			testFaultAtEveryByte(t, newRig(t, func(r *rig, transport http.RoundTripper) http.Handler {
				return tt.proxy(transport, func(resp *http.Response) error {
					r.wrapBody(resp, tt.hooks...)
					return nil
				})
			}))
		})
	}
}

func testFaultAtEveryByte(t *testing.T, r *rig) {
	rec := record(t, r)
	runs := 0
	for p := range places {
		for _, k := range kindsAt(p) {
			for at := range rec.length[p] + 1 {
				if !*long && at < rec.head[p]-1 && at%8 != 0 {
					continue
				}
				f := fault{p, k, at}
				x, err := r.run(f)
				if err != nil {
					t.Fatalf("%v: %v", f, err)
				}
				if rec.check(t, x); t.Failed() {
					t.FailNow()
				}
				runs++
			}
		}
	}
	r.server.Close()
	if wraps, dones := r.wraps.Load(), r.dones.Load(); wraps != dones {
		t.Errorf("%d bodies were wrapped, and Done called %d times", wraps, dones)
	}
	t.Logf("%d exchanges, each with one fault: %d upgraded", runs, r.wraps.Load())
}
