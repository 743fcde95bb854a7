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
// Switching Protocols. It takes the client's connection over from w, writes
// resp's header to it, and joins it with resp.Body as [Copy] does, until both
// have finished. Bytes that either side has sent early are not lost.
//
// Requests with a body are an exception. net/http reads such a body through the
// buffer that holds early bytes, and the transport may still read it when the
// backend has answered. Upgrade cannot see the end of the body, and leaves the
// buffer alone. [wrap.Handler] can see it, so put wrap.Handler in front of a
// proxy that serves such requests. Then early bytes are lost only if the
// backend answers before the end of the body.
//
// Upgrade is for proxies that have sent the request with an [http.Transport].
// Do nothing more with w and resp after calling it. The request must ask the
// backend for the upgrade, so send it with r's Connection and Upgrade fields.
// Hop-by-hop fields of resp are not passed on. The fields of w.Header are sent
// too.
//
// The body that net/http makes of a 101 hides its connection, and may hold
// bytes of it. So the bytes are copied, and not spliced. For splice, dial the
// backend, write the request, and read the response with http.ReadResponse and
// a bufio.Reader. Then set resp.Body to the connection, and
// Options.BackendBuffered to the reader.
//
// In Go 1.24 the body of a 101 has no CloseWrite. There a client that
// half-closes ends the tunnel with [ErrHalfClose]; see Options.KeepOpen.
//
// If the upgrade is impossible, Upgrade answers 502 Bad Gateway to the client,
// closes resp.Body, and returns an error that says why: resp is not a 101; or
// it names a protocol that r did not ask for (RFC 9110, section 7.8); or
// resp.Body is nil, or has lost its Write to a wrapper; or w cannot be
// hijacked.
//
// The tunnel ends when the context of resp.Request is cancelled, with which the
// request was sent, or the context of r if resp.Request is nil. Do not rely on
// that for a client that leaves. After the takeover, net/http does not tell
// that the client has left. Before the takeover, net/http cancels r's context
// when the client half-closes, which is no reason to give up. To serve such
// clients, send the request with [context.WithoutCancel] of r's context. Do so
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

// upgrade returns the tunnel, or an error and the status with which to answer
// the client. The status is 0 if it is too late for an answer.
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
	case errors.Is(err, ErrShutdown): // of Group.Handler
		return nil, http.StatusServiceUnavailable, err
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

// upgraded returns resp's body as a connection. It returns an error if resp is
// not an answer to r that makes the body a connection.
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

// switching returns the head of the response to the client.
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
