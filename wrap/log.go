package wrap

import (
	"context"
	"io"
	"log/slog"
)

// Log writes one record for each body when the body's life is over, as [Done]
// defines it. The record has the attributes of [Summary.LogValue] and attrs.
// Log never logs the content of a body. The handler gets ctx with each record,
// and can add what ctx has, such as a trace id. Records come after ctx has
// ended, too.
//
//	ctx := resp.Request.Context()
//	resp.Body = wrap.Body(resp.Body, wrap.Log(ctx, logger, slog.LevelInfo,
//		slog.String("path", resp.Request.URL.Path)))
//
// The message is "body done". A body with Write, such as an upgraded one, gets
// one more record when a direction ends before the body does: "body read side
// ended" at EOF, "body write side ended" when CloseWrite has succeeded. All
// these records have the given level. In "body read side ended", a Write that
// has not returned counts with all its bytes.
//
// While logger is enabled for [slog.LevelDebug], each call adds a "body call"
// record of that level with its method, bytes and error. The error is there
// even if [Summary] does not count it as an error of the body. Log does not
// build a record for which logger is not enabled.
//
// A nil logger or ctx panics. For the default logger give [slog.Default]; to
// log nothing, leave the hook out. Without a context give [context.Background].
func Log(ctx context.Context, logger *slog.Logger, level slog.Level, attrs ...slog.Attr) Hooks {
	if logger == nil {
		panic("wrap: Log: the logger is nil; use slog.Default(), or leave the hook out")
	}
	if ctx == nil {
		panic("wrap: Log: the context is nil; use context.Background()")
	}
	if len(attrs) > 0 {
		logger = slog.New(logger.Handler().WithAttrs(attrs))
	}
	l := bodyLog{ctx, logger, level}
	done, ended := l.done, l.ended
	return Hooks{New: func(body io.ReadCloser) Hooks {
		next := methodsOf(body)
		m := newMeter(body, next.staged(&callLog{passThrough{next}, ctx, logger}), done, false)
		m.sideEnded = ended
		return Hooks{stage: m}
	}}
}

// A bodyLog writes the records of a body's and a side's end.
type bodyLog struct {
	ctx    context.Context // for the handler
	logger *slog.Logger
	level  slog.Level // of these records
}

func (l bodyLog) done(s Summary) { l.log("body done", s) }

func (l bodyLog) ended(direction string, s Summary) { l.log("body "+direction+" side ended", s) }

func (l bodyLog) log(msg string, s Summary) {
	if l.logger.Enabled(l.ctx, l.level) {
		l.logger.LogAttrs(l.ctx, l.level, msg, s.LogValue().Group()...)
	}
}

// A callLog logs each call while the logger is enabled for debug records. It is
// behind the meter, so that the record of a call comes before the record of an
// end that the call causes.
type callLog struct {
	passThrough
	ctx    context.Context // for the handler
	logger *slog.Logger
}

func (l *callLog) call(method string, n int64, err error) {
	if !l.logger.Enabled(l.ctx, slog.LevelDebug) {
		return
	}
	attrs := []slog.Attr{slog.String("method", method), slog.Int64("bytes", n)}
	if err != nil {
		attrs = append(attrs, slog.Any("error", err))
	}
	l.logger.LogAttrs(l.ctx, slog.LevelDebug, "body call", attrs...)
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
