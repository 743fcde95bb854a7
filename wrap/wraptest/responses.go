package wraptest

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/bodywrap/bodywrap/internal/probe"
)

// An exchange is a request without an upgrade, the backend's answer to it, and
// the answer that the client must get.
type exchange struct {
	name   string
	method string                      // GET if empty
	serve  func(w http.ResponseWriter) // the backend's handler
	want   answer
}

// An answer is what a client sees of a response.
type answer struct {
	status  int
	length  int64  // ContentLength of http.Response; -1 if unknown
	coding  string // Content-Encoding
	tag     string // ETag
	body    []byte
	trailer string // the field Sum of the trailer
}

var exchanges = []exchange{
	{
		name: "sized",
		serve: func(w http.ResponseWriter) {
			w.Header().Set("Content-Length", strconv.Itoa(len(content)))
			_, _ = w.Write(content) // the client sees what arrives
		},
		want: answer{status: 200, length: int64(len(content)), body: content},
	},
	{
		name:  "chunked",
		serve: serveChunks,
		want:  answer{status: 200, length: -1, body: content},
	},
	{
		name:   "HEAD",
		method: "HEAD",
		serve: func(w http.ResponseWriter) {
			w.Header().Set("Content-Length", strconv.Itoa(len(content)))
		},
		want: answer{status: 200, length: int64(len(content))},
	},
	{
		name:  "204",
		serve: func(w http.ResponseWriter) { w.WriteHeader(http.StatusNoContent) },
		want:  answer{status: 204},
	},
	{
		name: "304",
		serve: func(w http.ResponseWriter) {
			w.Header().Set("ETag", `"one"`)
			w.WriteHeader(http.StatusNotModified)
		},
		want: answer{status: 304, tag: `"one"`},
	},
	{
		name: "gzip",
		serve: func(w http.ResponseWriter) {
			w.Header().Set("Content-Encoding", "gzip")
			w.Header().Set("Content-Length", strconv.Itoa(len(zipped)))
			_, _ = w.Write(zipped)
		},
		want: answer{status: 200, length: int64(len(zipped)), coding: "gzip", body: zipped},
	},
	{
		name: "trailers",
		serve: func(w http.ResponseWriter) {
			w.Header().Set("Trailer", "Sum")
			serveChunks(w)
			w.Header().Set("Sum", "42")
		},
		want: answer{status: 200, length: -1, body: content, trailer: "42"},
	},
}

var zipped = func() []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write(content) // a Buffer does not fail
	_ = z.Close()
	return b.Bytes()
}()

func serveChunks(w http.ResponseWriter) {
	half := len(content) / 2
	_, _ = w.Write(content[:half])
	w.(http.Flusher).Flush()
	_, _ = w.Write(content[half:])
}

// responses starts a proxy with a backend. The function that it returns sends
// ordinary requests through the proxy, and stops both.
func responses(config probe.LocalConfig, o settings) func() findings {
	e := &ordinary{stopped: make(chan struct{}, 1), asked: make(chan struct{}, 1), gaveUp: make(chan struct{}, 1)}
	backend, err := probe.Serve(e, config.Secure, func() { e.opened.Add(1) })
	if err != nil {
		return cannotStart(err)
	}
	local, err := config.To(backend.URL)
	if err != nil {
		backend.Close(o.Timeout)
		return cannotStart(err)
	}
	transport := &http.Transport{DisableCompression: true}
	e.client = &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	e.url = local.URL.String()
	return func() findings {
		// The backend stops first: the handler of a wrong proxy may
		// wait for it.
		defer local.Close(o.Timeout)
		defer backend.Close(o.Timeout)
		defer transport.CloseIdleConnections()
		var all findings
		for _, step := range e.steps(config.ModifyResponse == nil) {
			all = append(all, step.run(over(config.Secure), o)...)
		}
		return all
	}
}

// A step is checks that run at the same time. Each waits up to limit for an
// event that must come, and returns its fault, or "".
type step []struct {
	name  string
	fault func(limit time.Duration) string
}

// steps returns all checks of ordinary requests. The check "reuse" is a step
// of its own, because it counts the connections to the backend. The check
// "gives up" is left out if early is false: then nothing under test is called
// before the backend has answered.
func (e *ordinary) steps(early bool) []step {
	answers := make(step, len(exchanges))
	for i, x := range exchanges {
		answers[i].name, answers[i].fault = x.name, func(limit time.Duration) string { return e.exchange(x, limit) }
	}
	leaves := step{{"early close", e.earlyClose}}
	if early {
		leaves = append(leaves, step{{"gives up", e.givesUp}}...)
	}
	return []step{answers, {{"reuse", e.reuse}}, leaves}
}

// run runs the checks that o does not skip. over begins the name of each.
func (s step) run(over string, o settings) findings {
	var runs []func() checked
	for _, c := range s {
		name := over + "/" + c.name
		if o.skips(name) {
			continue
		}
		runs = append(runs, func() checked {
			if fault := c.fault(o.timeout(name)); fault != "" {
				return checked{name, []*Finding{{name, fault}}}
			}
			return checked{name: name}
		})
	}
	return together(runs)
}

// ordinary is the backend and the client of ordinary requests.
type ordinary struct {
	client *http.Client
	url    string
	opened atomic.Int64 // how many connections the backend has accepted

	// Each channel gets a value at an event in the backend.
	stopped chan struct{} // an endless response has stopped
	asked   chan struct{} // the request that gets no answer has come
	gaveUp  chan struct{} // that request was cancelled
}

func (e *ordinary) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch name := r.URL.Query().Get("answer"); name {
	case "small":
		_, _ = io.WriteString(w, "small")
	case "endless":
		e.serveEndless(w, r)
	case "none":
		e.serveNone(r)
	default:
		for _, x := range exchanges {
			if x.name == name {
				x.serve(w)
			}
		}
	}
}

// serveEndless writes until the backend learns that the client has gone. It
// first sends burst at once, which a wrapper that collects the whole response
// still has memory for. It then sends a piece every pace: the kernels' buffers
// may hold all of burst, and a proxy may learn that the client has gone only
// from a Write that fails.
func (e *ordinary) serveEndless(w http.ResponseWriter, r *http.Request) {
	defer func() { e.stopped <- struct{}{} }()
	const (
		burst = 100 // times content, 4 MB
		piece = 4 << 10
		pace  = 10 * time.Millisecond
	)
	for range burst {
		if _, err := w.Write(content); err != nil || r.Context().Err() != nil {
			return
		}
	}
	next := time.NewTicker(pace)
	defer next.Stop()
	for {
		select {
		case <-next.C:
		case <-r.Context().Done():
			return
		}
		if _, err := w.Write(content[:piece]); err != nil {
			return
		}
		_ = http.NewResponseController(w).Flush() // if it fails, the context ends as well
	}
}

// serveNone does not answer, and returns when the backend learns that the
// client has gone. It first reads the body of the request to EOF, because only
// then does net/http cancel the request of a client that has gone.
func (e *ordinary) serveNone(r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body) // if it fails, the context ends as well
	note(e.asked)
	<-r.Context().Done()
	note(e.gaveUp)
}

// note puts a value into c, unless c has one already: a proxy may send a
// request twice.
func note(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

func (e *ordinary) do(ctx context.Context, method, name string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, cmp.Or(method, "GET"), e.url+"?answer="+name, nil)
	if err != nil {
		return nil, err
	}
	// Without this field, the proxy's transport would set it and unpack
	// gzip.
	req.Header.Set("Accept-Encoding", "gzip")
	return e.client.Do(req)
}

// exchange sends x's request. It returns the fault of the answer, or "".
func (e *ordinary) exchange(x exchange, limit time.Duration) string {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	resp, err := e.do(ctx, x.method, x.name)
	if err != nil {
		return fmt.Sprintf("the client got no answer: %v", errors.Unwrap(err))
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	got := answer{resp.StatusCode, resp.ContentLength, resp.Header.Get("Content-Encoding"), resp.Header.Get("ETag"), body, resp.Trailer.Get("Sum")}
	switch want := x.want; {
	case got.status != want.status:
		return fmt.Sprintf("the backend answered %d, and the client got %d", want.status, got.status)
	case err != nil || !bytes.Equal(got.body, want.body):
		return "the client got " + compared(got.body, want.body, err)
	case got.length != want.length:
		return fmt.Sprintf("the client was told a length of %d, not %d (-1 is none)", got.length, want.length)
	case got.coding != want.coding:
		return fmt.Sprintf("the client got Content-Encoding %q, not %q", got.coding, want.coding)
	case got.tag != want.tag:
		return fmt.Sprintf("the client got ETag %q, not %q", got.tag, want.tag)
	case got.trailer != want.trailer:
		return fmt.Sprintf("the client got the trailer Sum %q, not %q", got.trailer, want.trailer)
	}
	return ""
}

// reuse sends a few requests, one after the other. The backend must see fewer
// connections than requests.
func (e *ordinary) reuse(limit time.Duration) string {
	const requests = 4
	before := e.opened.Load()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	for range requests {
		resp, err := e.do(ctx, "GET", "small")
		if err != nil {
			return fmt.Sprintf("the client got no answer: %v", errors.Unwrap(err))
		}
		_, err = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close() // it was read to its end
		if err != nil {
			return fmt.Sprintf("the client got an answer that ends in %q", err)
		}
	}
	if n := e.opened.Load() - before; n >= requests {
		return fmt.Sprintf("%d requests in a row took %d connections to the backend: no connection is used again", requests, n)
	}
	return ""
}

// earlyClose closes a response in its middle. The backend must learn of it.
func (e *ordinary) earlyClose(limit time.Duration) string {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	resp, err := e.do(ctx, "GET", "endless")
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Sprintf("the backend answers without end, and nothing of it came to the client within %v: the wrapper waits for the whole", limit)
	}
	if err != nil {
		return fmt.Sprintf("the client got no answer: %v", errors.Unwrap(err))
	}
	_, err = io.CopyN(io.Discard, resp.Body, 1000)
	_ = resp.Body.Close() // in the middle
	if err != nil {
		return fmt.Sprintf("the client got an answer that ends in %q", err)
	}
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-e.stopped:
		return ""
	case <-timer.C:
		return fmt.Sprintf("the client went away in the middle of a response, and the backend was not told within %v: it works for nobody", limit)
	}
}

// givesUp cancels a request that has no answer yet. The backend must learn of
// it.
func (e *ordinary) givesUp(limit time.Duration) string {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	answered := make(chan string, 1)
	go e.awaitAnswer(ctx, answered)
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-e.asked:
	case got := <-answered:
		return "the client got " + got + " before the backend had answered"
	case <-timer.C:
		return fmt.Sprintf("the client's request did not come to the backend within %v", limit)
	}
	cancel()
	<-answered
	timer.Reset(limit)
	select {
	case <-e.gaveUp:
		return ""
	case <-timer.C:
		return fmt.Sprintf("the client went away before the backend had answered, and the backend was not told within %v: it works for nobody", limit)
	}
}

// awaitAnswer sends the request that gets no answer, and sends the result to
// answered.
func (e *ordinary) awaitAnswer(ctx context.Context, answered chan<- string) {
	resp, err := e.do(ctx, "GET", "none")
	if err != nil {
		answered <- fmt.Sprintf("no answer (%v)", errors.Unwrap(err))
		return
	}
	_ = resp.Body.Close() // the status says enough
	answered <- resp.Status
}
