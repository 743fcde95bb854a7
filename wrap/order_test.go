package wrap_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"log/slog"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/bodywrap/bodywrap/wrap"
)

// In every order of the hooks, the transforms determine the bytes, and the body
// keeps its methods.
func TestHooksCombineInAnyOrder(t *testing.T) {
	plain := strings.Repeat("The quick brown fox. ", 2000)
	zipped := string(gzipped(plain))
	for range 50 {
		done, c := summaries()
		var teed bytes.Buffer
		hooks := []wrap.Hooks{
			wrap.Done(done),
			wrap.DoneBeforeClose(func(wrap.Summary) {}),
			wrap.Log(context.Background(), slog.New(slog.DiscardHandler), slog.LevelInfo),
			wrap.Count(new(wrap.Counters)),
			wrap.Throttle(wrap.NewLimiter(1<<30, 1<<20), wrap.NewLimiter(1<<30, 1<<20)),
			wrap.CloseWaits(),
			wrap.TeeRead(&teed),
			wrap.TeeWrite(io.Discard),
			wrap.LimitRead(1 << 20),
			wrap.LimitWrite(1 << 20),
			wrap.TransformRead(gzip.NewReader),
			wrap.TransformWrite(gzip.NewWriter),
			wrap.Linger(time.Hour),
			wrap.Idle(time.Hour),
			passAll,
		}
		order := rand.Perm(len(hooks))
		shuffled := make([]wrap.Hooks, len(hooks))
		for i, j := range order {
			shuffled[i] = hooks[j]
		}
		mask := kept(rand.IntN(allMethods + 1))
		rec := newRecorder(zipped)
		body := wrap.Body(rec.only(mask), shuffled...)
		if got := methodsOf(body); got != mask {
			t.Errorf("order %v: Body has %s, want %s", order, methodNames(got), methodNames(mask))
		}
		if w, ok := body.(io.Writer); ok {
			if n, err := io.Copy(w, strings.NewReader(plain)); n != int64(len(plain)) || err != nil {
				t.Errorf("order %v: writing: %d, %v, want %d, nil", order, n, err, len(plain))
			}
		}
		if cw, ok := body.(wrap.CloseWriter); ok {
			if err := cw.CloseWrite(); err != nil {
				t.Errorf("order %v: CloseWrite = %v", order, err)
			}
		}
		var got strings.Builder
		if _, err := io.Copy(&got, body); err != nil || got.String() != plain {
			t.Errorf("order %v: reading: %v and %d bytes, want nil and the text's %d", order, err, got.Len(), len(plain))
		}
		if err := body.Close(); err != nil {
			t.Errorf("order %v: Close = %v", order, err)
		}
		if mask&hasWrite != 0 {
			if sent := gunzip(t, rec.out.Bytes()); sent != plain {
				t.Errorf("order %v: the body was given %d bytes unzipped, want the text's %d", order, len(sent), len(plain))
			}
		}
		one(t, c)
		if teed.Len() != len(plain) && teed.Len() != len(zipped) {
			t.Errorf("order %v: %d bytes were copied, want %d or %d", order, teed.Len(), len(plain), len(zipped))
		}
	}
}

// Each row is a sentence of the package comment about orders.
func TestOrdersThatMakeSense(t *testing.T) {
	const plain = 100_000
	zipped := gzipped(strings.Repeat("x", plain))
	var teed bytes.Buffer
	done, c := summaries()
	gunzips := wrap.TransformRead(gzip.NewReader)
	tests := []struct {
		name     string
		hooks    []wrap.Hooks
		exceeded bool
		counted  int64
		copied   int
		why      string
	}{
		{"Done outside of Transform", []wrap.Hooks{wrap.Done(done), gunzips}, false, plain, 0, "it counts what the caller gets"},
		{"Done inside of Transform", []wrap.Hooks{gunzips, wrap.Done(done)}, false, int64(len(zipped)), 0, "it counts what was sent"},
		{"Tee outside of Transform", []wrap.Hooks{wrap.Done(done), wrap.TeeRead(&teed), gunzips}, false, plain, plain, "a copy to read"},
		{"Tee inside of Transform", []wrap.Hooks{wrap.Done(done), gunzips, wrap.TeeRead(&teed)}, false, plain, len(zipped), "a copy to send again"},
		{"Limit outside of Transform", []wrap.Hooks{wrap.Done(done), wrap.LimitRead(1000), gunzips}, true, 1000, 0, "it bounds what the caller has to store"},
		{"Limit inside of Transform", []wrap.Hooks{wrap.Done(done), gunzips, wrap.LimitRead(1000)}, false, plain, 0, "it bounds what is received"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			teed.Reset()
			rec := newRecorder(string(zipped))
			body := wrap.Body(rec.only(0), tt.hooks...)
			_, err := io.ReadAll(body)
			body.Close()
			var limit *wrap.LimitError
			if errors.As(err, &limit) != tt.exceeded || !tt.exceeded && err != nil {
				t.Errorf("ReadAll = %v, want a *LimitError: %v", err, tt.exceeded)
			}
			s := one(t, c)
			if s.Read != tt.counted {
				t.Errorf("Read = %d, want %d: %s", s.Read, tt.counted, tt.why)
			}
			if tt.exceeded && s.ReadErr != err {
				t.Errorf("ReadErr = %v, want %v: Done outermost knows why", s.ReadErr, err)
			}
			if teed.Len() != tt.copied {
				t.Errorf("%d bytes were copied, want %d: %s", teed.Len(), tt.copied, tt.why)
			}
		})
	}
}

// The same hooks in front of a connection.
func TestHooksServeConnections(t *testing.T) {
	done, c := summaries()
	conn := wrap.Conn(dialEcho(t),
		wrap.Done(done),
		wrap.DoneBeforeClose(func(wrap.Summary) {}),
		wrap.Log(context.Background(), slog.New(slog.DiscardHandler), slog.LevelInfo),
		wrap.Count(new(wrap.Counters)),
		wrap.Throttle(wrap.NewLimiter(1<<30, 1<<20), wrap.NewLimiter(1<<30, 1<<20)),
		wrap.CloseWaits(),
		wrap.TeeRead(io.Discard),
		wrap.TeeWrite(io.Discard),
		wrap.LimitRead(100),
		wrap.LimitWrite(100),
		wrap.TransformRead(gzip.NewReader), // of what TransformWrite sent
		wrap.TransformWrite(gzip.NewWriter),
		wrap.Linger(time.Hour),
		wrap.Idle(time.Hour),
	)
	if got := methodsOf(conn); got != allMethods {
		t.Errorf("Conn has %s, want %s", methodNames(got), methodNames(allMethods))
	}
	if n, err := io.Copy(conn, strings.NewReader("ping")); n != 4 || err != nil {
		t.Errorf("writing: %d, %v, want 4, nil", n, err)
	}
	if err := conn.(wrap.CloseWriter).CloseWrite(); err != nil {
		t.Errorf("CloseWrite = %v", err)
	}
	if got, err := io.ReadAll(conn); string(got) != "ping" || err != nil {
		t.Errorf("ReadAll = %q, %v, want ping", got, err)
	}
	if err := conn.Close(); err != nil {
		t.Errorf("Close = %v", err)
	}
	if s := one(t, c); s.Read != 4 || s.Written != 4 || s.ReadEnd == 0 || s.WriteEnd == 0 {
		t.Errorf("summary = %+v, want 4 bytes each way, and both ended", s)
	}
}
