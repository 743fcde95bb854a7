package wrap

import (
	"context"
	"io"
	"log/slog"
)

// Log writes one record for each body when its life is over, as [Done] defines
// it, with the attributes of [Summary.LogValue] and those given here. It never
// logs what is in a body.
//
//	resp.Body = wrap.Body(resp.Body, wrap.Log(logger, slog.LevelInfo,
//		slog.String("path", resp.Request.URL.Path)))
//
// The message is "body done". A body with Write, such as an upgraded one, gets
// another when one of its directions ends before the body does: "body read
// side ended" at EOF, "body write side ended" when CloseWrite has succeeded.
// All are of the given level. The bytes of a Write that has not returned count in
// full in the record of a read side. While logger is enabled for [slog.LevelDebug],
// each call adds a "body call" record of that level with its method, bytes and
// error, also an error that is no error of the body by [Summary]. What logger is not enabled for is not put together either.
//
// A nil logger panics: use [slog.Default] for that one, and no hook for silence.
func Log(logger *slog.Logger, level slog.Level, attrs ...slog.Attr) Hooks {
	if logger == nil {
		panic("wrap: Log: the logger is nil; use slog.Default(), or leave the hook out")
	}
	if len(attrs) > 0 {
		logger = slog.New(logger.Handler().WithAttrs(attrs))
	}
	l := bodyLog{logger, level}
	done, ended := l.done, l.ended
	return Hooks{New: func(body io.ReadCloser) Hooks {
		next := methodsOf(body)
		m := newMeter(body, next.staged(&callLog{passThrough{next}, logger}), done, false)
		m.ended = ended
		return Hooks{stage: m}
	}}
}

type bodyLog struct {
	logger *slog.Logger
	level  slog.Level
}

func (l bodyLog) done(s Summary) { l.log("body done", s) }

func (l bodyLog) ended(direction string, s Summary) { l.log("body "+direction+" side ended", s) }

func (l bodyLog) log(msg string, s Summary) {
	if ctx := context.Background(); l.logger.Enabled(ctx, l.level) {
		l.logger.LogAttrs(ctx, l.level, msg, s.LogValue().Group()...)
	}
}

// A callLog logs each call while that is wanted. It stands behind the meter,
// so that a call comes before what it brings about.
type callLog struct {
	passThrough
	logger *slog.Logger
}

func (l *callLog) call(method string, n int64, err error) {
	ctx := context.Background()
	if !l.logger.Enabled(ctx, slog.LevelDebug) {
		return
	}
	attrs := []slog.Attr{slog.String("method", method), slog.Int64("bytes", n)}
	if err != nil {
		attrs = append(attrs, slog.Any("error", err))
	}
	l.logger.LogAttrs(ctx, slog.LevelDebug, "body call", attrs...)
}

func (l *callLog) Read(p []byte) (int, error) {
	n, err := l.next.r.Read(p)
	l.call("Read", int64(n), err)
	return n, err
}

func (l *callLog) Write(p []byte) (int, error) {
	n, err := l.next.w.Write(p)
	l.call("Write", int64(n), err)
	return n, err
}

func (l *callLog) WriteTo(w io.Writer) (int64, error) {
	n, err := l.next.wt.WriteTo(w)
	l.call("WriteTo", n, err)
	return n, err
}

func (l *callLog) ReadFrom(r io.Reader) (int64, error) {
	n, err := l.next.rf.ReadFrom(r)
	l.call("ReadFrom", n, err)
	return n, err
}

func (l *callLog) CloseWrite() error {
	err := l.next.cw.CloseWrite()
	l.call("CloseWrite", 0, err)
	return err
}

func (l *callLog) Close() error {
	err := l.next.c.Close()
	l.call("Close", 0, err)
	return err
}
