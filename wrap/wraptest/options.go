package wraptest

import (
	"cmp"
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

// settings are what a call of the kit was given.
type settings struct {
	Options // Timeout is not zero

	// timeouts, by the names of checks, go before Timeout. Only the kit's
	// own tests set it: they know which checks of a wrong wrapper wait in
	// vain.
	timeouts map[string]time.Duration
}

// single returns the settings that the one Options of opts makes, or the
// default. It panics if there are several, because it could not know which of
// them to use.
func single(opts []Options) (s settings) {
	switch len(opts) {
	case 0:
	case 1:
		s.Options = opts[0]
	default:
		panic("wraptest: more than one Options: put all settings into one")
	}
	s.Timeout = cmp.Or(s.Timeout, 10*time.Second)
	return s
}

// timeout returns how long check waits for an event that must come.
func (s settings) timeout(check string) time.Duration {
	for _, name := range []string{check, path.Base(check)} {
		if d, ok := s.timeouts[name]; ok {
			return d
		}
	}
	return s.Timeout
}

// skips reports whether Skip has the name of check or its last part.
func (s settings) skips(check string) bool {
	return slices.Contains(s.Skip, check) || slices.Contains(s.Skip, path.Base(check))
}
