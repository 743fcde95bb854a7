package wraptest_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"go/build"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/bodywrap/bodywrap/internal/probe"
	"github.com/bodywrap/bodywrap/wrap/wraptest"
)

// halfCloses reports whether this Go's ReverseProxy forwards a half-close,
// which it does since 1.25.0.
var halfCloses = slices.Contains(build.Default.ReleaseTags, "go1.25")

// checksIn returns the names of the checks that found something over plain
// TCP, without the TCP/, and fails if TLS differs.
func checksIn(t *testing.T, err error) (names []string) {
	t.Helper()
	byConn := make(map[string][]string)
	for _, f := range findingsIn(t, err) {
		over := path.Dir(f.Check)
		byConn[over] = append(byConn[over], path.Base(f.Check))
	}
	if diff := cmp.Diff(byConn["TCP"], byConn["TLS"]); diff != "" {
		t.Errorf("findings over TCP and TLS differ (-TCP +TLS):\n%s", diff)
	}
	return byConn["TCP"]
}

type (
	onlyReadCloser  struct{ io.ReadCloser }
	readWriteCloser struct{ io.ReadWriteCloser }
	liesToClient    struct{ io.ReadWriteCloser }
	neverCloses     struct{ io.ReadCloser }
	garbles         struct{ io.ReadWriteCloser }
)

func (liesToClient) CloseWrite() error { return nil }
func (neverCloses) Close() error       { return nil }

func (g garbles) Read(p []byte) (int, error) {
	n, err := g.ReadWriteCloser.Read(p)
	if n > 0 {
		p[0] ^= 1
	}
	return n, err
}

func (g garbles) CloseWrite() error {
	if cw, ok := g.ReadWriteCloser.(interface{ CloseWrite() error }); ok {
		return cw.CloseWrite()
	}
	return http.ErrNotSupported
}

// ofUpgraded wraps upgraded bodies alone.
func ofUpgraded(wrapper func(io.ReadWriteCloser) io.ReadCloser) func(*http.Response) error {
	return func(resp *http.Response) error {
		if body, ok := resp.Body.(io.ReadWriteCloser); ok && resp.StatusCode == http.StatusSwitchingProtocols {
			resp.Body = wrapper(body)
		}
		return nil
	}
}

// ofOrdinary changes ordinary responses alone.
func ofOrdinary(change func(*http.Response)) func(*http.Response) error {
	return func(resp *http.Response) error {
		if resp.StatusCode != http.StatusSwitchingProtocols {
			change(resp)
		}
		return nil
	}
}

func TestEachWrongModifyResponseIsCaught(t *testing.T) {
	t.Parallel()
	// since125 is what is found where ReverseProxy forwards half-closes.
	since125 := func(checks ...string) []string {
		if halfCloses {
			return checks
		}
		return nil
	}
	upgrades := []string{"echo", "client half-closes", "client closes", "client resets", "backend half-closes", "backend closes",
		"backend resets", "early answer bytes", "client vanishes", "backend vanishes", "backend ignores EOF"}
	if !halfCloses {
		upgrades = slices.DeleteFunc(upgrades, func(s string) bool { return strings.HasSuffix(s, "half-closes") })
	}
	tests := []struct {
		name   string
		modify func(*http.Response) error
		want   []string
		says   string // in the first finding
		waits  bool   // the checks in want wait in vain
	}{
		{
			// golang/go#46965, and every struct that embeds
			// io.ReadCloser
			"loses Write", ofUpgraded(func(b io.ReadWriteCloser) io.ReadCloser { return onlyReadCloser{b} }),
			upgrades, "the client was answered 502 Bad Gateway: the wrapper has no Write", false,
		},
		{
			// golang/go#72140
			"loses CloseWrite", ofUpgraded(func(b io.ReadWriteCloser) io.ReadCloser { return readWriteCloser{b} }),
			since125("client half-closes"), "0 of 65536 bytes of the backend's last answer arrived: the wrapper has no CloseWrite", false,
		},
		{
			"lies about CloseWrite", ofUpgraded(func(b io.ReadWriteCloser) io.ReadCloser { return liesToClient{b} }),
			since125("client half-closes", "client closes", "backend ignores EOF"), "the wrapper's CloseWrite does not reach the backend", true,
		},
		{
			"changes what is read", ofUpgraded(func(b io.ReadWriteCloser) io.ReadCloser { return garbles{b} }),
			slices.DeleteFunc([]string{"echo", "client half-closes", "backend closes", "backend resets", "early answer bytes", "client vanishes"},
				func(s string) bool { return !halfCloses && s == "client half-closes" }),
			"is not the one that was sent", false,
		},
		{
			"shortens a sized response", ofOrdinary(func(resp *http.Response) {
				resp.Body = struct {
					io.Reader
					io.Closer
				}{io.LimitReader(resp.Body, 32<<10), resp.Body}
			}),
			[]string{"sized", "chunked", "trailers"}, "32768 of 40960 bytes", false,
		},
		{
			"forgets the ETag", ofOrdinary(func(resp *http.Response) { resp.Header.Del("ETag") }),
			[]string{"304"}, "ETag", false,
		},
		{
			"forgets the coding", ofOrdinary(func(resp *http.Response) { resp.Header.Del("Content-Encoding") }),
			[]string{"gzip"}, "Content-Encoding", false,
		},
		{
			"forgets the length of HEAD", ofOrdinary(func(resp *http.Response) {
				if resp.Request.Method == "HEAD" {
					resp.Header.Del("Content-Length")
				}
			}),
			[]string{"HEAD"}, "a length of -1, not 40960", false,
		},
		{
			"collects the whole", ofOrdinary(func(resp *http.Response) {
				whole, _ := io.ReadAll(resp.Body) // the length tells the client if it is short
				_ = resp.Body.Close()
				resp.Body = io.NopCloser(bytes.NewReader(whole))
			}),
			[]string{"early close"}, "nothing of it came to the client", true,
		},
		{
			"turns 204 into 200", ofOrdinary(func(resp *http.Response) {
				if resp.StatusCode == http.StatusNoContent {
					resp.StatusCode = http.StatusOK
				}
			}),
			[]string{"204"}, "the client got 200", false,
		},
		{
			"turns 403 into 200", ofOrdinary(func(resp *http.Response) {
				if resp.StatusCode == http.StatusForbidden {
					resp.StatusCode = http.StatusOK
				}
			}),
			[]string{"refused with 403"}, "the client got 200 OK", false,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var waits []string
			if tt.waits {
				waits = tt.want
			}
			err := wraptest.WaitsInVain(patient, untold, waits...).CheckModifyResponse(tt.modify)
			if diff := cmp.Diff(tt.want, checksIn(t, err)); diff != "" {
				t.Errorf("checks that find something (-want +got):\n%s\n%v", diff, err)
			}
			if all := findingsIn(t, err); len(tt.want) > 0 && (len(all) == 0 || !strings.Contains(all[0].Text, tt.says)) {
				t.Errorf("findings %v, want the first to say %q", all, tt.says)
			}
		})
	}
}

// untold is how long a check waits for what a wrong wrapper does not pass on.
const untold = 3 * time.Second

type transportFunc func(*http.Request) (*http.Response, error)

func (f transportFunc) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

func TestEachWrongTransportIsCaught(t *testing.T) {
	t.Parallel()
	plain := func(req *http.Request) bool { return req.Header.Get("Upgrade") == "" }
	tests := []struct {
		name string
		wrap func(base http.RoundTripper, req *http.Request) (*http.Response, error)
		want []string
		says string
		// waits is true if the checks in want wait in vain.
		waits bool
	}{
		{
			"opens a connection for each request",
			func(base http.RoundTripper, req *http.Request) (*http.Response, error) {
				if plain(req) {
					req = req.Clone(req.Context())
					req.Close = true
				}
				return base.RoundTrip(req)
			},
			[]string{"reuse"}, "4 requests in a row took 4 connections", false,
		},
		{
			"copies the response without its trailers",
			func(base http.RoundTripper, req *http.Request) (*http.Response, error) {
				resp, err := base.RoundTrip(req)
				if err == nil && plain(req) {
					copied := *resp
					copied.Trailer = nil
					resp = &copied
				}
				return resp, err
			},
			[]string{"trailers"}, `the trailer Sum "", not "42"`, false,
		},
		{
			"neither closes nor cancels",
			func(base http.RoundTripper, req *http.Request) (*http.Response, error) {
				if !plain(req) {
					return base.RoundTrip(req)
				}
				resp, err := base.RoundTrip(req.WithContext(context.WithoutCancel(req.Context())))
				if err == nil {
					resp.Body = neverCloses{resp.Body}
				}
				return resp, err
			},
			[]string{"early close", "gives up"}, "the backend was not told", true,
		},
		{
			"asks for gzip and unpacks",
			func(base http.RoundTripper, req *http.Request) (*http.Response, error) {
				if plain(req) {
					req = req.Clone(req.Context())
					req.Header.Del("Accept-Encoding")
				}
				return base.RoundTrip(req)
			},
			[]string{"gzip"}, "40960 of", false,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var waits []string
			if tt.waits {
				waits = tt.want
			}
			err := wraptest.WaitsInVain(patient, untold, waits...).CheckTransport(func(base http.RoundTripper) http.RoundTripper {
				return transportFunc(func(req *http.Request) (*http.Response, error) { return tt.wrap(base, req) })
			})
			if diff := cmp.Diff(tt.want, checksIn(t, err)); diff != "" {
				t.Errorf("checks that find something (-want +got):\n%s\n%v", diff, err)
			}
			if all := findingsIn(t, err); len(all) == 0 || !strings.Contains(all[0].Text, tt.says) {
				t.Errorf("findings %v, want the first to say %q", all, tt.says)
			}
		})
	}
}

// The body of an http.Client with a Timeout loses Write in this way.
func TestTransportThatLosesWriteIsCaught(t *testing.T) {
	t.Parallel()
	all := findingsIn(t, wraptest.CheckTransport(func(base http.RoundTripper) http.RoundTripper {
		return transportFunc(func(req *http.Request) (*http.Response, error) {
			resp, err := base.RoundTrip(req)
			if err == nil && resp.StatusCode == http.StatusSwitchingProtocols {
				resp.Body = onlyReadCloser{resp.Body}
			}
			return resp, err
		})
	}, patient))
	if len(all) == 0 || all[0].Check != "TCP/echo" || !strings.Contains(all[0].Text, "the wrapper has no Write") {
		t.Errorf("findings %v, want first that upgrades are answered 502", all)
	}
}

// imroc/req connects in this way, by a transport of its own. The kit then does
// not see the body of net/http, and cannot say which methods were lost.
func TestTransportThatConnectsByItselfIsCaught(t *testing.T) {
	t.Parallel()
	own := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	defer own.CloseIdleConnections()
	all := findingsIn(t, wraptest.CheckTransport(func(http.RoundTripper) http.RoundTripper {
		return transportFunc(func(req *http.Request) (*http.Response, error) {
			resp, err := own.RoundTrip(req)
			if err == nil && resp.StatusCode == http.StatusSwitchingProtocols {
				resp.Body = struct{ io.ReadWriteCloser }{resp.Body.(io.ReadWriteCloser)}
			}
			return resp, err
		})
	}, patient))
	if !halfCloses { // nothing is lost that ReverseProxy would keep
		if len(all) != 0 {
			t.Errorf("findings %v, want none", all)
		}
		return
	}
	if len(all) == 0 || all[0].Check != "TCP/client half-closes" || !strings.Contains(all[0].Text, "the transport's body has no CloseWrite") {
		t.Errorf("findings %v, want first that the transport's body has no CloseWrite", all)
	}
}

// The kit calls the wrapper from one goroutine at a time: with -race, this test
// fails if two calls of the wrapper overlap.
func TestRightTransportPasses(t *testing.T) {
	t.Parallel()
	wrapped := 0
	wraptest.Transport(t, func(base http.RoundTripper) http.RoundTripper {
		wrapped++
		return transportFunc(base.RoundTrip)
	}, patient)
	if want := 4; wrapped != want {
		t.Errorf("the wrapper is called %d times, want %d: for upgrades and for ordinary requests, over TCP and TLS", wrapped, want)
	}
}

func reverseProxy(backend *url.URL) *httputil.ReverseProxy {
	return &httputil.ReverseProxy{
		Rewrite:  func(r *httputil.ProxyRequest) { r.SetURL(backend) },
		ErrorLog: log.New(io.Discard, "", 0),
	}
}

// These are the faults of ReverseProxy itself. It loses early bytes
// (golang/go#80875), and an answer to an upload that the backend no longer
// reads. Whether it leaks a connection is up to the garbage collector.
var reverseProxyLacks = []string{"early request bytes", "backend refuses upload", "wrong token", "unasked 101"}

func TestReverseProxyPassesButForWhatItLacks(t *testing.T) {
	t.Parallel()
	skip := slices.Clone(reverseProxyLacks)
	if !halfCloses {
		skip = append(skip, "client half-closes", "backend half-closes")
	}
	wraptest.Proxy(t, func(backend *url.URL) http.Handler { return reverseProxy(backend) }, wraptest.Options{Timeout: patient.Timeout, Skip: skip})
}

func TestReverseProxyLosesEarlyBytesAndEarlyAnswers(t *testing.T) {
	t.Parallel()
	all := findingsIn(t, wraptest.CheckProxy(func(backend *url.URL) http.Handler { return reverseProxy(backend) },
		wraptest.Options{Timeout: patient.Timeout, Skip: []string{"wrong token", "unasked 101"}}))
	want := []string{"TCP/early request bytes", "TCP/backend refuses upload"}
	if !halfCloses {
		want = append([]string{"TCP/client half-closes", "TCP/backend half-closes"}, want...)
	}
	var got []string
	texts := make(map[string]string)
	for _, f := range all {
		got = append(got, f.Check)
		texts[f.Check] = f.Text
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("checks that find something (-want +got):\n%s\n%v", diff, all)
	}
	for check, says := range map[string]string{
		"TCP/early request bytes":    "7 of 1007 bytes",
		"TCP/backend refuses upload": "of 300000 bytes of the answer arrived",
	} {
		if !strings.Contains(texts[check], says) {
			t.Errorf("%s: finding %q, want that %s", check, texts[check], says)
		}
	}
}

func TestProxyThatReachesNobodyIsCaught(t *testing.T) {
	all := findingsIn(t, wraptest.CheckProxy(func(*url.URL) http.Handler { return http.NotFoundHandler() }, patient))
	for _, f := range all {
		if strings.HasPrefix(f.Check, "TCP/client") && !strings.Contains(f.Text, "answered 404 Not Found by itself and did not connect to the backend") {
			t.Errorf("finding %v, want that the backend was not reached", f)
		}
	}
	if len(all) < 16 {
		t.Errorf("%d findings, want one for each scenario", len(all))
	}
}

func TestProxyThatBuffersIsCaught(t *testing.T) {
	t.Parallel()
	err := wraptest.CheckProxy(func(backend *url.URL) http.Handler {
		rp := reverseProxy(backend)
		rp.ModifyResponse = func(resp *http.Response) error {
			if resp.StatusCode == http.StatusSwitchingProtocols || resp.Request.Method == "HEAD" || resp.ContentLength >= 0 {
				return nil
			}
			var b bytes.Buffer
			_, err := io.CopyN(&b, resp.Body, 1<<20)
			if err == nil {
				return fmt.Errorf("too long")
			}
			resp.Body = io.NopCloser(&b)
			return nil
		}
		return rp
	}, wraptest.Options{Timeout: patient.Timeout, Skip: append(slices.Clone(reverseProxyLacks), "client half-closes", "backend half-closes")})
	all := findingsIn(t, err)
	if len(all) != 1 || all[0].Check != "TCP/early close" {
		t.Errorf("findings %v, want one, of the endless response", all)
	}
}

// The proxy of this test learns that the client has gone only when a Write
// fails. That is enough while the backend goes on answering, even if the
// buffers on the way have room for 4 MiB. It is not enough before the backend
// answers.
func TestProxyThatLearnsOnlyFromWritesIsCaughtBeforeTheAnswer(t *testing.T) {
	t.Parallel()
	const (
		most  = 64 << 10 // more than any answer but the endless one
		ahead = 4 << 20  // what buffers may have room for
	)
	o := patient
	o.Skip = append(tunnels(), "trailers")
	err := wraptest.WaitsInVain(o, untold, "gives up").CheckProxy(func(backend *url.URL) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			out := r.Clone(context.WithoutCancel(r.Context()))
			out.URL.Scheme, out.URL.Host, out.RequestURI = backend.Scheme, backend.Host, ""
			resp, err := http.DefaultTransport.RoundTrip(out)
			if err != nil {
				http.Error(w, "no backend", http.StatusBadGateway)
				return
			}
			defer resp.Body.Close()
			for name, values := range resp.Header {
				w.Header()[name] = values
			}
			w.WriteHeader(resp.StatusCode)
			first := make([]byte, most)
			n, err := io.ReadFull(resp.Body, first)
			_, _ = w.Write(first[:n]) // the client may have gone within it
			if err != nil {
				return // that was the whole body
			}
			<-r.Context().Done() // the client has gone
			if _, err := io.CopyN(io.Discard, resp.Body, ahead); err == nil {
				_, _ = io.Copy(w, resp.Body) // until a Write fails
			}
		})
	})
	all := findingsIn(t, err)
	if len(all) != 1 || all[0].Check != "TCP/gives up" || !strings.Contains(all[0].Text, "the backend was not told") {
		t.Errorf("findings %v, want one, that the backend was not told before it had answered", all)
	}
}

// tunnels are the checks of upgrades.
func tunnels() []string {
	names := []string{"end"}
	for _, s := range probe.All() {
		names = append(names, s.Name)
	}
	return names
}

// hidesClientCloseWrite wraps the hijacked connection of the client, as Caddy
// does for access logs and metrics.
type hidesClientCloseWrite struct{ http.ResponseWriter }

func (w hidesClientCloseWrite) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, brw, err := http.NewResponseController(w.ResponseWriter).Hijack()
	return struct{ net.Conn }{conn}, brw, err
}

// endsAtFirstEOF is a typical hand-written tunnel: it makes two copies, and the
// first copy that ends closes both connections.
func endsAtFirstEOF(w http.ResponseWriter, r *http.Request, backend *url.URL) {
	out, err := net.Dial("tcp", backend.Host)
	if err != nil {
		http.Error(w, "no backend", http.StatusBadGateway)
		return
	}
	defer out.Close()
	in, brw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer in.Close()
	if err := r.Write(out); err != nil { // with its Upgrade header
		return
	}
	ended := make(chan error, 2)
	stream := func(dst io.Writer, src io.Reader) {
		_, err := io.Copy(dst, src)
		ended <- err
	}
	go stream(out, brw)
	go stream(in, out)
	<-ended
}

func TestEachWrongProxyIsCaught(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		proxy func(*url.URL) http.Handler
		want  []string
		why   string
	}{
		{
			"ends at the first EOF", func(backend *url.URL) http.Handler {
				rp := reverseProxy(backend)
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if r.Header.Get("Upgrade") == "" {
						rp.ServeHTTP(w, r)
						return
					}
					endsAtFirstEOF(w, r, backend)
				})
			},
			[]string{"client half-closes", "backend half-closes"}, "as Kubernetes' UpgradeAwareHandler and goproxy do",
		},
		{
			"hides the client's CloseWrite", func(backend *url.URL) http.Handler {
				rp := reverseProxy(backend)
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					rp.ServeHTTP(hidesClientCloseWrite{w}, r)
				})
			},
			[]string{"backend half-closes"}, "ReverseProxy finds no CloseWrite to tell the client with",
		},
		{
			"panics", func(backend *url.URL) http.Handler {
				rp := reverseProxy(backend)
				return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if r.Method == "HEAD" {
						panic(http.ErrAbortHandler)
					}
					rp.ServeHTTP(w, r)
				})
			},
			[]string{"HEAD"}, "the client gets no answer",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o := patient
			o.Skip = reverseProxyLacks
			var got []string
			all := findingsIn(t, wraptest.CheckProxy(tt.proxy, o))
			for _, f := range all {
				got = append(got, path.Base(f.Check))
			}
			want := tt.want
			if !halfCloses && tt.name != "ends at the first EOF" { // ReverseProxy loses both by itself
				want = append([]string{"client half-closes", "backend half-closes"}, slices.DeleteFunc(slices.Clone(want),
					func(s string) bool { return s == "backend half-closes" })...)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("checks that find something (-want +got): %s\n%s\n%v", tt.why, diff, all)
			}
		})
	}
}
