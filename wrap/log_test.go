package wrap_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"regexp"
	"strings"
	"testing"

	"github.com/bodywrap/bodywrap/wrap"
	"github.com/google/go-cmp/cmp"
)

// logger returns a logger from level on, and a function for what it has
// written: no time, and each duration as DUR.
func logger(level slog.Level) (*slog.Logger, func() []string) {
	var b bytes.Buffer
	h := slog.NewTextHandler(&b, &slog.HandlerOptions{Level: level, ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey && len(groups) == 0 {
			return slog.Attr{}
		}
		return a
	}})
	duration := regexp.MustCompile(`=[0-9.]+(ns|µs|ms|s)`)
	return slog.New(h), func() []string {
		return strings.Split(strings.TrimSpace(duration.ReplaceAllString(b.String(), "=DUR")), "\n")
	}
}

func TestLogOneRecordForEachBody(t *testing.T) {
	log, lines := logger(slog.LevelInfo)
	hook := wrap.Log(context.Background(), log, slog.LevelInfo, slog.String("path", "/x"))
	for _, data := range []string{"secret", "secret too"} {
		body := wrap.Body(newRecorder(data).only(0), hook)
		_, _ = io.ReadAll(body)
		body.Close()
		body.Close()
	}
	want := []string{
		`level=INFO msg="body done" path=/x read=6 written=0 duration=DUR first_byte=DUR read_end=DUR`,
		`level=INFO msg="body done" path=/x read=10 written=0 duration=DUR first_byte=DUR read_end=DUR`,
	}
	if diff := cmp.Diff(want, lines()); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
}

func TestLogTheHalvesOfAnUpgradedBody(t *testing.T) {
	log, lines := logger(slog.LevelInfo)
	body := wrap.Body(newRecorder("answer"), wrap.Log(context.Background(), log, slog.LevelWarn))
	_, _ = body.(io.Writer).Write([]byte("question"))
	for range 2 {
		_ = body.(wrap.CloseWriter).CloseWrite() // a recorder's cannot fail
	}
	for range 2 {
		_, _ = io.ReadAll(body)
	}
	body.Close()
	want := []string{
		`level=WARN msg="body write side ended" read=0 written=8 duration=DUR write_end=DUR`,
		`level=WARN msg="body read side ended" read=6 written=8 duration=DUR first_byte=DUR read_end=DUR write_end=DUR`,
		`level=WARN msg="body done" read=6 written=8 duration=DUR first_byte=DUR read_end=DUR write_end=DUR`,
	}
	if diff := cmp.Diff(want, lines()); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
}

// Calls of a closed body add no record of an ended side.
func TestLogNothingAfterTheEnd(t *testing.T) {
	log, lines := logger(slog.LevelInfo)
	body := wrap.Body(newRecorder("answer"), wrap.Log(context.Background(), log, slog.LevelInfo))
	body.Close()
	_, _ = io.ReadAll(body)
	_ = body.(wrap.CloseWriter).CloseWrite() // a recorder's cannot fail
	body.Close()
	want := []string{`level=INFO msg="body done" read=0 written=0 duration=DUR`}
	if diff := cmp.Diff(want, lines()); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
}

func TestLogEachCallAtDebug(t *testing.T) {
	log, lines := logger(slog.LevelDebug)
	rec := newRecorder("secret")
	rec.err = errors.New("broken")
	body := wrap.Body(rec, wrap.Log(context.Background(), log, slog.LevelInfo, slog.Int("id", 7)))
	_, _ = body.Read(make([]byte, 2))
	_, _ = body.(io.WriterTo).WriteTo(io.Discard)
	_, _ = body.(io.Writer).Write([]byte("secret"))
	_, _ = body.(io.ReaderFrom).ReadFrom(strings.NewReader("secret"))
	_ = body.(wrap.CloseWriter).CloseWrite()
	_ = body.Close()
	want := []string{
		`level=DEBUG msg="body call" id=7 method=Read bytes=2`,
		`level=DEBUG msg="body call" id=7 method=WriteTo bytes=4`,
		`level=INFO msg="body read side ended" id=7 read=6 written=0 duration=DUR first_byte=DUR read_end=DUR`,
		`level=DEBUG msg="body call" id=7 method=Write bytes=6`,
		`level=DEBUG msg="body call" id=7 method=ReadFrom bytes=6`,
		`level=DEBUG msg="body call" id=7 method=CloseWrite bytes=0 error=broken`,
		`level=DEBUG msg="body call" id=7 method=Close bytes=0 error=broken`,
		`level=INFO msg="body done" id=7 read=6 written=12 duration=DUR first_byte=DUR read_end=DUR write_error=broken close_error=broken`,
	}
	if diff := cmp.Diff(want, lines()); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
}

// If the handler is enabled for no level, Log gives it no record, and costs
// only the calls of Enabled.
func TestLogBelowItsThreshold(t *testing.T) {
	body := wrap.Body(endless{}, wrap.Log(context.Background(), slog.New(mute{t}), slog.LevelInfo))
	p := make([]byte, 8)
	if got := testing.AllocsPerRun(100, func() {
		_, _ = body.Read(p)
		_, _ = body.(io.Writer).Write(p)
		_ = body.(wrap.CloseWriter).CloseWrite()
		_ = body.Close()
	}); got != 0 {
		t.Errorf("calls with Log below its threshold allocate %v times, want 0", got)
	}
}

// A handler that panics when a side ends still gets the last record.
func TestLogAfterAPanicOfTheHandler(t *testing.T) {
	ends := map[string]func(io.ReadCloser){
		"read":          func(b io.ReadCloser) { _, _ = b.Read(make([]byte, 1)) },
		"read, WriteTo": func(b io.ReadCloser) { _, _ = b.(io.WriterTo).WriteTo(io.Discard) },
		"write":         func(b io.ReadCloser) { _ = b.(wrap.CloseWriter).CloseWrite() },
	}
	for side, end := range ends {
		t.Run(side, func(t *testing.T) {
			var got []string
			body := wrap.Body(newRecorder(""), wrap.Log(context.Background(), slog.New(panicky{&got}), slog.LevelInfo))
			func() {
				defer func() {
					if v := recover(); v != "boom" {
						t.Errorf("the call panicked with %v, want boom", v)
					}
				}()
				end(body)
			}()
			body.Close()
			half, _, _ := strings.Cut(side, ",")
			if diff := cmp.Diff([]string{"body " + half + " side ended", "body done"}, got); diff != "" {
				t.Errorf("records (-want +got):\n%s", diff)
			}
		})
	}
}

// panicky notes messages, and panics with those that say that a side has ended.
type panicky struct{ got *[]string }

func (p panicky) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelInfo }
func (p panicky) WithAttrs([]slog.Attr) slog.Handler               { return p }
func (p panicky) WithGroup(string) slog.Handler                    { return p }
func (p panicky) Handle(_ context.Context, r slog.Record) error {
	*p.got = append(*p.got, r.Message)
	if strings.HasSuffix(r.Message, "ended") {
		panic("boom")
	}
	return nil
}

// mute is a handler that is enabled for nothing.
type mute struct{ t *testing.T }

func (m mute) Enabled(context.Context, slog.Level) bool { return false }
func (m mute) WithAttrs([]slog.Attr) slog.Handler       { return m }
func (m mute) WithGroup(string) slog.Handler            { return m }
func (m mute) Handle(_ context.Context, r slog.Record) error {
	m.t.Errorf("the handler was given %q", r.Message)
	return nil
}
