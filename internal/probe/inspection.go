package probe

import (
	"io"
	"net/http"
	"sync"
)

// An inspection records which methods the body of a 101 response has before and
// after it is wrapped. With that, explain says why a scenario failed. mu guards
// both records.
type inspection struct {
	mu      sync.Mutex
	was, is *methods // nil if not seen; was stays nil if a transport connects by itself
}

// methods tells which optional methods a body has.
type methods struct{ write, closeWrite bool }

func methodsOf(body io.ReadCloser) (m methods) {
	_, m.write = body.(io.Writer)
	_, m.closeWrite = body.(interface{ CloseWrite() error })
	return m
}

// note stores the methods of resp's body in to, which is a field of i, if resp
// is a 101.
func (i *inspection) note(to **methods, resp *http.Response) {
	if resp == nil || resp.Body == nil || resp.StatusCode != http.StatusSwitchingProtocols {
		return
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	m := methodsOf(resp.Body)
	*to = &m
}

// around returns modify with a look at the body before and after it.
func (i *inspection) around(modify func(*http.Response) error) func(*http.Response) error {
	return func(resp *http.Response) error {
		i.note(&i.was, resp)
		err := modify(resp)
		i.note(&i.is, resp)
		return err
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (rt roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return rt(req) }

// before returns base, the transport below the wrapper, with a look at its
// bodies.
func (i *inspection) before(base http.RoundTripper) http.RoundTripper {
	return roundTripper(func(req *http.Request) (*http.Response, error) {
		resp, err := base.RoundTrip(req)
		i.note(&i.was, resp)
		return resp, err
	})
}

// after returns wrapped with a look at its bodies.
func (i *inspection) after(wrapped http.RoundTripper) http.RoundTripper {
	return roundTripper(func(req *http.Request) (*http.Response, error) {
		resp, err := wrapped.RoundTrip(req)
		i.note(&i.is, resp)
		return resp, err
	})
}

// explain says why the result of s is bad, if the body's methods tell, or "".
func (i *inspection) explain(s Scenario, r Result) string {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.is == nil {
		return ""
	}
	was, is, who := methods{true, true}, *i.is, "the transport's body"
	if i.was != nil {
		was, who = *i.was, "the wrapper"
	}
	switch {
	case was.write && !is.write:
		return who + " has no Write"
	case r.Fault != Lost && r.Fault != Hang:
		return ""
	case s.finish == clientHalfCloses && was.closeWrite && !is.closeWrite:
		return who + " has no CloseWrite"
	case s.finish == clientHalfCloses && was.closeWrite, s.finish == clientCloses && r.Fault == Hang && is.closeWrite:
		return who + "'s CloseWrite does not reach the backend"
	case s.finish == clientHalfCloses, s.finish == backendHalfCloses:
		if !was.closeWrite {
			return "ReverseProxy up to Go 1.24 ends both directions at the first EOF"
		}
	}
	return ""
}
