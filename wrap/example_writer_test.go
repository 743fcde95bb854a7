package wrap_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"

	"github.com/bodywrap/bodywrap/wrap"
)

// A middleware counts bytes, and loses none of the methods that the handler
// behind it may want: an upgrade still works.
func ExampleWriter() {
	var sent atomic.Int64
	counted := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			next.ServeHTTP(wrap.Writer(w, wrap.WriterHooks{
				Write: func(next io.Writer, p []byte) (int, error) {
					n, err := next.Write(p)
					sent.Add(int64(n))
					return n, err
				},
				ReadFrom: func(next io.ReaderFrom, r io.Reader) (int64, error) {
					n, err := next.ReadFrom(r)
					sent.Add(n)
					return n, err
				},
			}), r)
		})
	}
	fmt.Println(talk(counted(proxy), "ping"))

	w := httptest.NewRecorder()
	counted(http.NotFoundHandler()).ServeHTTP(w, httptest.NewRequest("GET", "/", nil))
	fmt.Println(w.Code, sent.Load())
	// Output:
	// 101 Switching Protocols: ping
	// 404 19
}

// An access log in the common log format has every request: the errors of the
// proxy itself, too, and upgrades at their end.
func ExampleExchanges() {
	var log strings.Builder // or a file
	handler := wrap.Exchanges(http.NotFoundHandler(), func(r *http.Request, x wrap.Exchange) {
		host, _, _ := net.SplitHostPort(r.RemoteAddr)
		fmt.Fprintf(&log, "%s - - [%s] \"%s %s %s\" %d %d\n", host, x.Start.Format("02/Jan/2006:15:04:05 -0700"),
			r.Method, r.URL.RequestURI(), r.Proto, x.Status, x.Written)
	})
	handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/x?y=1", nil))
	before, rest, _ := strings.Cut(log.String(), "[")
	_, after, _ := strings.Cut(rest, "]")
	fmt.Print(before, "[the time]", after)
	// Output: 192.0.2.1 - - [the time] "GET /x?y=1 HTTP/1.1" 404 19
}
