package wrap

import (
	"fmt"
	"io"
)

// hookedReader and hookedWriter are layers seen through their Read or Write
// hook. They hold hooks to the contracts of io.Reader and io.Writer.
type (
	hookedReader layer
	hookedWriter layer
)

func (l *hookedReader) Read(p []byte) (int, error) {
	n, err := l.hooks.read(l.next.r, p)
	if uint(n) > uint(len(p)) {
		return 0, impossible("Read", n, len(p))
	}
	return n, err
}

func (l *hookedWriter) Write(p []byte) (int, error) {
	n, err := l.hooks.write(l.next.w, p)
	if uint(n) > uint(len(p)) {
		return 0, impossible("Write", n, len(p))
	}
	if n < len(p) && err == nil {
		err = io.ErrShortWrite
	}
	return n, err
}

func impossible(hook string, n, size int) error {
	return fmt.Errorf("wrap: a %s hook returned %d for %d bytes; it must return how many bytes of p it has used", hook, n, size)
}
