package wrap_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"math"
	"testing"
	"time"

	"github.com/bodywrap/bodywrap/wrap"
)

type syncer interface{ Sync() error }

var errSynced = errors.New("synced")

// A synced is a body with the method that the family has been given.
type synced struct {
	io.ReadCloser
	err error
}

func (s synced) Sync() error { return s.err }

type bare struct{ io.ReadCloser }

type nopCloser struct{ io.Writer }

func (nopCloser) Close() error { return nil }

func sync(t *testing.T, body io.ReadCloser) error {
	t.Helper()
	s, ok := body.(syncer)
	if !ok {
		t.Fatalf("%T has no Sync", body)
	}
	return s.Sync()
}

func TestANewMethodPassesThrough(t *testing.T) {
	empty := io.NopCloser(nil)
	hooks := map[string]wrap.Hooks{
		"Read":            {Read: func(next io.Reader, p []byte) (int, error) { return next.Read(p) }},
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
		"TransformWrite":  wrap.TransformWrite(func(w io.Writer) nopCloser { return nopCloser{w} }),
		"TransformRead":   wrap.TransformRead(func(r io.Reader) (io.Reader, error) { return r, nil }),
	}
	for name, h := range hooks {
		body := wrap.Body(synced{empty, errSynced}, h)
		if err := sync(t, body); err != errSynced {
			t.Errorf("%s: Sync() = %v, want the body's", name, err)
		}
		if _, ok := wrap.Body(bare{empty}, h).(syncer); ok {
			t.Errorf("%s: a body without Sync has one", name)
		}
		body.Close()
	}
	for _, test := range []struct {
		why                   string
		original, replacement io.ReadCloser
	}{
		{"the replacement has lost it", synced{empty, errSynced}, bare{empty}},
		{"the original never had it", bare{empty}, synced{empty, errSynced}},
		{"both have it", synced{empty, nil}, synced{empty, errSynced}},
	} {
		if err := sync(t, wrap.Body(wrap.Keep(test.original, test.replacement), hooks["Read"])); err != errSynced {
			t.Errorf("Keep, %s: Sync() = %v, want %v", test.why, err, errSynced)
		}
	}
}
