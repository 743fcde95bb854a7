// Package received inspects requests that a server has received.
package received

import "net/http"

// HasBody reports whether r has a body, even if a middleware has wrapped it.
// The server reads the body through the buffer that Hijack returns, so bytes in
// that buffer may belong to the body.
func HasBody(r *http.Request) bool {
	return r.Body != nil && r.Body != http.NoBody && (r.ContentLength != 0 || len(r.TransferEncoding) > 0)
}
