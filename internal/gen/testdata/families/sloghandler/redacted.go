// Package sloghandler keeps secrets out of logs.
package sloghandler

import (
	"context"
	"io"
	"log/slog"
)

// Redact returns h as a handler that writes the values of attributes with this
// key as stars.
func Redact(h slog.Handler, key string) slog.Handler {
	r := &redactingHandler{Handler: h, key: key}
	return r.redacting(redactingSetOf(h))
}

// redacting is what handlers of the field do beside the methods of
// slog.Handler.
//
//wrapgen:for redactingHandler
//wrapgen:test
//wrapgen:as
type redacting interface {
	io.Closer
	slog.Leveler
	SetLevel(level slog.Level)
	flusher
	syncer
	io.Writer                                     //wrapgen:hide // would go round Handle
	Log(ctx context.Context, record *slog.Record) //wrapgen:like Handle //wrapgen:hide
}

type (
	flusher interface{ Flush() error }
	syncer  interface{ Sync() error }
)

type redactingHandler struct {
	slog.Handler
	key string
}

func (h *redactingHandler) Handle(ctx context.Context, r slog.Record) error {
	redacted := slog.NewRecord(r.Time, r.Level, r.Message, r.PC)
	r.Attrs(func(a slog.Attr) bool {
		redacted.AddAttrs(h.redact(a))
		return true
	})
	return h.Handler.Handle(ctx, redacted)
}

// WithAttrs and WithGroup return a handler of the same kind. It has the methods
// of the one that the original returns, which need not be the original's.

func (h *redactingHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	redacted := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		redacted[i] = h.redact(a)
	}
	return Redact(h.Handler.WithAttrs(redacted), h.key)
}

func (h *redactingHandler) WithGroup(name string) slog.Handler {
	return Redact(h.Handler.WithGroup(name), h.key)
}

func (h *redactingHandler) redact(a slog.Attr) slog.Attr {
	switch {
	case a.Key == h.key:
		a.Value = slog.StringValue("***")
	case a.Value.Kind() == slog.KindGroup:
		var group []slog.Attr
		for _, member := range a.Value.Group() {
			group = append(group, h.redact(member))
		}
		a.Value = slog.GroupValue(group...)
	}
	return a
}
