package wrap

import "net/http"

// ModifyResponse returns a function for the field of that name in
// [net/http/httputil.ReverseProxy]. For each response the function calls
// before, then hooks, which can look at the status, the header and the request,
// and then [Response] with the result.
//
//	proxy.ModifyResponse = wrap.ModifyResponse(proxy.ModifyResponse,
//		func(resp *http.Response) []wrap.Hooks {
//			status := slog.Int("status", resp.StatusCode)
//			return []wrap.Hooks{wrap.Log(resp.Request.Context(), logger, slog.LevelInfo, status)}
//		})
//
// before is the function that was in the field until now. It may be nil. If it
// returns an error, the returned function returns the error and calls nothing
// else. hooks must not touch the body. It may change the header, but changes
// that go with a change of bytes belong into [Hooks].Content. A nil hooks
// panics.
func ModifyResponse(before func(*http.Response) error, hooks func(*http.Response) []Hooks) func(*http.Response) error {
	if hooks == nil {
		panic("wrap: ModifyResponse: the function is nil; it must return the hooks for a response")
	}
	return func(resp *http.Response) error {
		if before != nil {
			if err := before(resp); err != nil {
				return err
			}
		}
		withHooks(resp, hooks)
		return nil
	}
}

// withHooks puts the hooks that hooks returns in front of resp's body. If hooks
// or a hook's New panics, withHooks closes the body, since nobody else does.
func withHooks(resp *http.Response, hooks func(*http.Response) []Hooks) {
	if resp.Body == nil {
		Response(resp, hooks(resp)...)
		return
	}
	closeOnPanic(resp.Body, func() { Response(resp, hooks(resp)...) })
}

// Transport returns a RoundTripper that calls base and then [Response] with the
// hooks that hooks returns for each response. Transport is [ModifyResponse] for
// an [http.Client] or another RoundTripper. It returns base's errors unchanged.
//
// If base is nil, each call uses the current value of [http.DefaultTransport].
// The result has a CloseIdleConnections method, for
// [http.Client.CloseIdleConnections], if base has one or is nil. As many
// goroutines may use the result as base and hooks allow. If hooks or a hook's
// New panics, resp.Body is closed and the panic goes on. A nil hooks panics.
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

// An idleTransport is a transport with a CloseIdleConnections method.
type idleTransport struct{ transport }

type idleCloser interface{ CloseIdleConnections() }

func (t *idleTransport) CloseIdleConnections() {
	if base, ok := t.roundTripper().(idleCloser); ok {
		base.CloseIdleConnections()
	}
}
