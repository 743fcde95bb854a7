package wrap_test

import (
	"context"
	"io"
	"log/slog"
	"math"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/bodywrap/bodywrap/wrap"
	"github.com/bodywrap/bodywrap/wrap/wraptest"
)

// The hooks that change nothing pass the checks of wraptest.
func TestHooksThatChangeNothingPassWraptest(t *testing.T) {
	hooks := map[string]wrap.Hooks{
		"Done":            wrap.Done(func(wrap.Summary) {}),
		"DoneBeforeClose": wrap.DoneBeforeClose(func(wrap.Summary) {}),
		"Log":             wrap.Log(context.Background(), slog.New(slog.DiscardHandler), slog.LevelInfo),
		"Count":           wrap.Count(new(wrap.Counters)),
		"Throttle":        wrap.Throttle(wrap.NewLimiter(1<<30, 1<<20), wrap.NewLimiter(1<<30, 1<<20)),
		"CloseWaits":      wrap.CloseWaits(),
		"TeeRead":         wrap.TeeRead(io.Discard),
		"TeeWrite":        wrap.TeeWrite(io.Discard),
		"LimitRead":       wrap.LimitRead(math.MaxInt64),
		"LimitWrite":      wrap.LimitWrite(math.MaxInt64),
		"Linger":          wrap.Linger(time.Hour),
		"Idle":            wrap.Idle(time.Hour),
	}
	var all []wrap.Hooks
	for name, hook := range hooks {
		all = append(all, hook)
		t.Run(name+"/Body", func(t *testing.T) {
			wraptest.Body(t, func(body io.ReadCloser) io.ReadCloser { return wrap.Body(body, hook) })
		})
		t.Run(name+"/Conn", func(t *testing.T) {
			wraptest.Conn(t, func(c net.Conn) net.Conn { return wrap.Conn(c, hook) })
		})
	}
	t.Run("all/ModifyResponse", func(t *testing.T) {
		wraptest.ModifyResponse(t, wrap.ModifyResponse(nil, func(*http.Response) []wrap.Hooks { return all }))
	})
	t.Run("all/Transport", func(t *testing.T) {
		wraptest.Transport(t, func(base http.RoundTripper) http.RoundTripper {
			return wrap.Transport(base, func(*http.Response) []wrap.Hooks { return all })
		})
	})
}
