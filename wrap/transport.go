package wrap

import "net/http"

// ModifyResponse returns a function for the field of that name in
// [httputil.ReverseProxy]. It calls [Response] with the hooks that hooks
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
		Response(resp, hooks(resp)...)
		return nil
	}
}

// Transport returns a RoundTripper that calls base and then [Response], with
// the hooks that hooks returns for each response. It is [ModifyResponse] for
// those who sit lower: [http.Client], or another RoundTripper. Errors of base
// come back as they are.
//
// A nil base means [http.DefaultTransport]. The result has a
// CloseIdleConnections method, for [http.Client.CloseIdleConnections], if base
// has one, and may be used by as many goroutines as base and hooks allow. A nil
// hooks panics.
func Transport(base http.RoundTripper, hooks func(*http.Response) []Hooks) http.RoundTripper {
	if hooks == nil {
		panic("wrap: Transport: the function is nil; it must return the hooks for a response")
	}
	if base == nil {
		base = http.DefaultTransport
	}
	t := transport{base, hooks}
	if idle, ok := base.(idleCloser); ok {
		return struct {
			transport
			idleCloser
		}{t, idle}
	}
	return t
}

type idleCloser interface{ CloseIdleConnections() }

type transport struct {
	base  http.RoundTripper
	hooks func(*http.Response) []Hooks
}

func (t transport) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := t.base.RoundTrip(req)
	if err == nil && resp != nil {
		Response(resp, t.hooks(resp)...)
	}
	return resp, err
}
