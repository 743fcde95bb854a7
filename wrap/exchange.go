package wrap

import (
	"bufio"
	"bytes"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// An Exchange is the summary of one request and its response, as a server sees
// them.
type Exchange struct {
	// Status is the status of the response: the last one, not that of early
	// hints. It is 101 for an upgrade, also if the handler writes the head
	// to the hijacked connection itself. It is 0 if no head was written.
	Status int

	// Upgraded says that the handler has hijacked the connection.
	Upgraded bool

	// Read and Written are the bytes of the content: of the request, as far
	// as the handler has read it, and of the response. To these are added
	// all bytes of a hijacked connection, with the head of the response.
	Read, Written int64

	Start     time.Time     // when the handler was called
	Header    time.Duration // from Start to the header of the response; 0 if there was none
	FirstByte time.Duration // from Start to the first byte of the content; 0 if there was none
	Duration  time.Duration // from Start to the end

	// Panicked says that the handler has panicked, also with
	// http.ErrAbortHandler, or has called runtime.Goexit.
	Panicked bool

	// Err is the first error of a Read of the request's content, of a Write
	// of the response, or of the hijacked connection. EOF is none, and
	// neither is an error after Close.
	Err error
}

// LogValue returns the fields as a group, without those that are 0.
func (x Exchange) LogValue() slog.Value {
	attrs := []slog.Attr{
		slog.Int("status", x.Status),
		slog.Int64("read", x.Read),
		slog.Int64("written", x.Written),
		slog.Duration("duration", x.Duration),
	}
	for _, d := range []struct {
		key   string
		value time.Duration
	}{{"header", x.Header}, {"first_byte", x.FirstByte}} {
		if d.value > 0 {
			attrs = append(attrs, slog.Duration(d.key, d.value))
		}
	}
	if x.Upgraded {
		attrs = append(attrs, slog.Bool("upgraded", true))
	}
	if x.Panicked {
		attrs = append(attrs, slog.Bool("panicked", true))
	}
	if x.Err != nil {
		attrs = append(attrs, slog.Any("error", x.Err))
	}
	return slog.GroupValue(attrs...)
}

// Exchanges returns a handler that calls next, and f once for each request, at
// the true end of the exchange: when next has returned or panicked, and the
// connection is closed if next has hijacked it. The panic goes on. f gets the
// request that next got, with what a [http.ServeMux] in next has set in it.
//
//	handler = wrap.Exchanges(handler, func(r *http.Request, x wrap.Exchange) {
//		log.Println(r.Method, r.URL.Path, x.Status, x.Written, x.Duration)
//	})
//
// In front of a [net/http/httputil.ReverseProxy] f sees the responses that the
// proxy itself makes, such as a 502, which ModifyResponse does not. If a
// hijacked connection is never closed, f is not called. f runs in the goroutine
// of the handler, or in that of the last call on a hijacked connection.
//
// next gets a [Writer], which keeps what the ResponseWriter can do, sendfile
// and splice included. A nil next or f panics.
func Exchanges(next http.Handler, f func(r *http.Request, x Exchange)) http.Handler {
	if next == nil || f == nil {
		panic("wrap: Exchanges: a handler or function is nil; without a function, use the handler itself")
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e := &exchange{f: f, x: Exchange{Start: time.Now()}}
		e.serve(next, w, r)
	})
}

// LogExchanges is [Exchanges] with a record for each request. The message is
// "request done". The record has the method, the path, the protocol and the
// remote address of the request, and the attributes of [Exchange.LogValue]. The
// handler of logger gets the request's context. A nil next or logger panics.
func LogExchanges(next http.Handler, logger *slog.Logger, level slog.Level) http.Handler {
	if logger == nil {
		panic("wrap: LogExchanges: the logger is nil; use slog.Default(), or the handler itself")
	}
	return Exchanges(next, func(r *http.Request, x Exchange) {
		if !logger.Enabled(r.Context(), level) {
			return
		}
		attrs := []slog.Attr{
			slog.String("method", r.Method),
			slog.String("path", r.URL.Path),
			slog.String("proto", r.Proto),
			slog.String("remote", r.RemoteAddr),
		}
		logger.LogAttrs(r.Context(), level, "request done", append(attrs, x.LogValue().Group()...)...)
	})
}

// An exchange measures one request. The handler's goroutine calls serve and the
// hooks for the ResponseWriter. Other goroutines may read the request's body,
// and use the hijacked connection.
//
// The exchange has two ends: returned, and closed if the connection is
// hijacked. The last of them reports.
type exchange struct {
	f func(*http.Request, Exchange)
	r *http.Request

	read, written atomic.Int64 // of the content; Done counts the connection

	mu       sync.Mutex // guards the rest
	x        Exchange   // Start never changes, and needs no lock
	head     []byte     // the beginning of what was written to the connection
	returned bool       // next has returned or panicked
	closed   bool       // the hijacked connection has ended
}

func (e *exchange) serve(next http.Handler, w http.ResponseWriter, r *http.Request) {
	e.r = r.WithContext(r.Context()) // a copy, as its body is another one
	e.r.Body = Body(r.Body, Hooks{Read: e.readBody, WriteTo: e.writeBodyTo})
	w = Writer(w, WriterHooks{
		Header:   e.sendHeader,
		Write:    e.write,
		ReadFrom: e.readFrom,
		Hijack:   e.hijack,
		Conn:     []Hooks{Done(e.connDone), {Write: e.writeConn, ReadFrom: e.connReadFrom}},
	})
	panicked := true
	defer func() { e.handlerReturned(panicked) }()
	next.ServeHTTP(w, e.r)
	panicked = false
}

func (e *exchange) since() time.Duration { return max(time.Since(e.x.Start), 1) }

func (e *exchange) failed(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.x.Err == nil {
		e.x.Err = err
	}
}

func (e *exchange) readBody(next io.Reader, p []byte) (int, error) {
	n, err := next.Read(p)
	e.read.Add(clamp(n, p))
	if err != nil && err != io.EOF {
		e.failed(err)
	}
	return n, err
}

func (e *exchange) writeBodyTo(next io.WriterTo, w io.Writer) (int64, error) {
	n, err := next.WriteTo(w)
	e.read.Add(max(n, 0))
	if err != nil {
		e.failed(err)
	}
	return n, err
}

func (e *exchange) sendHeader(_ http.Header, status int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.x.Status, e.x.Header = status, e.since()
}

// writing notes the first byte.
func (e *exchange) writing() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.x.FirstByte == 0 {
		e.x.FirstByte = e.since()
	}
}

func (e *exchange) write(next io.Writer, p []byte) (int, error) {
	if len(p) > 0 && e.written.Load() == 0 {
		e.writing()
	}
	n, err := next.Write(p)
	e.written.Add(clamp(n, p))
	if err != nil {
		e.failed(err)
	}
	return n, err
}

func (e *exchange) readFrom(next io.ReaderFrom, r io.Reader) (int64, error) {
	if e.written.Load() == 0 {
		e.writing()
	}
	n, err := next.ReadFrom(r)
	e.written.Add(max(n, 0))
	if err != nil {
		e.failed(err)
	}
	return n, err
}

func (e *exchange) hijack(next http.Hijacker) (net.Conn, *bufio.ReadWriter, error) {
	conn, brw, err := next.Hijack()
	if err == nil {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.x.Upgraded = true
	}
	return conn, brw, err
}

// lenStatus is how many bytes of a head hold the status, as in
// "HTTP/1.1 101".
const lenStatus = len("HTTP/1.1 101")

// writeConn looks for the head that the handler writes to the connection.
func (e *exchange) writeConn(next io.Writer, p []byte) (int, error) {
	e.addHead(p)
	return next.Write(p)
}

// connReadFrom keeps the fast path. No handler writes a head with it.
func (e *exchange) connReadFrom(next io.ReaderFrom, r io.Reader) (int64, error) {
	return next.ReadFrom(r)
}

func (e *exchange) addHead(p []byte) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.head) == lenStatus {
		return
	}
	e.head = append(e.head, p[:min(len(p), lenStatus-len(e.head))]...)
	if len(e.head) < lenStatus || e.x.Status != 0 || !bytes.HasPrefix(e.head, []byte("HTTP/1.")) {
		return
	}
	if status, err := strconv.Atoi(string(e.head[lenStatus-3:])); err == nil && status >= 100 {
		e.x.Status, e.x.Header = status, e.since()
	}
}

// connDone is called when the hijacked connection has ended.
func (e *exchange) connDone(s Summary) {
	for _, err := range []error{s.ReadErr, s.WriteErr, s.CloseErr} {
		if err != nil {
			e.failed(err)
		}
	}
	e.read.Add(s.Read)
	e.written.Add(s.Written)
	e.ended(func() { e.closed = true })
}

func (e *exchange) handlerReturned(panicked bool) {
	e.ended(func() {
		e.returned, e.x.Panicked = true, panicked
		if e.x.Status == 0 && !panicked && !e.x.Upgraded {
			e.x.Status, e.x.Header = http.StatusOK, e.since() // net/http sends it now
		}
	})
}

// ended reports if the end that end records is the last one.
func (e *exchange) ended(end func()) {
	e.mu.Lock()
	end()
	last := e.returned && (e.closed || !e.x.Upgraded)
	x := e.x
	e.mu.Unlock()
	if !last {
		return
	}
	x.Read, x.Written, x.Duration = e.read.Load(), e.written.Load(), e.since()
	e.f(e.r, x)
}
