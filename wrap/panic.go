package wrap

import "io"

// closeOnPanic calls f, and closes c if f does not return: a panic of a hook
// would else leave c open with nobody to close it. The panic goes on.
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
