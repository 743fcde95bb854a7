package copybuf

import (
	"errors"
	"io"
)

// ErrImpossibleCount says that a Read or Write broke its contract.
var ErrImpossibleCount = errors.New("wrap: Read or Write returned an impossible count")

// Pump copies r to w until r ends, and returns how many bytes w accepted. Pump
// calls only Read and Write. io.Copy would prefer WriteTo and ReadFrom.
func Pump(w io.Writer, r io.Reader) (written int64, err error) {
	buf := Get()
	defer Put(buf)
	for ended := false; !ended && err == nil; {
		var n int
		n, ended, err = PumpOnce(w, r, buf)
		written += int64(n)
	}
	return written, err
}

// PumpOnce reads from r until a Read returns bytes or an error, and writes
// those bytes to w. It returns how many bytes w accepted and whether r reached
// EOF.
func PumpOnce(w io.Writer, r io.Reader, buf *Buffer) (written int, ended bool, err error) {
	for range MaxEmptyReads {
		n, rerr := r.Read(buf[:])
		if uint(n) > uint(len(buf)) {
			return 0, false, ErrImpossibleCount
		}
		if n > 0 {
			written, err = w.Write(buf[:n])
			if uint(written) > uint(n) {
				return 0, false, ErrImpossibleCount
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
