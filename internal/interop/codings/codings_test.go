package codings_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/bodywrap/bodywrap/internal/testkit"
	"github.com/bodywrap/bodywrap/wrap"
	"github.com/bodywrap/bodywrap/wrap/transform"
	"github.com/google/go-cmp/cmp"
)

// codings are those of the Examples.
var codings = map[string]*transform.Coding{"br": br, "zstd": zst}

// textual returns n bytes that become smaller, different for each seed.
func textual(n int, seed uint64) []byte {
	rng := rand.New(rand.NewPCG(seed, 0))
	var b bytes.Buffer
	for b.Len() < n {
		fmt.Fprintf(&b, "line %d of %d\n", rng.IntN(1000), seed)
	}
	return b.Bytes()[:n]
}

// A body is the content of a message, and counts how often it is closed.
type body struct {
	io.Reader
	closed int
}

func (b *body) Close() error {
	b.closed++
	return nil
}

// message returns a response with content in a coding, to a request that
// accepts that of accept.
func message(coding, accept string, content io.Reader) *http.Response {
	req := httptest.NewRequest("GET", "/", nil)
	req.Header.Set("Accept-Encoding", accept)
	resp := &http.Response{
		StatusCode:    200,
		Header:        http.Header{"Content-Type": {"text/plain"}},
		Body:          &body{Reader: content},
		ContentLength: -1,
		Request:       req,
	}
	if coding != "" {
		resp.Header.Set("Content-Encoding", coding)
	}
	return resp
}

// A use is one way to use a coding.
type use struct {
	name    string
	encoded bool // whether the original is
	result  bool // whether the result is
	hook    func(*transform.Coding) wrap.Hooks
	change  func(string) string
}

var uses = []use{
	{"Compress", false, true, func(c *transform.Coding) wrap.Hooks {
		return transform.Compress(&transform.CompressOptions{Codings: []*transform.Coding{c}})
	}, func(s string) string { return s }},
	{"Decompress", true, false, func(c *transform.Coding) wrap.Hooks {
		return transform.Decompress(c)
	}, func(s string) string { return s }},
	{"Plain", true, true, func(c *transform.Coding) wrap.Hooks {
		return transform.Plain([]*transform.Coding{c}, transform.Replace("line", "row", nil))
	}, func(s string) string { return strings.ReplaceAll(s, "line", "row") }},
}

// exchange puts the hook in front of a message with the content, and reads it
// to the end.
func (u use) exchange(hook wrap.Hooks, coding string, content []byte) error {
	from, to := "", ""
	if u.encoded {
		from = coding
	}
	if u.result {
		to = coding
	}
	resp := message(from, coding, bytes.NewReader(encode(from, content)))
	wrap.Response(resp, hook)
	if got := resp.Header.Get("Content-Encoding"); got != to {
		return fmt.Errorf("Content-Encoding = %q, want %q", got, to)
	}
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		return fmt.Errorf("%d bytes: %w", len(content), err)
	}
	if err := resp.Body.Close(); err != nil {
		return fmt.Errorf("%d bytes: Close: %w", len(content), err)
	}
	if got, want := decode(resp.Header, got), u.change(string(content)); got != want {
		return fmt.Errorf("%d bytes: got %d bytes, want %d; they begin %.60q and %.60q", len(content), len(got), len(want), got, want)
	}
	return nil
}

// abandon closes a message after n bytes, before its end.
func (u use) abandon(hook wrap.Hooks, coding string, content []byte, n int) error {
	from := ""
	if u.encoded {
		from = coding
	}
	resp := message(from, coding, bytes.NewReader(encode(from, content)))
	original := resp.Body.(*body)
	wrap.Response(resp, hook)
	if _, err := io.ReadFull(resp.Body, make([]byte, n)); err != nil {
		return fmt.Errorf("the first %d bytes: %w", n, err)
	}
	if err := resp.Body.Close(); err != nil || original.closed != 1 {
		return fmt.Errorf("Close after %d bytes: %v, and the original was closed %d times", n, err, original.closed)
	}
	return nil
}

// The same coding serves many bodies, whole ones and abandoned ones in turn,
// one after the other and at the same time. Each has its own bytes, and no
// goroutine stays.
func TestCodingsAreUsedAgain(t *testing.T) {
	for name, coding := range codings {
		for _, u := range uses {
			t.Run(name+"/"+u.name, func(t *testing.T) {
				testkit.NoLeaks(t, nil)
				hook := u.hook(coding)
				var wg sync.WaitGroup
				for worker := range uint64(4) {
					wg.Add(1)
					go func() {
						defer wg.Done()
						for i := range 30 {
							content := textual([]int{0, 1, 100, 5000, 40_000}[i%5], worker*1000+uint64(i))
							err := u.exchange(hook, name, content)
							if err == nil && i%3 == 0 {
								err = u.abandon(hook, name, textual(40_000, uint64(i)), i*10)
							}
							if err != nil {
								t.Errorf("worker %d, body %d: %v", worker, i, err)
								return
							}
						}
					}()
				}
				wg.Wait()
			})
		}
	}
}

// A body that is closed unread, ends early, or is not in its coding, gives the
// decoder back unharmed.
func TestCodingsSurviveFaults(t *testing.T) {
	testkit.NoLeaks(t, nil)
	cut := errors.New("the connection was cut")
	for name, coding := range codings {
		whole := encode(name, textual(40_000, 1))
		for _, u := range uses[1:] {
			hook := u.hook(coding)
			for range 5 {
				resp := message(name, name, bytes.NewReader(whole))
				wrap.Response(resp, hook)
				if err := resp.Body.Close(); err != nil {
					t.Errorf("%s of %s: Close of an unread body: %v", u.name, name, err)
				}
				resp = message(name, name, io.MultiReader(bytes.NewReader(whole[:len(whole)/2]), failing{cut}))
				wrap.Response(resp, hook)
				if _, err := io.ReadAll(resp.Body); !errors.Is(err, cut) {
					t.Errorf("%s of %s: a body that was cut: %v, want %v", u.name, name, err, cut)
				}
				resp.Body.Close()
				resp = message(name, name, bytes.NewReader(whole[:len(whole)/2]))
				wrap.Response(resp, hook)
				if _, err := io.ReadAll(resp.Body); !errors.Is(err, io.ErrUnexpectedEOF) {
					t.Errorf("%s of %s: half a body: %v, want %v", u.name, name, err, io.ErrUnexpectedEOF)
				}
				resp.Body.Close()
				resp = message(name, name, strings.NewReader(strings.Repeat("not in this coding", 1000)))
				wrap.Response(resp, hook)
				if got, err := io.ReadAll(resp.Body); err == nil {
					t.Errorf("%s of %s: other content was read as %.40q", u.name, name, got)
				}
				resp.Body.Close()
				if err := u.exchange(hook, name, textual(5000, 2)); err != nil {
					t.Errorf("%s of %s: after faults: %v", u.name, name, err)
				}
			}
		}
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// Events flow through a proxy: the backend sends the next one when the client
// has this one.
func TestEventsFlowInEachCoding(t *testing.T) {
	const events = 20
	httptest.NewServer(nil).Close() // the runtime keeps the descriptors of its poller
	for name, coding := range codings {
		for _, u := range uses {
			t.Run(name+"/"+u.name, func(t *testing.T) {
				testkit.NoLeaks(t, http.DefaultTransport.(*http.Transport).CloseIdleConnections)
				seen := make(chan struct{}, events)
				backend := testkit.StartBackend(t, "HTTP/1.1", func(w http.ResponseWriter, r *http.Request) {
					w.Header().Set("Content-Type", "text/event-stream")
					out := bareWriter("", w)
					if u.encoded {
						w.Header().Set("Content-Encoding", name)
						out = bareWriter(name, w)
					}
					defer out.Close()
					for i := range events {
						fmt.Fprintf(out, "data: line %d\n\n", i) // the client would complain
						_ = out.Flush()
						_ = http.NewResponseController(w).Flush()
						select {
						case <-seen:
						case <-r.Context().Done():
							return
						}
					}
				})
				hook := u.hook(coding)
				proxy := testkit.StartProxy(t, backend, nil, wrap.ModifyResponse(nil, func(*http.Response) []wrap.Hooks {
					return []wrap.Hooks{hook}
				}))
				req, err := http.NewRequestWithContext(t.Context(), "GET", proxy.URL, nil)
				if err != nil {
					t.Fatal(err)
				}
				req.Header.Set("Accept-Encoding", name)
				resp, err := proxy.Client().Do(req)
				if err != nil {
					t.Fatal(err)
				}
				defer resp.Body.Close()
				if got := resp.Header.Get("Content-Encoding"); (got == name) != u.result {
					t.Errorf("Content-Encoding = %q", got)
				}
				decoded, done := bareReader(resp.Header.Get("Content-Encoding"), resp.Body)
				defer done()
				var got, want []string
				for lines := bufio.NewScanner(decoded); lines.Scan(); {
					if lines.Text() == "" {
						continue
					}
					got = append(got, lines.Text())
					want = append(want, u.change(fmt.Sprintf("data: line %d", len(want))))
					seen <- struct{}{}
				}
				if diff := cmp.Diff(want, got); diff != "" || len(got) != events {
					t.Errorf("%d events, want %d (-want +got):\n%s", len(got), events, diff)
				}
			})
		}
	}
}
