package fixes

import "net/http"

// The name of the package is taken here.
func modifyResponse(resp *http.Response) error {
	wrap := wrapped
	resp.Body = wrap(resp.Body) // want `loses-write`
	return nil
}
