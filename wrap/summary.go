package wrap

import (
	"log/slog"
	"time"
)

// Summary describes the life of one body, from the moment it was wrapped.
//
// Times are durations since Start. Zero means that the event has not happened.
// The time of an event that has happened is never zero.
type Summary struct {
	Start    time.Time     // when the body was wrapped
	Duration time.Duration // from Start to the report

	Read    int64 // bytes that left the body, through Read and WriteTo
	Written int64 // bytes that entered it, through Write and ReadFrom

	// FirstByte is when the first bytes had been read.
	FirstByte time.Duration

	// ReadEnd is when reading reached EOF. Zero means that the body was
	// closed before EOF, or failed.
	ReadEnd time.Duration

	// WriteEnd is when CloseWrite had succeeded. Zero means that the write
	// side ended with the body, or that the body had no write side.
	WriteEnd time.Duration

	// ReadErr, WriteErr and CloseErr are the first errors of each kind. An
	// io.EOF of Read, Write or ReadFrom does not count.
	//
	// An error of WriteTo or ReadFrom may come from the other party of the
	// copy, since these methods do not tell. Errors that Read and Write
	// return after the caller has called Close do not count. A CloseWrite
	// error counts as WriteErr, unless it is errors.ErrUnsupported.
	//
	// A read deadline that expires is not a ReadErr if the body, or a body
	// that it leads to by Unwrap, has a SetReadDeadline method: the caller
	// has set the deadline, and can move it and read on. An http.Server
	// does so after each request. A write deadline that expires is a
	// WriteErr, because it can cost bytes. A *TimeoutError counts too,
	// because its body is closed.
	ReadErr, WriteErr, CloseErr error
}

// LogValue returns the summary as a group of attributes: read, written and
// duration, and those of first_byte, read_end, write_end, read_error,
// write_error and close_error that are not zero. With LogValue, a Summary is a
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
