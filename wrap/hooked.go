package wrap

import (
	"fmt"
	"io"
)

// hookedReader calls the layer's Read hook, hookedWriter its Write hook. Both
// enforce the contracts of io.Reader and io.Writer on the hook.
type (
	hookedReader layer
	hookedWriter layer
)

func (l *hookedReader) Read(p []byte) (int, error) {
	n, err := l.hooks.read(l.next.r, p)
	if uint(n) > uint(len(p)) {
		return 0, countError("Read", n, len(p))
	}
	return n, err
}

func (l *hookedWriter) Write(p []byte) (int, error) {
	n, err := l.hooks.write(l.next.w, p)
	if uint(n) > uint(len(p)) {
		return 0, countError("Write", n, len(p))
	}
	if n < len(p) && err == nil {
		err = io.ErrShortWrite
	}
	return n, err
}

// countError says that a hook returned an impossible count n for size bytes.
func countError(hook string, n, size int) error {
	return fmt.Errorf("wrap: a %s hook returned %d for %d bytes; it must return how many bytes of p it has used", hook, n, size)
}
