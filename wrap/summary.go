package wrap

import (
	"log/slog"
	"time"
)

// Summary is the life of one body, from the moment it was wrapped.
//
// Times are durations since Start. One that is zero has not come to pass; one
// that has is never zero.
type Summary struct {
	Start    time.Time     // when the body was wrapped
	Duration time.Duration // from Start to the report

	Read    int64 // bytes that left the body, through Read and WriteTo
	Written int64 // bytes that entered it, through Write and ReadFrom

	// FirstByte is when the first bytes had been read.
	FirstByte time.Duration

	// ReadEnd is when reading reached EOF. Zero says that the body was
	// closed before its end, or failed.
	ReadEnd time.Duration

	// WriteEnd is when CloseWrite had succeeded. Zero says that the write
	// side ended with the body, or was never there.
	WriteEnd time.Duration

	// The first error of each kind, io.EOF aside. One that WriteTo or
	// ReadFrom returned may be the other party's, since they do not tell.
	// What a call returns once Close has been called is no error of reading
	// or writing: the body is the caller's to close. A CloseWrite that
	// cannot (its error is errors.ErrUnsupported) has not failed, any other
	// error of it is a WriteErr.
	//
	// A read deadline is no ReadErr either, if the body has a
	// SetReadDeadline method, or leads to a body that has one by Unwrap:
	// the caller has set the deadline, and can move it and read on. An
	// http.Server does so after each request. A write deadline is a
	// WriteErr, since it can cost bytes, and so is a *TimeoutError an error
	// of either kind, since that body is closed.
	ReadErr, WriteErr, CloseErr error
}

// LogValue returns the summary as a group of attributes: read, written,
// duration, and first_byte, read_end, write_end, read_error, write_error and
// close_error as far as there is something to say. It makes a Summary a
// [slog.LogValuer].
func (s Summary) LogValue() slog.Value {
	attrs := append(make([]slog.Attr, 0, 9),
		slog.Int64("read", s.Read),
		slog.Int64("written", s.Written),
		slog.Duration("duration", s.Duration),
	)
	for _, t := range []struct {
		key   string
		after time.Duration
	}{{"first_byte", s.FirstByte}, {"read_end", s.ReadEnd}, {"write_end", s.WriteEnd}} {
		if t.after != 0 {
			attrs = append(attrs, slog.Duration(t.key, t.after))
		}
	}
	for _, e := range []struct {
		key string
		err error
	}{{"read_error", s.ReadErr}, {"write_error", s.WriteErr}, {"close_error", s.CloseErr}} {
		if e.err != nil {
			attrs = append(attrs, slog.Any(e.key, e.err))
		}
	}
	return slog.GroupValue(attrs...)
}
