// Package handsover touches no body itself.
package handsover

import (
	"net/http"
	"treats"
)

type logger struct{ log treats.Log }

func (l *logger) ModifyResponse(resp *http.Response) error {
	return l.log.Note("1", resp) // want `blocks-on-101`
}
