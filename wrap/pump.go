package wrap

import (
	"errors"
	"io"

	"github.com/bodywrap/bodywrap/wrap/internal/copybuf"
)

var errImpossibleCount = errors.New("wrap: Read or Write returned an impossible count")

// pump copies r to w until r ends, and returns how many bytes w accepted. pump
// calls only Read and Write. io.Copy would prefer WriteTo and ReadFrom.
func pump(w io.Writer, r io.Reader) (written int64, err error) {
	buf := copybuf.Get()
	defer copybuf.Put(buf)
	for ended := false; !ended && err == nil; {
		var n int
		n, ended, err = pumpOnce(w, r, buf)
		written += int64(n)
	}
	return written, err
}

// pumpOnce reads from r until a Read returns bytes or an error, and writes
// those bytes to w. It returns how many bytes w accepted and whether r reached
// EOF.
func pumpOnce(w io.Writer, r io.Reader, buf *copybuf.Buffer) (written int, ended bool, err error) {
	for range copybuf.MaxEmptyReads {
		n, rerr := r.Read(buf[:])
		if uint(n) > uint(len(buf)) {
			return 0, false, errImpossibleCount
		}
		if n > 0 {
			written, err = w.Write(buf[:n])
			if uint(written) > uint(n) {
				return 0, false, errImpossibleCount
			}
			if err == nil && written < n {
				err = io.ErrShortWrite
			}
			if err != nil {
				return written, false, err
			}
		}
		switch {
		case rerr == io.EOF:
			return written, true, nil
		case rerr != nil || n > 0:
			return written, false, rerr
		}
	}
	return 0, false, io.ErrNoProgress
}
