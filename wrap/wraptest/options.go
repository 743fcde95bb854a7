package wraptest

import (
	"path"
	"slices"
	"time"
)

// Options say what to expect otherwise. The zero value expects everything.
type Options struct {
	// Hides are the methods that the wrapper hides on purpose, such as
	// "WriteTo". That they are there after all is then a fault.
	Hides []string

	// Skip are the checks to leave out, by the names that findings have. A
	// name such as "TLS/client resets" may be shortened to its last part.
	Skip []string

	// BytesRead and BytesWritten, if not nil, return how many bytes the
	// wrapper has counted up to now, of all that it wrapped. Body and Conn
	// then read and write in every way there is, and expect each byte to be
	// counted once: whoever counts in Read and Write alone misses what
	// io.Copy moves by WriteTo and ReadFrom.
	BytesRead, BytesWritten func() int64

	// Timeout is how long to wait for what must come. Only a fault reaches
	// it. If zero, 10 seconds.
	Timeout time.Duration
}

// only returns the one Options there is. To give several would leave open
// which of them counts.
func only(opts []Options) Options {
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

func (o Options) skips(check string) bool {
	return slices.Contains(o.Skip, check) || slices.Contains(o.Skip, path.Base(check))
}
