package sloghandler

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"testing/slogtest"
)

// closing is a handler that is also a Closer, until it has attributes.
type closing struct{ slog.Handler }

func (closing) Close() error { return nil }

func TestRedactedHandlerIsAHandler(t *testing.T) {
	var buf bytes.Buffer
	slogtest.Run(t, func(*testing.T) slog.Handler {
		buf.Reset()
		return Redact(slog.NewJSONHandler(&buf, nil), "password")
	}, func(t *testing.T) map[string]any {
		var m map[string]any
		if err := json.Unmarshal(buf.Bytes(), &m); err != nil {
			t.Fatal(err)
		}
		return m
	})
}

func TestNoWayRoundRedact(t *testing.T) {
	var buf bytes.Buffer
	h := Redact(closing{slog.NewTextHandler(&buf, nil)}, "password")
	if _, ok := h.(interface{ Close() error }); !ok {
		t.Error("the handler has lost Close")
	}
	log := slog.New(h)
	log.Info("1", "password", "secret")
	log.Info("2", slog.Group("g", "password", "secret"))
	log.With("password", "secret").Info("3")
	log.WithGroup("g").With(slog.Group("h", "password", "secret")).Info("4", "password", "secret")
	if got := buf.String(); strings.Contains(got, "secret") || strings.Count(got, "***") != 5 {
		t.Errorf("logged %s", got)
	}
	with := log.With("a", 1).Handler()
	if _, ok := with.(interface{ Close() error }); ok {
		t.Error("a handler with attributes has Close, and what it wraps has not")
	}
	if _, ok := redactingAs[*slog.TextHandler](with); !ok {
		t.Error("redactingAs does not find the text handler")
	}
}
