package blockson101

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httputil"
	"strings"
	"sync"
	"time"
)

// Shapes are the ways to treat a body here; each sets up a proxy. What is reported begins with "bad".
var Shapes = map[string]func(*httputil.ReverseProxy){
	"badReadAll":       badReadAll,
	"badDump":          badDump,
	"badDumpTransport": badDumpTransport,
	"badCopy":          badCopy,
	"badBuffer":        badBuffer,
	"badPeek":          badPeek,
	"badGzip":          badGzip,
	"badDecode":        badDecode,
	"badWrite":         badWrite,
	"badLoop":          badLoop,
	"badHelper":        badHelper,
	"badErrorStatus":   badErrorStatus,
	"badLimited":       badLimited,
	"badTransport":     badTransport,
	"badSentByClient":  badSentByClient,
	"badMirrored":      badMirrored,
	"badImplementer":   badImplementer,
	"badTable":         badTable,
	"goodToken":        goodToken,
	"badReadFull":      badReadFull,
	"badScanner":       badScanner,
	"goodDumpHeaders":  goodDumpHeaders,
	"goodGuard":        goodGuard,
	"goodErrorStatus":  goodErrorStatus,
	"goodContentType":  goodContentType,
	"goodLength":       goodLength,
	"goodLater":        goodLater,
	"goodGoroutine":    goodGoroutine,
	"goodMethod":       goodMethod,
	"goodTransport":    goodTransport,
	"goodEncoding":     goodEncoding,
	"goodWriter":       goodWriter,
	"goodRequestOnly":  goodRequestOnly,
	"goodHelper":       goodHelper,
	"goodStatusSet":    goodStatusSet,
	"goodAttempt":      goodAttempt,
	"badPattern":       badPattern,
	"badPictures":      badPictures,
	"goodTexts":        goodTexts,
}

func badReadAll(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		b, err := io.ReadAll(resp.Body) // want `blocks-on-101: the body is read here before the response is passed on: an upgrade hangs`
		if err != nil {
			return err
		}
		resp.Body = io.NopCloser(bytes.NewReader(b))
		return nil
	}
}

func badDump(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		dump, err := httputil.DumpResponse(resp, true) // want `blocks-on-101`
		if err == nil {
			log.Printf("%s", dump)
		}
		return nil
	}
}

type dumping struct{ next http.RoundTripper }

func (d dumping) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := d.next.RoundTrip(req)
	if err != nil {
		return nil, fmt.Errorf("backend: %w", err)
	}
	if dump, err := httputil.DumpResponse(resp, true); err == nil { // want `blocks-on-101`
		log.Printf("%s", dump)
	}
	return resp, nil
}

func badDumpTransport(p *httputil.ReverseProxy) { p.Transport = dumping{base(p)} }

func base(p *httputil.ReverseProxy) http.RoundTripper {
	if p.Transport != nil {
		return p.Transport
	}
	return http.DefaultTransport
}

func badCopy(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		var buf bytes.Buffer
		if _, err := io.Copy(&buf, resp.Body); err != nil { // want `blocks-on-101`
			return err
		}
		resp.Body = io.NopCloser(&buf)
		return nil
	}
}

func badBuffer(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		body := resp.Body
		defer body.Close()
		buf := new(bytes.Buffer)
		_, err := buf.ReadFrom(body) // want `blocks-on-101`
		resp.Body = io.NopCloser(buf)
		return err
	}
}

func badPeek(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		br := bufio.NewReader(resp.Body)
		head, _ := br.Peek(512) // want `blocks-on-101`
		if resp.Header.Get("Content-Type") == "" {
			resp.Header.Set("Content-Type", http.DetectContentType(head))
		}
		resp.Body = struct {
			io.Reader
			io.Closer
		}{br, resp.Body}
		return nil
	}
}

func badGzip(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		zr, err := gzip.NewReader(resp.Body) // want `blocks-on-101`
		if err != nil {
			return err
		}
		resp.Header.Del("Content-Length")
		resp.Body = struct {
			io.Reader
			io.Closer
		}{zr, resp.Body}
		return nil
	}
}

func badDecode(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		var v map[string]any
		if err := json.NewDecoder(resp.Body).Decode(&v); err != nil { // want `blocks-on-101`
			return err
		}
		b, err := json.Marshal(v)
		resp.Header.Set("Content-Length", fmt.Sprint(len(b)))
		resp.Body.Close()
		resp.Body = io.NopCloser(bytes.NewReader(b))
		return err
	}
}

func badWrite(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		var buf bytes.Buffer
		if err := resp.Write(&buf); err != nil { // want `blocks-on-101`
			return err
		}
		saved, err := http.ReadResponse(bufio.NewReader(&buf), resp.Request)
		if err == nil {
			resp.Body = saved.Body
		}
		return err
	}
}

func badLoop(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		var all []byte
		buf := make([]byte, 1024)
		for {
			n, err := resp.Body.Read(buf) // want `blocks-on-101`
			all = append(all, buf[:n]...)
			if err == io.EOF {
				break
			}
			if err != nil {
				return err
			}
		}
		resp.Body = io.NopCloser(bytes.NewReader(all))
		return nil
	}
}

func badHelper(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		b, err := readBody(resp)
		log.Print(len(b))
		return err
	}
}

func readBody(resp *http.Response) ([]byte, error) {
	b, err := io.ReadAll(resp.Body) // want `blocks-on-101`
	if err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(b))
	return b, nil
}

func badErrorStatus(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if resp.StatusCode == http.StatusOK {
			return nil
		}
		b, err := io.ReadAll(resp.Body) // want `blocks-on-101`
		log.Printf("%d: %s", resp.StatusCode, b)
		resp.Body = io.NopCloser(bytes.NewReader(b))
		return err
	}
}

func badLimited(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		head, err := io.ReadAll(io.LimitReader(resp.Body, 4096)) // want `blocks-on-101`
		if err != nil {
			return err
		}
		resp.Body = struct {
			io.Reader
			io.Closer
		}{io.MultiReader(bytes.NewReader(head), resp.Body), resp.Body}
		return nil
	}
}

type caching struct {
	next  http.RoundTripper
	store sync.Map // of bytes, by URL
}

func (c *caching) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := c.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body) // want `blocks-on-101`
	if err != nil {
		return nil, err
	}
	c.store.Store(req.URL.String(), b)
	resp.Body = io.NopCloser(bytes.NewReader(b))
	return resp, nil
}

func badTransport(p *httputil.ReverseProxy) {
	p.Transport = &caching{next: base(p)}
}

func badReadFull(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		magic := make([]byte, 4)
		n, err := io.ReadFull(resp.Body, magic) // want `blocks-on-101`
		if err != nil && err != io.ErrUnexpectedEOF && err != io.EOF {
			return err
		}
		resp.Body = struct {
			io.Reader
			io.Closer
		}{io.MultiReader(bytes.NewReader(magic[:n]), resp.Body), resp.Body}
		return nil
	}
}

func badScanner(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		var out strings.Builder
		for lines := bufio.NewScanner(resp.Body); lines.Scan(); { // want `blocks-on-101`
			out.WriteString(strings.TrimSpace(lines.Text()) + "\n")
		}
		resp.Body.Close()
		resp.Header.Del("Content-Length")
		resp.Body = io.NopCloser(strings.NewReader(out.String()))
		return nil
	}
}

func goodDumpHeaders(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		dump, err := httputil.DumpResponse(resp, false)
		log.Printf("%s", dump)
		return err
	}
}

func goodGuard(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if resp.StatusCode == http.StatusSwitchingProtocols {
			return nil
		}
		_, err := readBody(resp)
		return err
	}
}

func goodErrorStatus(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if resp.StatusCode >= http.StatusBadRequest {
			b, _ := readBody(resp)
			log.Printf("%d: %s", resp.StatusCode, b)
		}
		return nil
	}
}

func goodContentType(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if ct := resp.Header.Get("Content-Type"); !strings.HasPrefix(ct, "application/json") {
			return nil
		}
		_, err := readBody(resp)
		return err
	}
}

func goodLength(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if resp.ContentLength <= 0 || resp.ContentLength > 1<<20 {
			return nil
		}
		_, err := readBody(resp)
		return err
	}
}

type lazy struct {
	io.ReadWriteCloser
	seen bytes.Buffer
}

func (l *lazy) CloseWrite() error {
	return l.ReadWriteCloser.(interface{ CloseWrite() error }).CloseWrite()
}

func (l *lazy) Read(p []byte) (int, error) {
	n, err := l.ReadWriteCloser.Read(p)
	l.seen.Write(p[:n])
	return n, err
}

func goodLater(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if rwc, ok := resp.Body.(io.ReadWriteCloser); ok {
			resp.Body = &lazy{ReadWriteCloser: rwc}
		}
		return nil
	}
}

func goodGoroutine(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		started := time.Now()
		go func() {
			log.Print(time.Since(started))
		}()
		return nil
	}
}

func goodMethod(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if resp.Request.Method != http.MethodDelete && resp.Request.Method != http.MethodHead {
			return nil
		}
		_, err := readBody(resp)
		return err
	}
}

type guarded struct{ next http.RoundTripper }

func (g guarded) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := g.next.RoundTrip(req)
	if err != nil || resp.StatusCode < 500 {
		return resp, err
	}
	if _, err := readBody(resp); err != nil {
		return nil, err
	}
	return resp, nil
}

func goodTransport(p *httputil.ReverseProxy) { p.Transport = guarded{base(p)} }

func goodEncoding(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		for _, enc := range resp.Header.Values("Content-Encoding") {
			if enc == "gzip" {
				zr, err := gzip.NewReader(resp.Body)
				if err != nil {
					return err
				}
				resp.Header.Del("Content-Length")
				resp.Body = struct {
					io.Reader
					io.Closer
				}{zr, resp.Body}
			}
		}
		return nil
	}
}

func goodWriter(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if _, upgraded := resp.Body.(io.Writer); upgraded {
			return nil
		}
		_, err := readBody(resp)
		return err
	}
}

func goodRequestOnly(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if resp.Request.Body != nil {
			n, _ := io.Copy(io.Discard, resp.Request.Body)
			log.Print(n)
		}
		return nil
	}
}

func upgrade(resp *http.Response) bool {
	return resp.StatusCode == http.StatusSwitchingProtocols || resp.Header.Get("Upgrade") != ""
}

func goodHelper(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if upgrade(resp) {
			return nil
		}
		_, err := readBody(resp)
		return err
	}
}

var rewritten = map[int]bool{200: true, 404: true}

func goodStatusSet(p *httputil.ReverseProxy) {
	p.ModifyResponse = func(resp *http.Response) error {
		if !rewritten[resp.StatusCode] {
			return nil
		}
		_, err := readBody(resp)
		return err
	}
}

// An attempt is what a retry decides on.
type attempt struct {
	number   int
	response *http.Response
}

type retrying struct {
	next  http.RoundTripper
	retry func(attempt) bool // somebody else's, and it sees the response
}

func (t *retrying) RoundTrip(req *http.Request) (*http.Response, error) {
	for i := 0; ; i++ {
		resp, err := t.next.RoundTrip(req)
		if err != nil || !t.retry(attempt{i, resp}) {
			return resp, err
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
	}
}

func goodAttempt(p *httputil.ReverseProxy) {
	p.Transport = &retrying{p.Transport, func(a attempt) bool { return a.response.StatusCode >= 500 && a.number < 3 }}
}

// transforming sends by a client, as one that follows redirects does.
type transforming struct{ client *http.Client }

func (t *transforming) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	req.RequestURI = ""
	resp, err := t.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body) // want `blocks-on-101`
	if err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(b))
	return resp, nil
}

func badSentByClient(p *httputil.ReverseProxy) {
	p.Transport = &transforming{&http.Client{Transport: base(p)}}
}

// authorized asks for a token before it sends.
type authorized struct {
	client *http.Client
	next   http.RoundTripper
	token  func(*http.Client) (string, error)
}

func (t *authorized) RoundTrip(req *http.Request) (*http.Response, error) {
	token, err := t.token(t.client)
	if err != nil {
		return nil, err
	}
	req = req.Clone(req.Context())
	req.Header.Set("Authorization", "Bearer "+token)
	return t.next.RoundTrip(req)
}

func fetchToken(c *http.Client) (string, error) {
	req, err := http.NewRequest("POST", "http://127.0.0.1:0/token", nil)
	if err != nil {
		return "", err
	}
	resp, err := c.Do(req)
	if err != nil {
		return "anonymous", nil
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	return string(b), err
}

func goodToken(p *httputil.ReverseProxy) {
	p.Transport = &authorized{http.DefaultClient, base(p), fetchToken}
}
