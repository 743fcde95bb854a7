package wrap

import "net/http"

// ModifyResponse returns a function for the field of that name in
// [net/http/httputil.ReverseProxy]. It calls [Response] with the hooks that hooks
// returns for each response, by its status, header or request.
//
//	proxy.ModifyResponse = wrap.ModifyResponse(func(resp *http.Response) []wrap.Hooks {
//		return []wrap.Hooks{wrap.Log(logger, slog.LevelInfo, slog.Int("status", resp.StatusCode))}
//	})
//
// The function may change the header too, and must leave the body alone. The
// error is always nil. A nil hooks panics.
func ModifyResponse(hooks func(*http.Response) []Hooks) func(*http.Response) error {
	if hooks == nil {
		panic("wrap: ModifyResponse: the function is nil; it must return the hooks for a response")
	}
	return func(resp *http.Response) error {
		withHooks(resp, hooks)
		return nil
	}
}

// withHooks puts the hooks that hooks returns in front of resp's body. If one of
// them panics then nobody else closes the body.
func withHooks(resp *http.Response, hooks func(*http.Response) []Hooks) {
	if resp.Body == nil {
		Response(resp, hooks(resp)...)
		return
	}
	closeOnPanic(resp.Body, func() { Response(resp, hooks(resp)...) })
}

// Transport returns a RoundTripper that calls base and then [Response], with
// the hooks that hooks returns for each response. It is [ModifyResponse] for
// those who sit lower: [http.Client], or another RoundTripper. Errors of base
// come back as they are.
//
// A nil base means [http.DefaultTransport], as that is at each call. The result
// has a CloseIdleConnections method, for [http.Client.CloseIdleConnections], if
// base has one or is nil, and may be used by as many goroutines as base and
// hooks allow. If hooks, or a hook's New, panics then resp.Body is closed and
// the panic goes on. A nil hooks panics.
func Transport(base http.RoundTripper, hooks func(*http.Response) []Hooks) http.RoundTripper {
	if hooks == nil {
		panic("wrap: Transport: the function is nil; it must return the hooks for a response")
	}
	t := transport{base, hooks}
	if base == nil {
		return &idleTransport{t}
	}
	if _, ok := base.(idleCloser); ok {
		return &idleTransport{t}
	}
	return &t
}

type transport struct {
	base  http.RoundTripper // nil for http.DefaultTransport
	hooks func(*http.Response) []Hooks
}

func (t *transport) roundTripper() http.RoundTripper {
	if t.base == nil {
		return http.DefaultTransport
	}
	return t.base
}

func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := t.roundTripper().RoundTrip(req)
	if err == nil && resp != nil {
		withHooks(resp, t.hooks)
	}
	return resp, err
}

// An idleTransport is a transport whose base may have idle connections.
type idleTransport struct{ transport }

type idleCloser interface{ CloseIdleConnections() }

func (t *idleTransport) CloseIdleConnections() {
	if base, ok := t.roundTripper().(idleCloser); ok {
		base.CloseIdleConnections()
	}
}
