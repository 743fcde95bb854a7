package wrap

import "io"

// closeOnPanic calls f, and closes c if f panics: otherwise nobody would close
// c. The panic goes on.
func closeOnPanic(c io.Closer, f func()) {
	returned := false
	defer func() {
		if !returned {
			_ = c.Close() // the panic says more
		}
	}()
	f()
	returned = true
}
