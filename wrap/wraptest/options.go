package wraptest

import (
	"path"
	"slices"
	"time"
)

// Options say what a test does not expect. The zero value expects everything.
type Options struct {
	// Hides are the names of the methods that the wrapper hides on purpose,
	// such as "WriteTo". If the wrapper has one of them, that is a fault.
	Hides []string

	// Skip are the names of the checks to leave out, as in Finding.Check. A
	// name such as "TLS/client resets" may be shortened to its last part.
	Skip []string

	// BytesRead and BytesWritten, if not nil, return how many bytes the
	// wrapper has counted until now, in everything that it wrapped. Body
	// and Conn then read and write by every method, and expect each byte to
	// be counted once. A wrapper that counts only in Read and Write misses
	// the bytes that io.Copy moves by WriteTo and ReadFrom.
	BytesRead, BytesWritten func() int64

	// Timeout is how long to wait for an event that must come. Only a fault
	// reaches it. A wrapper that hangs in every check takes several times
	// as long. If zero, 10 seconds.
	Timeout time.Duration
}

// single returns the one Options of opts, or the default. It panics if there
// are several, because it could not know which of them to use.
func single(opts []Options) Options {
	switch len(opts) {
	case 0:
		return Options{Timeout: 10 * time.Second}
	case 1:
		o := opts[0]
		if o.Timeout == 0 {
			o.Timeout = 10 * time.Second
		}
		return o
	}
	panic("wraptest: more than one Options: put all settings into one")
}

// skips reports whether Skip has the name of check or its last part.
func (o Options) skips(check string) bool {
	return slices.Contains(o.Skip, check) || slices.Contains(o.Skip, path.Base(check))
}
