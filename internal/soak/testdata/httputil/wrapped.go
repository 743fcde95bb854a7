package httputil

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	wrap "net/http/internal/bodywrap"
	"os"
	"sync/atomic"
)

// wrapped counts the bodies that wrapBody has wrapped, and those of them that
// were upgraded connections.
var wrapped, wrappedUpgrades atomic.Int64

// wrappedTransport passes every response body through wrapBody.
type wrappedTransport struct{ http.RoundTripper }

func (t wrappedTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := t.RoundTripper.RoundTrip(req)
	if resp != nil {
		resp.Body = wrapBody(resp.Body)
	}
	return resp, err
}

func wrapBody(body io.ReadCloser) io.ReadCloser {
	if body == nil || body == http.NoBody {
		return body
	}
	wrapped.Add(1)
	if _, ok := body.(io.Writer); ok {
		wrappedUpgrades.Add(1)
	}
	switch way := os.Getenv("BODYWRAP_WAY"); way {
	case "routed":
		return wrap.Body(body, routed)
	case "direct":
		return wrap.Body(body, direct)
	case "stacked":
		return wrap.Body(body, direct, routed, wrap.Hooks{New: func(io.ReadCloser) wrap.Hooks { return direct }})
	case "done":
		var done atomic.Bool
		return wrap.Body(body, wrap.Done(func(wrap.Summary) {
			if done.Swap(true) {
				panic("Done called twice for one body")
			}
		}), wrap.Log(context.Background(), slog.New(slog.DiscardHandler), slog.LevelInfo), wrap.LimitRead(1<<30))
	case "kept":
		return wrap.Keep(body, struct{ io.ReadCloser }{body})
	case "lossy": // what people write; the tests must fail
		return struct{ io.ReadCloser }{body}
	default:
		panic("BODYWRAP_WAY: unknown way to wrap: " + way)
	}
}

// routed has hooks on the plain methods only, so that WriteTo and ReadFrom go
// through them.
var routed = wrap.Hooks{
	Read:       func(next io.Reader, p []byte) (int, error) { return next.Read(p) },
	Write:      func(next io.Writer, p []byte) (int, error) { return next.Write(p) },
	Close:      func(next io.Closer) error { return next.Close() },
	CloseWrite: func(next wrap.CloseWriter) error { return next.CloseWrite() },
}

// direct has hooks on all methods.
var direct = wrap.Hooks{
	Read:       routed.Read,
	Write:      routed.Write,
	Close:      routed.Close,
	CloseWrite: routed.CloseWrite,
	WriteTo:    func(next io.WriterTo, w io.Writer) (int64, error) { return next.WriteTo(w) },
	ReadFrom:   func(next io.ReaderFrom, r io.Reader) (int64, error) { return next.ReadFrom(r) },
}
