package wrap_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"strconv"
	"strings"
	"testing"

	"github.com/bodywrap/bodywrap/internal/testkit"
	"github.com/bodywrap/bodywrap/wrap"
	"github.com/google/go-cmp/cmp"
)

// These tests send whole messages through a real ReverseProxy and a real
// http.Client, to backends that speak HTTP/1.1 and HTTP/2.

var (
	hello       = strings.Repeat("hello ", 10_000)
	helloZipped = string(gzipped(hello))
)

// serveMessages answers each path with a response of another kind.
func serveMessages(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "text/plain")
	h.Set("ETag", `"tag"`)
	h.Set("Digest", "sha-256=AAAA")
	h.Set("Content-Digest", "sha-256=:AAAA:")
	h.Set("Repr-Digest", "sha-256=:AAAA:")
	h.Set("Content-MD5", "AAAA")
	h.Set("Accept-Ranges", "bytes")
	h.Set("X-Kept", "yes")
	body, status := hello, 200
	switch r.URL.Path {
	case "/sized":
		h.Set("Content-Length", strconv.Itoa(len(body)))
	case "/chunked": // it is long, and says nothing of its length
	case "/trailers":
		h.Set("Trailer", "X-Checked, Content-Digest")
		defer h.Set("X-Checked", "yes")
		defer h.Set("Content-Digest", "sha-256=:BBBB:")
		defer h.Set(http.TrailerPrefix+"Repr-Digest", "sha-256=:BBBB:")
	case "/gzip":
		h.Set("Content-Encoding", "gzip")
		h.Set("Content-Length", strconv.Itoa(len(helloZipped)))
		body = helloZipped
	case "/empty":
		h.Set("Content-Length", "0")
		body = ""
	case "/204":
		status, body = 204, ""
	case "/304":
		status, body = 304, ""
	case "/206":
		h.Set("Content-Range", "bytes 0-4/60000")
		h.Set("Content-Length", "5")
		status, body = 206, "hello"
	}
	w.WriteHeader(status)
	if r.Method != "HEAD" {
		_, _ = io.WriteString(w, body) // the client would complain
	}
}

// asChanged returns m as the client must see it after its bytes are changed to
// body.
func asChanged(m testkit.Message, body string) testkit.Message {
	m.Header = maps.Clone(m.Header)
	for _, field := range []string{"Content-Length", "Content-Md5", "Digest", "Content-Digest", "Repr-Digest", "Accept-Ranges"} {
		delete(m.Header, field)
	}
	m.Header.Set("Etag", `W/"tag"`)
	m.ContentLength = -1
	m.Body = body
	if m.Trailer != nil {
		m.Trailer = http.Header{"X-Checked": {"yes"}}
	}
	return m
}

// without returns m with one header field less.
func without(m testkit.Message, field string) testkit.Message {
	m.Header = maps.Clone(m.Header)
	delete(m.Header, field)
	return m
}

func TestWholeMessages(t *testing.T) {
	upperTransform := wrap.TransformRead(func(r io.Reader) (io.Reader, error) {
		return readFunc(func(p []byte) (int, error) { return upperRead(r, p) }), nil
	})
	watching := func(*http.Response) []wrap.Hooks {
		return []wrap.Hooks{wrap.TeeRead(io.Discard), wrap.LimitRead(1 << 20)}
	}
	changing := func(*http.Response) []wrap.Hooks { return []wrap.Hooks{upperTransform} }
	gunzipping := func(resp *http.Response) []wrap.Hooks {
		if resp.Header.Get("Content-Encoding") != "gzip" {
			return nil
		}
		resp.Header.Del("Content-Encoding")
		return []wrap.Hooks{wrap.TransformRead(gzip.NewReader)}
	}
	zipping := func(resp *http.Response) []wrap.Hooks {
		resp.Header.Set("Content-Encoding", "gzip")
		return []wrap.Hooks{wrap.TransformRead(wrap.Encoder(gzip.NewWriter))}
	}
	same := func(m testkit.Message) testkit.Message { return m }
	shouted := func(m testkit.Message) testkit.Message { return asChanged(m, strings.ToUpper(hello)) }
	headOnly := func(m testkit.Message) testkit.Message { return asChanged(m, "") }
	zipped := func(m testkit.Message) testkit.Message {
		m = asChanged(m, m.Body)
		m.Header.Set("Content-Encoding", "gzip")
		return m
	}
	tests := []struct {
		name, method, path string
		hooks              func(*http.Response) []wrap.Hooks
		want               func(m testkit.Message) testkit.Message
		why                string
	}{
		{"watched", "GET", "/sized", watching, same, "no hook changes it"},
		{"watched", "GET", "/chunked", watching, same, "no hook changes it"},
		{"watched", "GET", "/trailers", watching, same, "no hook changes it"},
		{"watched", "GET", "/gzip", watching, same, "no hook changes it"},
		{"watched", "GET", "/empty", watching, same, "no hook changes it"},
		{"watched", "HEAD", "/sized", watching, same, "Content-Length is GET's"},
		{"watched", "GET", "/204", watching, same, "nothing to change"},
		{"watched", "GET", "/206", watching, same, "no hook changes it"},
		{"watched", "GET", "/304", watching, same, "nothing to change"},
		{"changed", "GET", "/sized", changing, shouted, "all that depends on the bytes goes"},
		{"changed", "GET", "/chunked", changing, shouted, "it had no length before either"},
		{"changed", "GET", "/trailers", changing, shouted, "a digest in a trailer is one too"},
		{"changed", "HEAD", "/sized", changing, headOnly, "as GET's, whose length is not known"},
		{"changed", "GET", "/204", changing, same, "there is no representation"},
		{"changed", "GET", "/206", changing, same, "a part cannot be changed by itself"},
		{"changed", "GET", "/304", changing, func(m testkit.Message) testkit.Message {
			n := asChanged(m, "")
			n.ContentLength = m.ContentLength
			return n
		}, "as the response in the cache"},
		{"unzipped", "GET", "/gzip", gunzipping, func(m testkit.Message) testkit.Message {
			return without(asChanged(m, hello), "Content-Encoding")
		}, "the hook says that it is no longer zipped"},
		{"unzipped", "HEAD", "/gzip", gunzipping, func(m testkit.Message) testkit.Message {
			return without(asChanged(m, ""), "Content-Encoding")
		}, "as GET's"},
		{"zipped", "GET", "/sized", zipping, zipped, "the hook says that it is zipped"},
		{"zipped", "GET", "/empty", zipping, zipped, "nothing, zipped, is something"},
	}
	for _, proto := range []string{"HTTP/1.1", "HTTP/2.0"} {
		backend := testkit.StartBackend(t, proto, serveMessages)
		for _, tt := range tests {
			t.Run(proto+"/"+tt.name+"/"+tt.method+tt.path, func(t *testing.T) {
				plain := startProxy(t, backend, nil, nil)
				want := testkit.Fetch(t, plain.Client(), tt.method, plain.URL+tt.path)
				want = tt.want(want)
				for _, entry := range []string{"ModifyResponse", "Transport"} {
					done, c := summaries()
					hooks := func(resp *http.Response) []wrap.Hooks {
						if resp.Proto != proto {
							t.Errorf("the backend speaks %s, want %s", resp.Proto, proto)
						}
						return append([]wrap.Hooks{wrap.Done(done)}, tt.hooks(resp)...)
					}
					var hooked *httptest.Server
					if entry == "Transport" {
						hooked = startProxy(t, backend, hooks, nil)
					} else {
						hooked = startProxy(t, backend, nil, hooks)
					}
					got := testkit.Fetch(t, hooked.Client(), tt.method, hooked.URL+tt.path)
					size := len(got.Body)
					if tt.name == "zipped" {
						got.Body = gunzip(t, []byte(got.Body)) // its own bytes are gzip's affair
					}
					if diff := cmp.Diff(want, got); diff != "" {
						t.Errorf("%s: what the client got (-want +got): %s\n%s", entry, tt.why, diff)
					}
					if s := receive(t, c, "Done"); s.Read != int64(size) {
						t.Errorf("%s: Done got Read = %d, want %d", entry, s.Read, size)
					}
					hooked.Close()
					if len(c) != 0 {
						t.Errorf("%s: Done was called again", entry)
					}
				}
			})
		}
	}
}

// startProxy puts a ReverseProxy before backend, with hooks at either entry.
func startProxy(t *testing.T, backend *httptest.Server, transport, modify func(*http.Response) []wrap.Hooks) *httptest.Server {
	t.Helper()
	var rt func(http.RoundTripper) http.RoundTripper
	if transport != nil {
		rt = func(base http.RoundTripper) http.RoundTripper { return wrap.Transport(base, transport) }
	}
	var f func(*http.Response) error
	if modify != nil {
		f = wrap.ModifyResponse(nil, modify)
	}
	return testkit.StartProxy(t, backend, rt, f)
}

// An upgraded connection through a ReverseProxy, with a transform each way. The
// client half-closes and gets its answer all the same, except from a Go that
// does not pass half-closes on.
func TestUpgradedThroughAProxy(t *testing.T) {
	backend := testkit.StartBackend(t, "HTTP/1.1", upgradeAndEcho)
	done, c := summaries()
	var toBackend, fromBackend bytes.Buffer
	unzip := wrap.TransformRead(gzip.NewReader)
	unzip.Upgraded = true
	front := startProxy(t, backend, nil, func(resp *http.Response) []wrap.Hooks {
		return []wrap.Hooks{
			wrap.Done(done),
			unzip, wrap.TransformWrite(gzip.NewWriter),
			wrap.TeeRead(&fromBackend), wrap.TeeWrite(&toBackend),
		}
	})
	if got, want := talk(front.Config.Handler, "ping"), "101 Switching Protocols: ping"; got != want {
		t.Errorf("talking = %q, want %q", got, want)
	}
	s := receive(t, c, "Done")
	if s.Read != 4 || s.Written != 4 {
		t.Errorf("Read, Written = %d, %d, want 4, 4", s.Read, s.Written)
	}
	if toBackend.Len() == 0 || !bytes.HasPrefix(toBackend.Bytes(), fromBackend.Bytes()) {
		t.Errorf("the backend was sent %x and echoed %x", toBackend.Bytes(), fromBackend.Bytes())
	}
}

// The connection is free for the next request, also when a transform ends
// before the body does.
func TestHooksKeepTheConnection(t *testing.T) {
	backend := testkit.StartBackend(t, "HTTP/1.1", serveMessages)
	tests := []struct {
		name, path string
		hooks      []wrap.Hooks
	}{
		{"Done", "/sized", []wrap.Hooks{wrap.Done(func(wrap.Summary) {})}},
		{"Linger and Idle", "/chunked", []wrap.Hooks{wrap.Linger(1 << 40), wrap.Idle(1 << 40)}},
		{"Tee and Limit", "/trailers", []wrap.Hooks{wrap.TeeRead(io.Discard), wrap.LimitRead(1 << 20)}},
		{"gunzip", "/gzip", []wrap.Hooks{wrap.TransformRead(gzip.NewReader)}},
		{"transform that ends early", "/trailers", []wrap.Hooks{wrap.TransformRead(firstByte)}},
		{"Encoder", "/chunked", []wrap.Hooks{wrap.TransformRead(wrap.Encoder(gzip.NewWriter))}},
		{"no body", "/204", []wrap.Hooks{wrap.Done(func(wrap.Summary) {})}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			base := &http.Transport{DisableCompression: true}
			client := &http.Client{Transport: wrap.Transport(base, func(*http.Response) []wrap.Hooks { return tt.hooks })}
			defer client.CloseIdleConnections()
			// net/http gives up a connection whose request is not
			// known to be written within 50 ms, which a busy
			// machine may exceed: try again.
			reused := false
			for tries := 0; tries < 20 && !reused; tries++ {
				req, err := http.NewRequest("GET", backend.URL+tt.path, nil)
				if err != nil {
					t.Fatal(err)
				}
				trace := &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) { reused = info.Reused }}
				resp, err := client.Do(req.WithContext(httptrace.WithClientTrace(req.Context(), trace)))
				if err != nil {
					t.Fatal(err)
				}
				if _, err := io.ReadAll(resp.Body); err != nil {
					t.Errorf("ReadAll = %v", err)
				}
				if tt.path == "/trailers" && resp.Trailer.Get("X-Checked") != "yes" {
					t.Errorf("Trailer = %v, want X-Checked: yes", resp.Trailer)
				}
				resp.Body.Close()
			}
			if !reused {
				t.Error("no request got the connection of the one before it")
			}
		})
	}
}

// A redirect that repeats the body sends it through the hooks once more.
func TestRequestThroughARedirect(t *testing.T) {
	for _, proto := range []string{"HTTP/1.1", "HTTP/2.0"} {
		t.Run(proto, func(t *testing.T) {
			var got []string
			backend := testkit.StartBackend(t, proto, func(w http.ResponseWriter, r *http.Request) {
				body, err := io.ReadAll(r.Body)
				if err != nil {
					t.Errorf("reading the request: %v", err)
				}
				got = append(got, r.URL.Path+" "+gunzip(t, body)+" "+strconv.FormatInt(r.ContentLength, 10))
				if r.URL.Path == "/from" {
					http.Redirect(w, r, "/to", http.StatusTemporaryRedirect)
				}
			})
			req, err := http.NewRequest("POST", backend.URL+"/from", strings.NewReader("hello"))
			if err != nil {
				t.Fatal(err)
			}
			done, c := summaries()
			req.Header.Set("Content-Encoding", "gzip")
			wrap.Request(req, wrap.TransformRead(wrap.Encoder(gzip.NewWriter)), wrap.Done(done))
			resp, err := backend.Client().Do(req)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if diff := cmp.Diff([]string{"/from hello -1", "/to hello -1"}, got); diff != "" {
				t.Errorf("what the backend got (-want +got):\n%s", diff)
			}
			for range 2 {
				if s := receive(t, c, "Done"); s.Read != 5 {
					t.Errorf("Read = %d, want 5", s.Read)
				}
			}
		})
	}
}

// net/http decides by comparison whether there is a body. Request keeps a
// missing body as it is.
func TestRequestWithoutABodyIsFramedSo(t *testing.T) {
	var got []string
	backend := testkit.StartBackend(t, "HTTP/1.1", func(w http.ResponseWriter, r *http.Request) {
		got = append(got, strconv.FormatInt(r.ContentLength, 10)+strings.Join(r.TransferEncoding, ","))
	})
	for _, body := range []io.Reader{nil, http.NoBody, strings.NewReader("")} {
		req, err := http.NewRequest("POST", backend.URL, body)
		if err != nil {
			t.Fatal(err)
		}
		wrap.Request(req, upper)
		resp, err := backend.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
	if diff := cmp.Diff([]string{"0", "0", "0"}, got); diff != "" {
		t.Errorf("length and framing of the requests (-want +got):\n%s", diff)
	}
}

// One *http.Request is sent twice, through a RoundTripper that wraps its body
// as the docs of Request say, and through one that does not start from GetBody.
func TestRequestThatIsSentTwice(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(w, r.Body) // the client sees what arrived
	}))
	defer server.Close()
	base := &http.Transport{}
	defer base.CloseIdleConnections()
	wrapped := func(fromGetBody bool) http.RoundTripper {
		return roundTripFunc(func(req *http.Request) (*http.Response, error) {
			out := req.Clone(req.Context())
			if fromGetBody && req.GetBody != nil {
				body, err := req.GetBody()
				if err != nil {
					return nil, err
				}
				out.Body = body
			}
			wrap.Request(out, wrap.Hooks{Read: func(next io.Reader, p []byte) (int, error) { return next.Read(p) }})
			return base.RoundTrip(out)
		})
	}
	for _, tt := range []struct {
		name string
		rt   http.RoundTripper
		want bool
		why  string
	}{
		{"bare", base, true, "net/http starts again from GetBody"},
		{"wrapped, from GetBody", wrapped(true), true, "each attempt has a body of its own"},
		{"wrapped, from Body", wrapped(false), false, "the body has been read"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			req, err := http.NewRequest("POST", server.URL, strings.NewReader("hello"))
			if err != nil {
				t.Fatal(err)
			}
			for i, want := range []bool{true, tt.want} {
				resp, err := tt.rt.RoundTrip(req)
				if err != nil {
					if want {
						t.Errorf("sending it for the time %d: %v", i+1, err)
					}
					continue
				}
				got, err := io.ReadAll(resp.Body)
				resp.Body.Close()
				if (string(got) == "hello" && err == nil) != want {
					t.Errorf("sending it for the time %d brings %q, %v; right: %v (%s)", i+1, got, err, want, tt.why)
				}
			}
		})
	}
}
