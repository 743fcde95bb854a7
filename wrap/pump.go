package wrap

import (
	"errors"
	"io"
	"sync"
)

var buffers = sync.Pool{New: func() any { return new([32 << 10]byte) }}

// maxEmptyReads is how many reads in a row may bring neither bytes nor an
// error; bufio draws the same line.
const maxEmptyReads = 100

var errImpossibleCount = errors.New("wrap: Read or Write returned an impossible count")

// pump copies r to w until r ends, and returns how many bytes w took. It calls
// Read and Write and never WriteTo or ReadFrom, which is why io.Copy won't do.
func pump(w io.Writer, r io.Reader) (written int64, err error) {
	buf := buffers.Get().(*[32 << 10]byte)
	defer buffers.Put(buf)
	for empty := 0; empty < maxEmptyReads; empty++ {
		n, rerr := r.Read(buf[:])
		if uint(n) > uint(len(buf)) {
			return written, errImpossibleCount
		}
		if n > 0 {
			empty = -1
			m, werr := w.Write(buf[:n])
			if uint(m) > uint(n) {
				return written, errImpossibleCount
			}
			written += int64(m)
			if werr != nil {
				return written, werr
			}
			if m < n {
				return written, io.ErrShortWrite
			}
		}
		if rerr == io.EOF {
			return written, nil
		}
		if rerr != nil {
			return written, rerr
		}
	}
	return written, io.ErrNoProgress
}
