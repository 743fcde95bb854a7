package interop

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/bodywrap/bodywrap/wrap"
	"github.com/chromedp/chromedp"
	"github.com/gorilla/websocket"
)

// A page in headless Chromium opens a WebSocket through a proxy that logs. It
// exchanges messages, and closes with a code. The backend gets that code, and
// so does the proxy's log.
func TestBrowser(t *testing.T) {
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("chromium is not installed (Debian: apt-get install chromium)")
	}
	sessions := make(chan error, 1)
	backend := httptest.NewServer(backendOfPage(sessions))
	defer backend.Close()
	target, err := url.Parse(backend.URL)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer // the handler's lock guards it; it is read after over
	logger := slog.New(slog.NewTextHandler(&out, nil))
	over := make(chan wrap.Summary, 1)
	proxy := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite:  func(r *httputil.ProxyRequest) { r.SetURL(target); r.Out.Host = r.In.Host },
		ErrorLog: log.New(t.Output(), "proxy: ", 0),
		ModifyResponse: wrap.ModifyResponse(nil, func(resp *http.Response) []wrap.Hooks {
			if resp.StatusCode != http.StatusSwitchingProtocols {
				return nil
			}
			var frames clientFrames
			return []wrap.Hooks{
				wrap.Done(func(s wrap.Summary) {
					logger.Info("websocket over", "code", frames.code, "reason", frames.reason)
					over <- s
				}),
				wrap.Log(context.Background(), logger, slog.LevelInfo, slog.String("path", resp.Request.URL.Path)),
				wrap.TeeWrite(&frames),
			}
		}),
	})
	defer proxy.Close()

	title := browse(t, chromium, proxy.URL+"/")
	if want := "4 echoed, closed 4321 clean true"; title != want {
		t.Errorf("the title of the page = %q, want %q", title, want)
	}
	want := closed{4321, "the page is done"}
	select {
	case err := <-sessions:
		if got := (*closed)(nil); !errors.As(err, &got) || *got != want {
			t.Errorf("the backend's session ends with %v, want %v", err, &want)
		}
	case <-time.After(patience):
		t.Fatal("the backend has not seen that the page closed")
	}
	select {
	case s := <-over:
		if s.Read < 70000 || s.Written == 0 {
			t.Errorf("Done reports %d bytes read and %d written, want at least 70000 read and some written", s.Read, s.Written)
		}
	case <-time.After(patience):
		t.Fatal("the proxy still holds the tunnel")
	}
	for _, record := range []string{`msg="body done" path=/socket`, `msg="websocket over" code=4321 reason="the page is done"`} {
		if !strings.Contains(out.String(), record) {
			t.Errorf("the log has no %s:\n%s", record, out.String())
		}
	}
}

// backendOfPage serves the page and a WebSocket that echoes. It sends the error
// that ends each WebSocket to sessions.
func backendOfPage(sessions chan<- error) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		http.ServeFile(w, r, filepath.Join("testdata", "page.html"))
	})
	mux.HandleFunc("GET /socket", func(w http.ResponseWriter, r *http.Request) {
		c, err := new(websocket.Upgrader).Upgrade(w, r, nil)
		if err != nil {
			sessions <- err
			return
		}
		defer c.Close()
		s := newGorilla(c)
		for {
			message, err := s.receive()
			if err == nil {
				err = c.WriteMessage(websocket.TextMessage, message)
			}
			if err != nil {
				sessions <- err
				return
			}
		}
	})
	return mux
}

// browse opens address in Chromium, waits until the page changes its title, and
// returns the title.
func browse(t *testing.T, chromium, address string) string {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(chromium),
		chromedp.UserDataDir(t.TempDir()),
		chromedp.NoSandbox, // Chromium has no sandbox for root
		chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
	)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	ctx, cancel = chromedp.NewExecAllocator(ctx, options...)
	defer cancel()
	ctx, cancel = chromedp.NewContext(ctx)
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.Navigate(address)); err != nil {
		t.Fatalf("chromium at %s: %v", address, err)
	}
	title, err := chromedp.Run(ctx, chromedp.Poll[string](`document.title === "waiting" ? "" : document.title`))
	if err != nil {
		t.Fatalf("chromium at %s: waiting for the page: %v", address, err)
	}
	if err := chromedp.Cancel(ctx); err != nil {
		t.Errorf("chromium does not end: %v", err)
	}
	return title
}

// clientFrames finds the close frame in the bytes that a WebSocket client sends
// (RFC 6455, section 5.2).
type clientFrames struct {
	pending []byte // the start of a frame whose rest has not come
	code    int    // of the close frame
	reason  string // of the close frame
}

func (f *clientFrames) Write(p []byte) (int, error) {
	f.pending = append(f.pending, p...)
	for f.frame() {
	}
	return len(p), nil
}

// frame removes one frame from pending, and reports whether a whole frame was
// there.
func (f *clientFrames) frame() bool {
	b := f.pending
	if len(b) < 2 {
		return false
	}
	opcode, size, head := b[0]&0xf, uint64(b[1]&0x7f), 2
	switch {
	case size == 126 && len(b) >= 4:
		size, head = uint64(binary.BigEndian.Uint16(b[2:])), 4
	case size == 127 && len(b) >= 10:
		size, head = binary.BigEndian.Uint64(b[2:]), 10
	case size >= 126:
		return false
	}
	const mask = 4 // bytes; a client masks each frame
	if uint64(len(b)) < uint64(head+mask)+size {
		return false
	}
	payload := b[head+mask:][:size]
	if opcode == 8 && size >= 2 {
		for i := range payload {
			payload[i] ^= b[head+i%mask]
		}
		f.code, f.reason = int(binary.BigEndian.Uint16(payload)), string(payload[2:])
	}
	f.pending = b[head+mask+int(size):]
	return true
}
