package wrap_test

import (
	"context"
	"io"
	"log/slog"
	"os"
	"strings"

	"github.com/bodywrap/bodywrap/wrap"
)

// One record for each body. Times are left out here, since they differ.
func ExampleLog() {
	logger := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			switch a.Key {
			case "time", "duration", "first_byte", "read_end":
				return slog.Attr{}
			}
			return a
		},
	}))
	body := io.NopCloser(strings.NewReader("the backend's answer"))
	body = wrap.Body(body, wrap.Log(context.Background(), logger, slog.LevelInfo, slog.String("backend", "a")))
	_, _ = io.Copy(io.Discard, body)
	body.Close()
	// Output: level=INFO msg="body done" backend=a read=20 written=0
}
