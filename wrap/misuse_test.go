package wrap_test

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/bodywrap/bodywrap/wrap"
)

func TestMisusePanicsWithAdvice(t *testing.T) {
	tests := []struct {
		name   string
		call   func()
		advice string
	}{
		{"Done", func() { wrap.Done(nil) }, "leave the hook out"},
		{"DoneBeforeClose", func() { wrap.DoneBeforeClose(nil) }, "leave the hook out"},
		{"Log", func() { wrap.Log(context.Background(), nil, 0) }, "slog.Default()"},
		{"Count", func() { wrap.Count(nil) }, "leave the hook out"},
		{"Throttle", func() { wrap.Throttle(nil, nil) }, "leave the hook out"},
		{"NewLimiter", func() { wrap.NewLimiter(0, 1) }, "must be positive"},
		{"TeeRead", func() { wrap.TeeRead(nil) }, "leave the hook out"},
		{"TeeWrite", func() { wrap.TeeWrite(nil) }, "leave the hook out"},
		{"LimitRead", func() { wrap.LimitRead(-1) }, "leave the hook out"},
		{"LimitWrite", func() { wrap.LimitWrite(-1) }, "leave the hook out"},
		{"TransformRead", func() { wrap.TransformRead[io.Reader](nil) }, "leave the hook out"},
		{"TransformWrite", func() { wrap.TransformWrite[io.WriteCloser](nil) }, "leave the hook out"},
		{"Encoder", func() { wrap.Encoder[io.WriteCloser](nil) }, "must return a writer"},
		{"KeepFunc", func() { wrap.KeepFunc[io.ReadCloser](http.NoBody, nil) }, "must return a replacement"},
		{"Linger", func() { wrap.Linger(0) }, "leave the hook out"},
		{"Idle", func() { wrap.Idle(-1) }, "leave the hook out"},
		{"Response", func() { wrap.Response(nil) }, "check the error"},
		{"Request", func() { wrap.Request(nil) }, "check the error"},
		{"ModifyResponse", func() { wrap.ModifyResponse(nil, nil) }, "must return the hooks"},
		{"Transport", func() { wrap.Transport(nil, nil) }, "must return the hooks"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			defer func() {
				msg, _ := recover().(string)
				if !strings.HasPrefix(msg, "wrap: "+tt.name+":") || !strings.Contains(msg, tt.advice) {
					t.Errorf("%s panicked with %q, want advice with %q", tt.name, msg, tt.advice)
				}
			}()
			tt.call()
		})
	}
}
