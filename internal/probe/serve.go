package probe

import (
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// A Front is a handler of this process, served on loopback.
type Front struct {
	URL *url.URL

	server   *http.Server
	served   chan struct{} // closed when the listener's loop has ended
	handlers sync.WaitGroup
}

// Serve serves h on loopback, over TLS if secure. If opened is not nil, it is
// called for each connection that a client opens.
func Serve(h http.Handler, secure bool, opened func()) (*Front, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	f := &Front{
		URL:    &url.URL{Scheme: "http", Host: ln.Addr().String(), Path: "/"},
		served: make(chan struct{}),
	}
	if secure {
		f.URL.Scheme = "https"
		ln = tls.NewListener(ln, ServerTLS())
	}
	f.server = &http.Server{
		ErrorLog: log.New(io.Discard, "", 0),
		ConnState: func(_ net.Conn, state http.ConnState) {
			if state == http.StateNew && opened != nil {
				opened()
			}
		},
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			f.handlers.Add(1)
			defer f.handlers.Done()
			h.ServeHTTP(w, r)
		}),
	}
	go f.serve(ln)
	return f, nil
}

func (f *Front) serve(ln net.Listener) {
	defer close(f.served)
	_ = f.server.Serve(ln) // returns an error after Close, always
}

// Close ends the server, and reports whether all handlers returned within
// limit. Close both ends of all tunnels before.
func (f *Front) Close(limit time.Duration) bool {
	_ = f.server.Close()
	<-f.served
	idle := make(chan struct{})
	go f.drain(idle)
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-idle:
		return true
	case <-timer.C:
		return false
	}
}

// drain closes idle once all handlers have returned.
func (f *Front) drain(idle chan<- struct{}) {
	f.handlers.Wait()
	close(idle)
}
