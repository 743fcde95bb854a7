package fixes

import (
	h "net/http"

	w "github.com/bodywrap/bodywrap/wrap"
)

func modifyResponseToo(resp *h.Response) error {
	resp.Body = w.Body(wrapped(resp.Body)) // want `loses-write`
	return nil
}
