package wraptest_test

import (
	"io"
	"net/http"
	"testing"

	"github.com/bodywrap/bodywrap/wrap"
	"github.com/bodywrap/bodywrap/wrap/wraptest"
)

var counting = wrap.Hooks{
	Read:  func(next io.Reader, p []byte) (int, error) { return next.Read(p) },
	Write: func(next io.Writer, p []byte) (int, error) { return next.Write(p) },
}

func TestWrapBodyPassesModifyResponse(t *testing.T) {
	t.Parallel()
	wraptest.ModifyResponse(t, func(resp *http.Response) error {
		resp.Body = wrap.Body(resp.Body, counting)
		return nil
	}, patient)
}

func TestWrapKeepPassesModifyResponse(t *testing.T) {
	t.Parallel()
	wraptest.ModifyResponse(t, func(resp *http.Response) error {
		resp.Body = wrap.Keep(resp.Body, struct{ io.ReadCloser }{resp.Body})
		return nil
	}, patient)
}
