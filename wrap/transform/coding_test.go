package transform_test

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/bodywrap/bodywrap/wrap"
	"github.com/bodywrap/bodywrap/wrap/transform"
	"github.com/google/go-cmp/cmp"
)

func encoded(w io.WriteCloser, b *bytes.Buffer, text string) string {
	_, _ = io.WriteString(w, text) // a Buffer cannot fail
	_ = w.Close()
	return b.String()
}

func gzipped(text string) string {
	var b bytes.Buffer
	return encoded(gzip.NewWriter(&b), &b, text)
}

func zlibbed(text string) string {
	var b bytes.Buffer
	return encoded(zlib.NewWriter(&b), &b, text)
}

func deflated(text string) string {
	var b bytes.Buffer
	w, _ := flate.NewWriter(&b, flate.DefaultCompression) // a valid level
	return encoded(w, &b, text)
}

// shift is a coding whose readers and writers cannot be used again.
var shift = transform.NewCoding("Shift",
	func(r io.Reader) (io.Reader, error) { return shifter{r, 1}, nil },
	func(w io.Writer) (io.WriteCloser, error) { return unshifter{w}, nil })

type shifter struct {
	r io.Reader
	d byte
}

func (s shifter) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	for i := range p[:n] {
		p[i] += s.d
	}
	return n, err
}

type unshifter struct{ io.Writer }

func (u unshifter) Write(p []byte) (int, error) {
	b := bytes.Clone(p)
	for i := range b {
		b[i]--
	}
	return u.Writer.Write(b)
}

func (unshifter) Close() error { return nil }

func shifted(text string) string {
	b := []byte(text)
	for i := range b {
		b[i]--
	}
	return string(b)
}

// bare is the bare deflate format. Its decoder returns an error for an empty
// stream.
var bare = transform.NewCoding("bare",
	func(r io.Reader) (io.ReadCloser, error) { return flate.NewReader(r), nil },
	func(w io.Writer) (*flate.Writer, error) { return flate.NewWriter(w, flate.DefaultCompression) })

// response returns a response with this content and these header fields.
func response(status int, body string, fields ...string) *http.Response {
	resp := &http.Response{
		StatusCode:    status,
		Header:        http.Header{},
		ContentLength: int64(len(body)),
		Body:          io.NopCloser(strings.NewReader(body)),
		Request:       &http.Request{Method: "GET", Header: http.Header{}},
	}
	for i := 0; i < len(fields); i += 2 {
		resp.Header.Add(fields[i], fields[i+1])
	}
	return resp
}

// content reads and closes the body of a response.
func content(t *testing.T, resp *http.Response) string {
	t.Helper()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Errorf("reading the content: %v", err)
	}
	if err := resp.Body.Close(); err != nil {
		t.Errorf("Close = %v", err)
	}
	return string(got)
}

func TestDecompress(t *testing.T) {
	all := []*transform.Coding{transform.Gzip, transform.Deflate, shift}
	for _, tt := range []struct {
		encoding []string
		body     string
		codings  []*transform.Coding
		want     string
		left     []string
		why      string
	}{
		{[]string{"gzip"}, gzipped("hello"), nil, "hello", nil, "known by default"},
		{[]string{"GZIP"}, gzipped("hello"), nil, "hello", nil, "names have no case"},
		{[]string{"x-gzip"}, gzipped("hello"), nil, "hello", nil, "RFC 9110, section 8.4.1.3"},
		{[]string{"deflate"}, zlibbed("hello"), nil, "hello", nil, "it is zlib's format"},
		{[]string{"deflate"}, deflated("hello"), nil, "hello", nil, "some servers send it bare"},
		{[]string{"deflate"}, zlibbed(""), nil, "", nil, "nothing, encoded"},
		{[]string{"deflate"}, deflated(""), nil, "", nil, "nothing, encoded"},
		{[]string{"identity, gzip , identity"}, gzipped("hello"), nil, "hello", nil, "identity is no coding"},
		{[]string{"shift"}, shifted("hello"), all, "hello", nil, "one that is given"},
		{[]string{"shift, gzip"}, gzipped(shifted("hello")), all, "hello", nil, "the last is undone first"},
		{[]string{"shift", "gzip,deflate"}, zlibbed(gzipped(shifted("hello"))), all, "hello", nil, "a list may have several lines"},
		{[]string{"shift, gzip"}, gzipped(shifted("hello")), nil, shifted("hello"), []string{"shift"}, "as far as they are known"},
		{[]string{"gzip, shift"}, shifted(gzipped("hello")), nil, shifted(gzipped("hello")), []string{"gzip, shift"}, "not known"},
		{nil, "hello", nil, "hello", nil, "not encoded"},
		{[]string{"gzip"}, "", nil, "", nil, "empty"},
		{[]string{"deflate"}, "", nil, "", nil, "empty"},
		{[]string{"bare"}, "", []*transform.Coding{bare}, "", nil, "empty, for a decoder that takes no empty stream"},
		{[]string{"bare"}, deflated("hello"), []*transform.Coding{bare}, "hello", nil, "a decoder that is closed"},
	} {
		for range 2 { // the second time with readers from the pool
			resp := response(200, tt.body)
			resp.Header["Content-Encoding"] = tt.encoding
			changed := wrap.Response(resp, transform.Decompress(tt.codings...))
			if got := content(t, resp); got != tt.want {
				t.Errorf("%q became %q, want %q: %s", tt.encoding, got, tt.want, tt.why)
			}
			if diff := cmp.Diff(tt.left, resp.Header["Content-Encoding"]); diff != "" {
				t.Errorf("Content-Encoding of %q (-want +got): %s\n%s", tt.encoding, tt.why, diff)
			}
			if want := cmp.Diff(tt.encoding, tt.left) != ""; changed != want || changed == (resp.ContentLength >= 0) {
				t.Errorf("%q: Response = %t with length %d, want %t: %s", tt.encoding, changed, resp.ContentLength, want, tt.why)
			}
		}
	}
}

// A body that is not what its header says is an error, and does not spoil the
// pool.
func TestDecompressErrors(t *testing.T) {
	zipped := gzipped(strings.Repeat("hello", 1000))
	for _, tt := range []struct {
		encoding, body string
		want           error
	}{
		{"gzip", "plain text, no gzip", gzip.ErrHeader},
		{"gzip", zipped[:len(zipped)-4], io.ErrUnexpectedEOF},
		{"gzip", zipped[:1], io.ErrUnexpectedEOF},
		{"deflate", "\x78\x9c", io.ErrUnexpectedEOF},
		{"deflate", "plain text, no deflate", nil},
	} {
		resp := response(200, tt.body, "Content-Encoding", tt.encoding)
		wrap.Response(resp, transform.Decompress())
		if _, err := io.ReadAll(resp.Body); err == nil || tt.want != nil && !errors.Is(err, tt.want) {
			t.Errorf("%s of %q = %v, want %v", tt.encoding, tt.body, err, tt.want)
		}
		resp.Body.Close()
		good := response(200, zipped, "Content-Encoding", "gzip")
		wrap.Response(good, transform.Decompress())
		if got := content(t, good); len(got) != 5000 {
			t.Errorf("after %q a good body has %d bytes", tt.body, len(got))
		}
	}
}

// Limits hold for what the caller gets, in front, and for what was received,
// behind.
func TestLimitsOfDecompressedBodies(t *testing.T) {
	bomb := gzipped(strings.Repeat("\x00", 10<<20))
	for _, tt := range []struct {
		name  string
		hooks []wrap.Hooks
		want  int
	}{
		{"in front", []wrap.Hooks{wrap.LimitRead(1 << 20), transform.Decompress()}, 1 << 20},
		{"behind", []wrap.Hooks{transform.Decompress(), wrap.LimitRead(int64(len(bomb)) / 2)}, -1},
		{"large enough", []wrap.Hooks{wrap.LimitRead(10 << 20), transform.Decompress(), wrap.LimitRead(int64(len(bomb)))}, 0},
	} {
		resp := response(200, bomb, "Content-Encoding", "gzip")
		wrap.Response(resp, tt.hooks...)
		n, err := io.Copy(io.Discard, resp.Body)
		var limit *wrap.LimitError
		if errors.As(err, &limit) != (tt.want != 0) || tt.want > 0 && n != int64(tt.want) || tt.want < 0 && n >= 10<<20 {
			t.Errorf("limit %s: %d bytes, %v", tt.name, n, err)
		}
		resp.Body.Close()
	}
}

func TestCompressNegotiates(t *testing.T) {
	codings := &transform.CompressOptions{Codings: []*transform.Coding{transform.Gzip, transform.Deflate, shift}, MinSize: -1}
	for _, tt := range []struct {
		accept []string
		want   string
		why    string
	}{
		{nil, "", "the client names none"},
		{[]string{""}, "", "the client wants none"},
		{[]string{"gzip"}, "gzip", ""},
		{[]string{"x-gzip"}, "gzip", "RFC 9110, section 8.4.1.3"},
		{[]string{"GZip;Q=0.5"}, "gzip", "no case"},
		{[]string{"deflate, gzip"}, "gzip", "the server's order decides"},
		{[]string{"deflate, gzip;q=0.9"}, "deflate", "the weight decides first"},
		{[]string{"gzip;q=0"}, "", "not acceptable"},
		{[]string{"gzip; q=0.000, deflate ; q=0.001"}, "deflate", "spaces"},
		{[]string{"*"}, "gzip", "any"},
		{[]string{"*;q=0"}, "", "none"},
		{[]string{"gzip;q=0, *"}, "deflate", "any other"},
		{[]string{"identity;q=0, shift"}, "shift", ""},
		{[]string{"identity, gzip;q=0.5"}, "", "rather none"},
		{[]string{"identity;q=0.5, gzip"}, "gzip", ""},
		{[]string{"br", "deflate"}, "deflate", "a list may have several lines"},
		{[]string{"br, zstd"}, "", "not known"},
		{[]string{"gzip;q=x"}, "", "no weight"},
		{[]string{"gzip;q=NaN, deflate;q=-1"}, "", "no weight"},
		{[]string{"gzip;level=9"}, "gzip", "another parameter"},
	} {
		resp := response(200, "hello", "Content-Type", "text/plain", "ETag", `"tag"`)
		if tt.accept != nil {
			resp.Request.Header["Accept-Encoding"] = tt.accept
		}
		changed := wrap.Response(resp, transform.Compress(codings))
		if got := resp.Header.Get("Content-Encoding"); got != tt.want || changed != (tt.want != "") {
			t.Errorf("Accept-Encoding %q: Content-Encoding = %q (%t), want %q: %s", tt.accept, got, changed, tt.want, tt.why)
		}
		if got := resp.Header.Values("Vary"); cmp.Diff([]string{"Accept-Encoding"}, got) != "" {
			t.Errorf("Accept-Encoding %q: Vary = %q", tt.accept, got)
		}
		if got := resp.Header.Get("ETag"); (got == `"tag"`) != (tt.want == "") {
			t.Errorf("Accept-Encoding %q: ETag = %s", tt.accept, got)
		}
		wrap.Response(resp, transform.Decompress(transform.Gzip, transform.Deflate, shift))
		if got := content(t, resp); got != "hello" {
			t.Errorf("Accept-Encoding %q: decodes to %q", tt.accept, got)
		}
	}
}

func TestCompressLeavesMessages(t *testing.T) {
	text := strings.Repeat("hello ", 1000)
	tests := []struct {
		name    string
		resp    *http.Response
		want    bool
		vary    []string
		request string // Cache-Control of the request
	}{
		{"text", response(200, text, "Content-Type", "text/html; charset=utf-8"), true, []string{"Accept-Encoding"}, ""},
		{"odd parameters", response(200, text, "Content-Type", "Text/HTML; charset"), true, []string{"Accept-Encoding"}, ""},
		{"JSON", response(200, text, "Content-Type", "application/problem+json"), true, []string{"Accept-Encoding"}, ""},
		{"varies", response(200, text, "Content-Type", "text/html", "Vary", "Origin", "Vary", "x, accept-encoding"), true, []string{"Origin", "x, accept-encoding"}, ""},
		{"varies in all", response(200, text, "Content-Type", "text/html", "Vary", "*"), true, []string{"*"}, ""},
		{"varies otherwise", response(200, text, "Content-Type", "text/html", "Vary", "Origin"), true, []string{"Origin", "Accept-Encoding"}, ""},
		{"encoded", response(200, text, "Content-Type", "text/html", "Content-Encoding", "br"), false, nil, ""},
		{"identity", response(200, text, "Content-Type", "text/html", "Content-Encoding", "identity"), true, []string{"Accept-Encoding"}, ""},
		{"no-transform", response(200, text, "Content-Type", "text/html", "Cache-Control", "public, No-Transform"), false, nil, ""},
		{"no-transform asked for", response(200, text, "Content-Type", "text/html"), false, nil, "no-transform"},
		{"private", response(200, text, "Content-Type", "text/html", "Cache-Control", `private="no-transform"`), true, []string{"Accept-Encoding"}, ""},
		{"image", response(200, text, "Content-Type", "image/png"), false, nil, ""},
		{"no type", response(200, text), false, nil, ""},
		{"small", response(200, text[:1023], "Content-Type", "text/html"), false, nil, ""},
		{"large enough", response(200, text[:1024], "Content-Type", "text/html"), true, []string{"Accept-Encoding"}, ""},
		{"events", response(200, text, "Content-Type", "text/event-stream"), true, []string{"Accept-Encoding"}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.resp.Request.Header.Set("Accept-Encoding", "gzip")
			if tt.request != "" {
				tt.resp.Request.Header.Set("Cache-Control", tt.request)
			}
			if changed := wrap.Response(tt.resp, transform.Compress(nil)); changed != tt.want {
				t.Errorf("Response = %t, want %t", changed, tt.want)
			}
			if diff := cmp.Diff(tt.vary, tt.resp.Header["Vary"]); diff != "" {
				t.Errorf("Vary (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCompressTakesTypesAndRequests(t *testing.T) {
	always := transform.Compress(&transform.CompressOptions{MinSize: -1, Types: func(mediaType string) bool { return mediaType == "image/png" }})
	resp := response(200, "", "Content-Type", "IMAGE/PNG")
	resp.Request.Header.Set("Accept-Encoding", "gzip")
	if !wrap.Response(resp, always) || content(t, resp) == "" {
		t.Error("a type that Types names is not encoded")
	}
	req, _ := http.NewRequest("POST", "http://example.com", strings.NewReader("question"))
	req.Header.Set("Content-Type", "text/plain")
	if !wrap.Request(req, transform.Compress(&transform.CompressOptions{MinSize: -1})) {
		t.Error("a request is not encoded")
	}
	for range 2 { // the second body is that of a redirect
		if got, err := io.ReadAll(req.Body); err != nil || string(got) == "question" {
			t.Errorf("the body of the request is %q, %v", got, err)
		}
		req.Body, _ = req.GetBody()
	}
	if diff := cmp.Diff(http.Header{"Content-Type": {"text/plain"}, "Content-Encoding": {"gzip"}}, req.Header); diff != "" {
		t.Errorf("header of the request (-want +got):\n%s", diff)
	}
}

func TestPlain(t *testing.T) {
	secret := transform.Replace("secret", "***", nil)
	all := []*transform.Coding{transform.Gzip, transform.Deflate, shift}
	for _, tt := range []struct {
		encoding, body string
		hook           wrap.Hooks
	}{
		{"", "a secret", transform.Plain(nil, secret)},
		{"gzip", gzipped("a secret"), transform.Plain(nil, secret)},
		{"gzip", gzipped("a secret"), secret},
		{"gzip", gzipped("a secret"), transform.Plain(all, secret)},
		{"deflate, gzip", gzipped(zlibbed("a secret")), secret},
		{"gzip, shift, deflate", zlibbed(shifted(gzipped("a secret"))), transform.Plain(all, secret)},
	} {
		done := make(chan wrap.Summary, 1)
		resp := response(200, tt.body, "Content-Encoding", tt.encoding)
		wrap.Response(resp, tt.hook)
		if got := resp.Header.Get("Content-Encoding"); got != tt.encoding {
			t.Errorf("Content-Encoding = %q, want %q", got, tt.encoding)
		}
		wrap.Response(resp, wrap.Done(func(s wrap.Summary) { done <- s }), transform.Decompress(all...))
		if got := content(t, resp); got != "a ***" {
			t.Errorf("%q became %q", tt.encoding, got)
		}
		if s := <-done; s.Read != 5 {
			t.Errorf("%q: Read = %d", tt.encoding, s.Read)
		}
	}
}

// Nothing passes if the hooks cannot see it.
func TestPlainRefusesAnUnknownCoding(t *testing.T) {
	resp := response(200, shifted("a secret"), "Content-Encoding", "shift")
	wrap.Response(resp, transform.Replace("secret", "***", nil))
	got, err := io.ReadAll(resp.Body)
	var unknown *transform.CodingError
	if len(got) > 0 || !errors.As(err, &unknown) || unknown.Coding != "shift" {
		t.Errorf("read %q, %v, want a CodingError", got, err)
	}
}

// Nothing is not decoded.
func TestPlainLeavesAnEmptyBody(t *testing.T) {
	resp := response(200, "", "Content-Encoding", "shift")
	resp.Body = http.NoBody
	if changed := wrap.Response(resp, transform.Replace("secret", "***", nil)); changed || content(t, resp) != "" {
		t.Errorf("Response = %t", changed)
	}
}

// Bytes that came before an error are sent, although content of this length is
// not flushed at each read.
func TestCompressKeepsWhatCameBeforeAnError(t *testing.T) {
	text := strings.Repeat("hello ", 1000)
	resp := response(200, text, "Content-Type", "text/plain")
	resp.Body = &parts{parts: []string{text}, err: io.ErrUnexpectedEOF}
	resp.Request.Header.Set("Accept-Encoding", "gzip")
	wrap.Response(resp, transform.Compress(nil))
	zipped, err := io.ReadAll(resp.Body)
	if err != io.ErrUnexpectedEOF {
		t.Errorf("ReadAll = %v", err)
	}
	zr, err := gzip.NewReader(bytes.NewReader(zipped))
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := io.ReadAll(zr); string(got) != text {
		t.Errorf("%d bytes arrived before the error, want %d", len(got), len(text))
	}
}

// What no hook in Plain serves is not decoded.
func TestPlainLeavesWhatNoHookServes(t *testing.T) {
	none := transform.Events(func(*transform.Event) (*transform.Event, error) { panic("no event") }, nil)
	for _, hook := range []wrap.Hooks{transform.Plain(nil, none), none, transform.Plain(nil), transform.Plain(nil, wrap.Join(none, none))} {
		resp := response(200, shifted("x"), "Content-Encoding", "shift", "ETag", `"tag"`)
		if wrap.Response(resp, hook) {
			t.Error("Response = true, want false")
		}
		if got := content(t, resp); got != shifted("x") || resp.Header.Get("ETag") != `"tag"` || resp.ContentLength != 1 {
			t.Errorf("%q with %v", got, resp.Header)
		}
	}
}

// A reader or writer that is used again keeps nothing of the body before.
func TestCodingsAreUsedAgain(t *testing.T) {
	text := strings.Repeat("hello ", 1000)
	for i := range 20 {
		for _, c := range []*transform.Coding{transform.Gzip, transform.Deflate, shift} {
			resp := response(200, text, "Content-Type", "text/plain")
			resp.Request.Header.Set("Accept-Encoding", "*")
			wrap.Response(resp, transform.Compress(&transform.CompressOptions{Codings: []*transform.Coding{c}}))
			wrap.Response(resp, transform.Decompress(c))
			if i%3 == 0 { // left in the middle
				if _, err := io.ReadFull(resp.Body, make([]byte, 10)); err != nil {
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
}

func TestMisusePanicsWithAdvice(t *testing.T) {
	body := io.NopCloser(strings.NewReader(""))
	for _, tt := range []struct {
		name string
		f    func()
		want string
	}{
		{"NewCoding", func() { transform.NewCoding[io.Reader, io.WriteCloser]("x", nil, nil) }, "a function that makes a decoder"},
		{"Records", func() { transform.Records(nil, same, nil) }, "split function"},
		{"Lines", func() { transform.Lines(nil, nil) }, "leave the hook out"},
		{"Events", func() { transform.Events(nil, nil) }, "leave the hook out"},
		{"Replace", func() { transform.Replace("", "x", nil) }, "leave the hook out"},
		{"MaxSize", func() { transform.Lines(same, &transform.Options{MaxSize: -1}) }, "leave it 0"},
		{"Compress a body", func() { wrap.Body(body, transform.Compress(nil)) }, "give it to Response"},
		{"Decompress a body", func() { wrap.Body(body, transform.Decompress()) }, "give it to Response"},
		{"Plain of a body", func() { wrap.Body(body, transform.Plain(nil)) }, "give it to Response"},
	} {
		func() {
			defer func() {
				if v, _ := recover().(string); !strings.Contains(v, tt.want) {
					t.Errorf("%s: recovered %q, want %q", tt.name, v, tt.want)
				}
			}()
			tt.f()
		}()
	}
}
