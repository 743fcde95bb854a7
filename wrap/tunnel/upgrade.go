package tunnel

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/bodywrap/bodywrap/wrap/internal/received"
)

// Upgrade serves an upgraded connection whose backend has answered 101
// Switching Protocols: it takes the client's connection over from w, writes
// resp's header to it, and joins it with resp.Body as [Copy] does, until both
// have finished. Bytes that either side has sent early are not lost.
//
// A request with a body is an exception: net/http reads that body through the
// buffer that holds early bytes, and the transport may still read it when the
// backend has answered. Upgrade cannot see the body's end and leaves the buffer
// alone. [wrap.Handler] can, so put it in front of a proxy that is to serve such
// requests: under it early bytes are lost only if the backend answers before
// the body's end.
//
// It is for proxies that have sent the request with an [http.Transport], and
// the caller does nothing more with w and resp. The request must ask the
// backend for the upgrade, so send it with r's Connection and Upgrade fields.
// Hop-by-hop fields of resp are not passed on; the fields of w.Header are sent
// too.
//
// The body of a 101 that net/http made hides its connection, and may hold bytes
// of it, so that what goes through it is copied and not spliced. For splice, dial
// the backend, write the request and read the response (http.ReadResponse with a
// bufio.Reader) oneself; then set resp.Body to the connection, and
// [Options.BackendBuffered] to the reader.
//
// With Go 1.24, where the body of a 101 has no CloseWrite, a client that
// half-closes ends the tunnel with [ErrHalfClose]; see [Options.KeepOpen].
//
// Where the upgrade can't be, the client is answered 502 Bad Gateway, resp.Body
// is closed, and the error says why: resp is not a 101; it names a protocol
// that r did not ask for (RFC 9110, section 7.8); resp.Body is nil, or lost its
// Write to a wrapper; or w cannot be hijacked.
//
// The tunnel ends when the context is cancelled that the request was sent with
// (resp.Request's; if there is none, r's). Do not count on that for a client
// that leaves: after the takeover net/http does not tell. Before, it cancels
// r's context when the client half-closes, which is no reason to give up; send
// the request with [context.WithoutCancel] of it to serve such clients. Do so
// only if r has an Upgrade field: the backend of any other request would not
// learn that its client has gone.
func Upgrade(w http.ResponseWriter, r *http.Request, resp *http.Response, opt *Options) (Result, error) {
	t, status, err := upgrade(w, r, resp, opt)
	if err != nil {
		if resp.Body != nil {
			_ = resp.Body.Close() // refused already
		}
		if status != 0 {
			http.Error(w, http.StatusText(status), status)
		}
		return Result{}, fmt.Errorf("tunnel: upgrade: %w", err)
	}
	return t.run(lifetime(r, resp))
}

func lifetime(r *http.Request, resp *http.Response) context.Context {
	if resp.Request != nil {
		r = resp.Request
	}
	return r.Context()
}

// upgrade makes the tunnel, or tells how to answer the client, with a status
// of 0 if it is too late for that.
func upgrade(w http.ResponseWriter, r *http.Request, resp *http.Response, opt *Options) (t *tunnel, status int, err error) {
	if opt == nil {
		opt = new(Options)
	}
	backend, err := upgraded(r, resp)
	if err != nil {
		return nil, http.StatusBadGateway, err
	}
	if opt.Group.isClosed() {
		return nil, http.StatusServiceUnavailable, ErrShutdown
	}
	client, brw, err := http.NewResponseController(w).Hijack()
	switch {
	case errors.Is(err, http.ErrHijacked):
		return nil, 0, err
	case err != nil:
		return nil, http.StatusBadGateway, fmt.Errorf("%T: %w", w, err)
	}

	t = newTunnel(client, backend, opt)
	t.toBackend.early = nil
	if !received.HasBody(r) {
		t.toBackend.early = brw.Reader
	}
	t.toClient.lead = switching(w.Header(), resp.Header)
	return t, 0, nil
}

// upgraded returns resp's body as the connection that it is, if r and resp
// agree that it is one.
func upgraded(r *http.Request, resp *http.Response) (io.ReadWriteCloser, error) {
	if resp.StatusCode != http.StatusSwitchingProtocols {
		return nil, fmt.Errorf("the backend answered %q; Upgrade is for 101 alone", resp.Status)
	}
	if !r.ProtoAtLeast(1, 1) || r.ProtoMajor > 1 {
		return nil, fmt.Errorf("the client speaks %s, which has no Upgrade", r.Proto)
	}
	if err := agree(r.Header, resp.Header); err != nil {
		return nil, err
	}
	if resp.Body == nil {
		return nil, errors.New("the response has no Body; pass the response of a RoundTripper, or set Body to the connection")
	}
	backend, ok := resp.Body.(io.ReadWriteCloser)
	if !ok {
		return nil, fmt.Errorf("a wrapper of the body, %T, has lost its Write; see wrap.Keep", resp.Body)
	}
	return backend, nil
}

// switching is the response that the client is sent.
func switching(own, backends http.Header) []byte {
	h := backends.Clone()
	if h == nil {
		h = make(http.Header)
	}
	protocol := h.Values("Upgrade")
	removeHopByHop(h)
	for name, values := range own {
		h[name] = append(h[name], values...)
	}
	h.Del("Content-Length") // RFC 9110, section 8.6
	h.Del("Transfer-Encoding")
	h["Connection"] = []string{"Upgrade"}
	h["Upgrade"] = protocol
	var b bytes.Buffer
	b.WriteString("HTTP/1.1 101 Switching Protocols\r\n")
	_ = h.Write(&b) // a Buffer takes everything
	b.WriteString("\r\n")
	return b.Bytes()
}
