// Package snoop does with httpsnoop what package bench does with wrapgen.
package snoop

import (
	"net/http"

	"github.com/felixge/httpsnoop"
)

// Count returns w as a ResponseWriter that adds the number of written bytes to
// n.
func Count(w http.ResponseWriter, n *int64) http.ResponseWriter {
	return httpsnoop.Wrap(w, httpsnoop.Hooks{
		Write: func(next httpsnoop.WriteFunc) httpsnoop.WriteFunc {
			return func(p []byte) (int, error) {
				m, err := next(p)
				*n += int64(m)
				return m, err
			}
		},
	})
}
