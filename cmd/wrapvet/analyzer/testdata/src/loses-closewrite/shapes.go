package losesclosewrite

import (
	"io"
	"net/http"
	"net/http/httputil"
	"sync/atomic"
)

// Shapes are the ways to treat a body here; each sets up a proxy. What is reported begins with "bad".
var Shapes = map[string]func(*httputil.ReverseProxy){
	"badEmbedded":        badEmbedded,
	"badByValue":         badByValue,
	"badAnonymous":       badAnonymous,
	"badConstructor":     badConstructor,
	"badExplicit":        badExplicit,
	"badTransport":       badTransport,
	"badTypeSwitch":      badTypeSwitch,
	"badTwice":           badTwice,
	"badGeneric":         badGeneric,
	"goodEmbedded":       goodEmbedded,
	"goodForwarding":     goodForwarding,
	"goodConstructor":    goodConstructor,
	"goodAnonymous":      goodAnonymous,
	"goodLeftAlone":      goodLeftAlone,
	"goodTransport":      goodTransport,
	"goodOnlyOrdinary":   goodOnlyOrdinary,
	"goodGenericKeeping": goodGenericKeeping,
}

var total atomic.Int64

type closeWriter interface{ CloseWrite() error }

type upgraded interface {
	io.ReadWriteCloser
	closeWriter
}

// readOnly is for ordinary responses.
type readOnly struct{ io.ReadCloser }

// duplex is what most tracing transports make of an upgraded body.
type duplex struct{ io.ReadWriteCloser }

func (d *duplex) Write(p []byte) (int, error) {
	n, err := d.ReadWriteCloser.Write(p)
	total.Add(int64(n))
	return n, err
}

func badEmbedded(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if rwc, ok := resp.Body.(io.ReadWriteCloser); ok {
			resp.Body = &duplex{rwc} // want `loses-closewrite: the new Body has no CloseWrite: .*\(\*duplex has none\)`
		} else {
			resp.Body = &readOnly{resp.Body}
		}
		return nil
	}
}

type tracked struct {
	io.ReadWriteCloser
	name string
}

func badByValue(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if rwc, ok := resp.Body.(io.ReadWriteCloser); ok {
			resp.Body = tracked{rwc, "backend"} // want `loses-closewrite`
		}
		return nil
	}
}

func badAnonymous(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if w, ok := resp.Body.(io.Writer); ok {
			resp.Body = struct { // want `loses-closewrite: .*this struct has none`
				io.Reader
				io.Writer
				io.Closer
			}{resp.Body, w, resp.Body}
		}
		return nil
	}
}

// observed has Write whether the original has or not.
type observed struct{ body io.ReadCloser }

func (o *observed) Read(p []byte) (int, error) { return o.body.Read(p) }
func (o *observed) Close() error               { return o.body.Close() }
func (o *observed) Write(p []byte) (int, error) {
	return o.body.(io.Writer).Write(p)
}

func newObserved(body io.ReadCloser) io.ReadCloser {
	if _, ok := body.(io.ReadWriteCloser); ok {
		return &observed{body}
	}
	return struct{ io.ReadCloser }{&observed{body}}
}

func badConstructor(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		resp.Body = newObserved(resp.Body) // want `loses-closewrite: .*\*observed has none`
		return nil
	}
}

func badExplicit(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if resp.StatusCode == http.StatusSwitchingProtocols {
			resp.Body = &duplex{resp.Body.(io.ReadWriteCloser)} // want `loses-closewrite`
		}
		return nil
	}
}

type tracing struct{ base http.RoundTripper }

func (t *tracing) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := t.base.RoundTrip(req)
	if err != nil {
		return resp, err
	}
	resp.Body = newObserved(resp.Body) // want `loses-closewrite`
	return resp, nil
}

func transportOf(p *httputil.ReverseProxy) http.RoundTripper {
	if p.Transport != nil {
		return p.Transport
	}
	return http.DefaultTransport
}

func badTransport(p *httputil.ReverseProxy) { p.Transport = &tracing{transportOf(p)} }

func badTypeSwitch(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		switch body := resp.Body.(type) {
		case io.ReadWriteCloser:
			resp.Body = &duplex{body} // want `loses-closewrite`
		default:
			resp.Body = readOnly{body}
		}
		return nil
	}
}

// Both of a chain are reported: repairing the last would not bring anything back.
func badTwice(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		resp.Body = newObserved(resp.Body) // want `loses-closewrite`
		resp.Body = newObserved(resp.Body) // want `loses-closewrite`
		return nil
	}
}

type box[T io.ReadWriteCloser] struct{ inner T }

func (b *box[T]) Read(p []byte) (int, error)  { return b.inner.Read(p) }
func (b *box[T]) Write(p []byte) (int, error) { return b.inner.Write(p) }
func (b *box[T]) Close() error                { return b.inner.Close() }

func badGeneric(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if rwc, ok := resp.Body.(io.ReadWriteCloser); ok {
			resp.Body = &box[io.ReadWriteCloser]{rwc} // want `loses-closewrite`
		}
		return nil
	}
}

// whole has everything.
type whole struct{ upgraded }

func goodEmbedded(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if up, ok := resp.Body.(upgraded); ok {
			resp.Body = whole{up}
		} else {
			resp.Body = readOnly{resp.Body}
		}
		return nil
	}
}

// forwarding finds CloseWrite when it is asked for.
type forwarding struct{ io.ReadWriteCloser }

func (f *forwarding) CloseWrite() error {
	if cw, ok := f.ReadWriteCloser.(closeWriter); ok {
		return cw.CloseWrite()
	}
	return http.ErrNotSupported
}

func goodForwarding(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if rwc, ok := resp.Body.(io.ReadWriteCloser); ok {
			resp.Body = &forwarding{rwc}
		}
		return nil
	}
}

func newKeeping(body io.ReadCloser) io.ReadCloser {
	rwc, canWrite := body.(io.ReadWriteCloser)
	_, canCloseWrite := body.(closeWriter)
	switch {
	case canWrite && canCloseWrite:
		return &forwarding{rwc}
	case canWrite:
		return &duplex{rwc}
	}
	return &readOnly{body}
}

func goodConstructor(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		resp.Body = newKeeping(resp.Body)
		return nil
	}
}

func goodAnonymous(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		up, ok := resp.Body.(upgraded)
		if !ok {
			return nil
		}
		resp.Body = struct {
			io.ReadWriteCloser
			closeWriter
		}{up, up}
		return nil
	}
}

func goodLeftAlone(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if _, ok := resp.Body.(closeWriter); ok {
			return nil
		}
		if rwc, ok := resp.Body.(io.ReadWriteCloser); ok {
			resp.Body = &duplex{rwc}
		}
		return nil
	}
}

type keepingTransport struct{ base http.RoundTripper }

func (t *keepingTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := t.base.RoundTrip(req)
	if err == nil {
		resp.Body = newKeeping(resp.Body)
	}
	return resp, err
}

func goodTransport(p *httputil.ReverseProxy) { p.Transport = &keepingTransport{transportOf(p)} }

func goodOnlyOrdinary(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if resp.StatusCode >= 200 {
			resp.Body = struct {
				io.Reader
				io.Writer
				io.Closer
			}{resp.Body, io.Discard, resp.Body}
		}
		return nil
	}
}

type keepingBox[T upgraded] struct{ inner T }

func (b *keepingBox[T]) Read(p []byte) (int, error)  { return b.inner.Read(p) }
func (b *keepingBox[T]) Write(p []byte) (int, error) { return b.inner.Write(p) }
func (b *keepingBox[T]) Close() error                { return b.inner.Close() }
func (b *keepingBox[T]) CloseWrite() error           { return b.inner.CloseWrite() }

func goodGenericKeeping(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if up, ok := resp.Body.(upgraded); ok {
			resp.Body = &keepingBox[upgraded]{up}
		}
		return nil
	}
}
