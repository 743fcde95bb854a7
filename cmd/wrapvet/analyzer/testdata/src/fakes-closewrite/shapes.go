package fakesclosewrite

import (
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"sync"
)

// Shapes are the ways to treat a body here; each sets up a proxy. What is reported begins with "bad".
var Shapes = map[string]func(*httputil.ReverseProxy){
	"badNothing":   with(func(b io.ReadWriteCloser) io.ReadCloser { return &nothing{b} }),
	"badFlag":      with(func(b io.ReadWriteCloser) io.ReadCloser { return &flag{ReadWriteCloser: b} }),
	"badLog":       with(func(b io.ReadWriteCloser) io.ReadCloser { return &logging{b} }),
	"badWrongName": with(func(b io.ReadWriteCloser) io.ReadCloser { return &wrongName{b} }),
	"badFlush":     with(func(b io.ReadWriteCloser) io.ReadCloser { return &flushing{b} }),
	"badLocked":    with(func(b io.ReadWriteCloser) io.ReadCloser { return &locked{ReadWriteCloser: b} }),
	"goodForward":  with(func(b io.ReadWriteCloser) io.ReadCloser { return &forward{b} }),
	"goodOnce":     with(func(b io.ReadWriteCloser) io.ReadCloser { return &once{ReadWriteCloser: b} }),
	"goodHelper":   with(func(b io.ReadWriteCloser) io.ReadCloser { return &helped{b} }),
	"goodCallback": with(func(b io.ReadWriteCloser) io.ReadCloser { return &callback{b, b.(closeWriter).CloseWrite} }),
	"goodDeferred": with(func(b io.ReadWriteCloser) io.ReadCloser { return &deferred{b} }),
	"goodTyped":    with(func(b io.ReadWriteCloser) io.ReadCloser { return &typed{b.(upgraded)} }),
	"goodInner":    with(func(b io.ReadWriteCloser) io.ReadCloser { return &outer{b, &forward{b}} }),
}

func with(wrap func(io.ReadWriteCloser) io.ReadCloser) func(*httputil.ReverseProxy) {
	return func(p *httputil.ReverseProxy) {
		p.ModifyResponse = func(resp *http.Response) error {
			if rwc, ok := resp.Body.(io.ReadWriteCloser); ok {
				resp.Body = wrap(rwc)
			}
			return nil
		}
	}
}

type closeWriter interface{ CloseWrite() error }

type upgraded interface {
	io.ReadWriteCloser
	closeWriter
}

type nothing struct{ io.ReadWriteCloser }

func (*nothing) CloseWrite() error { return nil } // want `fakes-closewrite: this CloseWrite does not reach the original's`

type flag struct {
	io.ReadWriteCloser
	done bool
}

func (f *flag) CloseWrite() error { // want `fakes-closewrite`
	f.done = true
	return nil
}

type logging struct{ io.ReadWriteCloser }

func (l *logging) CloseWrite() error { // want `fakes-closewrite`
	log.Print("client is done")
	return nil
}

// finish is no half-close that net/http's body knows.
type finisher interface{ Finish() error }

type wrongName struct{ io.ReadWriteCloser }

func (w *wrongName) CloseWrite() error { // want `fakes-closewrite`
	if f, ok := w.ReadWriteCloser.(finisher); ok {
		return f.Finish()
	}
	return nil
}

type flushing struct{ io.ReadWriteCloser }

func (f *flushing) CloseWrite() error { // want `fakes-closewrite`
	_, err := f.Write(nil)
	return err
}

type locked struct {
	io.ReadWriteCloser
	mu   sync.Mutex
	half bool
}

func (l *locked) CloseWrite() error { // want `fakes-closewrite`
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.half {
		return errors.New("already closed")
	}
	l.half = true
	return nil
}

type forward struct{ io.ReadWriteCloser }

func (f *forward) CloseWrite() error {
	if cw, ok := f.ReadWriteCloser.(closeWriter); ok {
		return cw.CloseWrite()
	}
	return nil
}

type once struct {
	io.ReadWriteCloser
	once sync.Once
	err  error
}

func (o *once) CloseWrite() error {
	o.once.Do(func() {
		if cw, ok := o.ReadWriteCloser.(closeWriter); ok {
			o.err = cw.CloseWrite()
		}
	})
	return o.err
}

type helped struct{ io.ReadWriteCloser }

func (h *helped) CloseWrite() error { return halfClose(h.ReadWriteCloser) }

func halfClose(v any) error {
	cw, ok := v.(interface{ CloseWrite() error })
	if !ok {
		return nil
	}
	return cw.CloseWrite()
}

type callback struct {
	io.ReadWriteCloser
	halfClose func() error
}

func (c *callback) CloseWrite() error { return c.halfClose() }

type deferred struct{ io.ReadWriteCloser }

func (d *deferred) CloseWrite() (err error) {
	defer func() { err = halfClose(d.ReadWriteCloser) }()
	return nil
}

type typed struct{ upgraded }

func (t *typed) CloseWrite() error {
	err := t.upgraded.CloseWrite()
	log.Print("half-closed")
	return err
}

type outer struct {
	io.ReadWriteCloser
	inner *forward
}

func (o *outer) CloseWrite() error { return o.inner.CloseWrite() }

// unsupported says so.
type unsupported struct{ io.ReadWriteCloser }

func (unsupported) CloseWrite() error { return http.ErrNotSupported }

// ended closes everything: the backend is told, if more than was asked.
type ended struct{ io.ReadWriteCloser }

func (e *ended) CloseWrite() error { return e.Close() }

// together is read and half-closed through the same field, which is looked at for itself.
type together struct {
	*pipe
	shown io.ReadCloser
}

// pipe is no wrapper: there is nobody to tell.
type pipe struct{ buf []byte }

func (p *pipe) Read(b []byte) (int, error)  { return copy(b, p.buf), io.EOF }
func (p *pipe) Write(b []byte) (int, error) { p.buf = append(p.buf, b...); return len(b), nil }
func (p *pipe) Close() error                { return nil }
func (p *pipe) CloseWrite() error           { return nil }

// signaled has another goroutine do it.
type signaled struct {
	io.ReadWriteCloser
	done chan struct{}
}

func (s *signaled) CloseWrite() error {
	close(s.done)
	return nil
}
