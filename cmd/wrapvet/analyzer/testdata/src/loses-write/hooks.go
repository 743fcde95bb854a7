package loseswrite

import (
	"io"
	"net/http"
	"net/http/httputil"
	"strings"
)

// Shapes are the ways to treat a body here; each sets up a proxy. What is reported begins with "bad".
var Shapes = map[string]func(*httputil.ReverseProxy){
	"badField":             badField,
	"badHeaderGuard":       badHeaderGuard,
	"badNamedHook":         badNamedHook,
	"badMethodValue":       badMethodValue,
	"badFactory":           badFactory,
	"badStruct":            badStruct,
	"badTee":               badTee,
	"badErrorGuard":        badErrorGuard,
	"badOnlyServerErrors":  badOnlyServerErrors,
	"badHelper":            badHelper,
	"badChain":             badChain,
	"badAdapter":           badAdapter,
	"badSetter":            badSetter,
	"badLocal":             badLocal,
	"badPipe":              badPipe,
	"badCaptured":          badCaptured,
	"badDefaultFilter":     badDefaultFilter,
	"goodGuard":            goodGuard,
	"goodDefaultFilter":    goodDefaultFilter,
	"goodNegatedGuard":     goodNegatedGuard,
	"goodSwitch":           goodSwitch,
	"goodRange":            goodRange,
	"goodBool":             goodBool,
	"goodPredicate":        goodPredicate,
	"goodUpgradeHeader":    goodUpgradeHeader,
	"goodRequestGuard":     goodRequestGuard,
	"goodContentType":      goodContentType,
	"goodEncoding":         goodEncoding,
	"goodLength":           goodLength,
	"goodWriterTest":       goodWriterTest,
	"goodReadWriteCloser":  goodReadWriteCloser,
	"goodConstructor":      goodConstructor,
	"goodCallerGuard":      goodCallerGuard,
	"goodPutBack":          goodPutBack,
	"goodMediaType":        goodMediaType,
	"goodSplitType":        goodSplitType,
	"goodTransport":        goodTransport,
	"goodTable":            goodTable,
	"badTransport":         badTransport,
	"badTransportFunc":     badTransportFunc,
	"badTransportRetry":    badTransportRetry,
	"goodTransportRequest": goodTransportRequest,
	"goodTransportNoBody":  goodTransportNoBody,
	"badHedged":            badHedged,
	"badSent":              badSent,
	"badBounded":           badBounded,
	"goodLengthy":          goodLengthy,
}

func badField(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		resp.Body = &countingBody{resp.Body, &total} // want `loses-write: the new Body cannot be written to: .*\(\*countingBody has no Write\)`
		return nil
	}
}

// The header is what a proxy adds, not a guard.
func badHeaderGuard(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		resp.Header.Set("X-Proxy", "1")
		if resp.Header.Get("X-Skip") != "" {
			return nil
		}
		resp.Body = &spanBody{resp.Body, ended} // want `loses-write`
		return nil
	}
}

func badNamedHook(p *httputil.ReverseProxy) { p.ModifyResponse = countResponse }

func countResponse(r *http.Response) error {
	body := r.Body
	r.Body = &countingBody{body, &total} // want `loses-write`
	return nil
}

type gateway struct{ prefix string }

func badMethodValue(p *httputil.ReverseProxy) {
	g := &gateway{prefix: "/api"}
	p.ModifyResponse = g.rewrite
}

func (g *gateway) rewrite(resp *http.Response) error {
	if strings.HasPrefix(resp.Request.URL.Path, g.prefix) || g.prefix != "" {
		resp.Body = &spanBody{body: resp.Body, end: ended} // want `loses-write`
	}
	return nil
}

func badFactory(p *httputil.ReverseProxy) { p.ModifyResponse = newHook(true) }

func newHook(enabled bool) func(*http.Response) error {
	return func(resp *http.Response) error {
		if enabled {
			resp.Body = &countingBody{resp.Body, &total} // want `loses-write`
		}
		return nil
	}
}

func badStruct(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		resp.Body = struct { // want `loses-write: .*this struct has no Write`
			io.Reader
			io.Closer
		}{io.TeeReader(resp.Body, io.Discard), resp.Body}
		return nil
	}
}

func badTee(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		resp.Body = io.NopCloser(io.LimitReader(resp.Body, 1<<20)) // want `loses-write: .*what io.NopCloser returns has no Write` `loses-close`
		return nil
	}
}

func badErrorGuard(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if resp.StatusCode >= 400 {
			return nil
		}
		resp.Body = &countingBody{resp.Body, &total} // want `loses-write`
		return nil
	}
}

// A range that means to name failures names the 101 as well.
func badOnlyServerErrors(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if resp.StatusCode != http.StatusOK {
			resp.Body = &countingBody{resp.Body, &total} // want `loses-write`
		}
		return nil
	}
}

func badHelper(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		observe(resp, true)
		return nil
	}
}

func observe(resp *http.Response, on bool) {
	if !on {
		return
	}
	resp.Body = newCounting(resp.Body) // want `loses-write`
}

func newCounting(rc io.ReadCloser) io.ReadCloser { return &countingBody{rc, &total} }

func badChain(p *httputil.ReverseProxy) {
	p.ModifyResponse = chain(
		func(resp *http.Response) error { resp.Header.Del("Server"); return nil },
		func(resp *http.Response) error {
			resp.Body = &countingBody{resp.Body, &total} // want `loses-write`
			return nil
		},
	)
}

func chain(hooks ...func(*http.Response) error) func(*http.Response) error {
	return func(resp *http.Response) error {
		for _, h := range hooks {
			if err := h(resp); err != nil {
				return err
			}
		}
		return nil
	}
}

func badAdapter(p *httputil.ReverseProxy) {
	p.ModifyResponse = always(func(resp *http.Response) {
		resp.Body = &spanBody{resp.Body, ended} // want `loses-write`
	})
}

func always(f func(*http.Response)) func(*http.Response) error {
	return func(resp *http.Response) error {
		f(resp)
		return nil
	}
}

type builder struct{ proxy *httputil.ReverseProxy }

func (b *builder) onResponse(f func(*http.Response) error) *builder {
	b.proxy.ModifyResponse = f
	return b
}

func badSetter(p *httputil.ReverseProxy) {
	(&builder{p}).onResponse(func(resp *http.Response) error {
		resp.Body = &countingBody{resp.Body, &total} // want `loses-write`
		return nil
	})
}

func badLocal(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		var body io.ReadCloser = &countingBody{resp.Body, &total}
		if total.Load() > 1<<40 {
			body = &spanBody{body, ended}
		}
		resp.Body = body // want `loses-write`
		return nil
	}
}

func badPipe(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		pr, pw := io.Pipe()
		from := resp.Body
		go func() {
			_, err := io.Copy(pw, from)
			_ = from.Close()
			_ = pw.CloseWithError(err)
		}()
		resp.Body = pr // want `loses-write: .*\*io.PipeReader has no Write`
		return nil
	}
}

func badCaptured(p *httputil.ReverseProxy) {
	next := p.ModifyResponse
	p.ModifyResponse = func(resp *http.Response) (err error) {
		defer func() {
			if err == nil {
				resp.Body = &countingBody{resp.Body, &total} // want `loses-write`
			}
		}()
		if next != nil {
			return next(resp)
		}
		return nil
	}
}
