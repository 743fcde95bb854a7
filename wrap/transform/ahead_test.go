package transform_test

import (
	"bytes"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/bodywrap/bodywrap/wrap"
	"github.com/bodywrap/bodywrap/wrap/transform"
)

// ahead is a coding that changes nothing. Like zstd, it reads and writes in
// goroutines of its own.
var ahead = transform.NewCoding("ahead",
	func(r io.Reader) (*aheadReader, error) { a := new(aheadReader); return a, a.Reset(r) },
	func(w io.Writer) (*aheadWriter, error) { return &aheadWriter{w: w}, nil })

type aheadReader struct {
	parts      chan []byte // closed at the end of the stream
	rest       []byte      // of the last part
	stop, done chan struct{}
}

func (a *aheadReader) Reset(r io.Reader) error {
	if a.done != nil {
		close(a.stop)
		<-a.done
	}
	*a = aheadReader{make(chan []byte, 100), nil, make(chan struct{}), make(chan struct{})}
	go a.readAhead(r, a.done)
	return nil
}

func (a *aheadReader) readAhead(r io.Reader, done chan struct{}) {
	defer close(done)
	defer close(a.parts)
	for {
		part := make([]byte, 100)
		n, err := r.Read(part)
		if err != nil {
			return
		}
		select {
		case a.parts <- part[:n]:
		case <-a.stop:
			return
		}
	}
}

func (a *aheadReader) Read(p []byte) (int, error) {
	if len(a.rest) == 0 {
		var ok bool
		if a.rest, ok = <-a.parts; !ok {
			return 0, io.EOF
		}
	}
	n := copy(p, a.rest)
	a.rest = a.rest[n:]
	return n, nil
}

type aheadWriter struct {
	w       io.Writer
	written sync.WaitGroup
}

func (a *aheadWriter) Write(p []byte) (int, error) {
	a.written.Wait()
	a.written.Add(1)
	go a.write(bytes.Clone(p))
	return len(p), nil
}

func (a *aheadWriter) write(p []byte) {
	defer a.written.Done()
	for len(p) > 0 {
		n := min(len(p), 100)
		_, _ = a.w.Write(p[:n]) // memory cannot fail
		p = p[n:]
	}
}

func (a *aheadWriter) Close() error      { a.written.Wait(); return nil }
func (a *aheadWriter) Reset(w io.Writer) { a.written.Wait(); a.w = w }

// Encoders and decoders may work in goroutines, also when a body is closed in
// the middle.
func TestCodingsMayHaveGoroutines(t *testing.T) {
	text := strings.Repeat("hello ", 100_000)
	zip := transform.Compress(&transform.CompressOptions{Codings: []*transform.Coding{ahead}})
	for i := range 20 {
		resp := response(200, text, "Content-Type", "text/plain")
		resp.Request.Header.Set("Accept-Encoding", "ahead")
		wrap.Response(resp, transform.Decompress(ahead), zip)
		if i%2 == 0 {
			if _, err := io.ReadFull(resp.Body, make([]byte, 1000)); err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			continue
		}
		if got := content(t, resp); got != text {
			t.Errorf("%d bytes became %d", len(text), len(got))
		}
	}
}
