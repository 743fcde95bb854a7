package wrap_test

import (
	"io"
	"net/http"
	"sync"
	"testing"

	"github.com/bodywrap/bodywrap/internal/testkit"
	"github.com/bodywrap/bodywrap/wrap"
)

// A lent is a body over a buffer that its owner wants back.
type lent struct {
	buf    []byte
	at     int
	reads  chan struct{} // receives one value in each Read
	closed chan struct{}
	once   sync.Once
}

func (l *lent) Read(p []byte) (int, error) {
	select {
	case l.reads <- struct{}{}:
	default:
	}
	n := copy(p, l.buf[l.at:])
	if l.at += n; l.at == len(l.buf) {
		l.at = 0 // it never ends
	}
	return n, nil
}

func (l *lent) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

// The buffer of a request's body is used again once Close has returned. The
// race detector finds a Read that is still on its way, for example if Done
// stands alone. (golang/go#81445, golang/go#71782)
func TestABufferIsFreeAfterCloseWaits(t *testing.T) {
	for _, proto := range []string{"HTTP/1.1", "HTTP/2.0"} {
		t.Run(proto, func(t *testing.T) {
			server := testkit.StartBackend(t, proto, func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.ReadFull(r.Body, make([]byte, 1))
				w.WriteHeader(http.StatusTeapot) // and does not read the rest
			})
			buf := make([]byte, 64<<10)
			for range 20 {
				body := &lent{buf: buf, reads: make(chan struct{}), closed: make(chan struct{})}
				req, err := http.NewRequest("POST", server.URL, body)
				if err != nil {
					t.Fatal(err)
				}
				free := make(chan bool, 1)
				wrap.Request(req, wrap.Done(func(wrap.Summary) { free <- true }), wrap.CloseWaits())
				resp, err := server.Client().Do(req)
				if err == nil { // the server may also have cut the connection
					resp.Body.Close()
				}
				receive(t, free, "the end of the body")
				for i := range buf {
					buf[i]++
				}
			}
		})
	}
}

// Close closes the original first, waits for its Read, and lets no other
// through.
func TestCloseWaitsForARead(t *testing.T) {
	reading, release := make(chan bool), make(chan bool)
	reads, finished := 0, false
	original := &funcs{
		read:  func(p []byte) (int, error) { reads++; reading <- true; <-release; finished = true; return 1, nil },
		close: func() error { close(release); return io.ErrClosedPipe },
	}
	body := wrap.Body(original.readOnly(), wrap.CloseWaits())
	returned := make(chan bool, 1)
	go func() {
		n, err := body.Read(make([]byte, 1))
		returned <- n == 1 && err == nil
	}()
	receive(t, reading, "Read")
	if err := body.Close(); err != io.ErrClosedPipe {
		t.Errorf("Close = %v, want the body's error", err)
	}
	if !finished {
		t.Error("Close returned before the Read")
	}
	if !receive(t, returned, "Read's return") {
		t.Error("the Read on its way did not return its byte")
	}
	if n, err := body.Read(make([]byte, 1)); n != 0 || err != http.ErrBodyReadAfterClose || reads != 1 {
		t.Errorf("Read after Close = %d, %v, and the body was read %d times", n, err, reads)
	}
}
