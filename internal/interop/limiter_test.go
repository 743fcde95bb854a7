package interop

import (
	"context"
	"io"
	"strings"
	"testing"

	"github.com/bodywrap/bodywrap/wrap"
	"golang.org/x/time/rate"
)

// A Limiter of golang.org/x/time/rate fits Throttle as it is.
var _ wrap.Limiter = (*rate.Limiter)(nil)

func TestThrottleTakesALimiterFromOutside(t *testing.T) {
	for _, limiter := range []*rate.Limiter{rate.NewLimiter(1<<20, 16), rate.NewLimiter(rate.Inf, 0)} {
		body := wrap.Body(io.NopCloser(strings.NewReader(strings.Repeat("x", 100))), wrap.Throttle(limiter, nil))
		if got, err := io.ReadAll(body); len(got) != 100 || err != nil {
			t.Errorf("ReadAll = %d bytes, %v", len(got), err)
		}
		body.Close()
	}
	empty := rate.NewLimiter(1, 16)
	_ = empty.WaitN(context.Background(), 16)
	body := wrap.Body(io.NopCloser(strings.NewReader("x")), wrap.Throttle(empty, nil))
	body.Close() // ends the wait at once
	if _, err := io.ReadAll(body); err != nil {
		t.Errorf("after Close: %v", err)
	}
}
