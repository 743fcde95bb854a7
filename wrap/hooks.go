package wrap

import "io"

// CloseWriter is a body or connection whose write side can be closed by
// itself, as [net.TCPConn] and [crypto/tls.Conn] can. The peer then reads EOF,
// and may go on sending. An error that is [errors.ErrUnsupported] means that
// this connection cannot half-close, not that it failed to.
type CloseWriter interface {
	CloseWrite() error
}

// Hooks stand in front of the methods of a body. Each is handed what it stands
// in front of as next, and decides whether, how often and with which bytes to
// call it; a hook that is nil passes calls straight through. A hook whose
// method the body lacks is never called.
//
// A hook on Read sees every byte that leaves the body, and one on Write every
// byte that enters it: when the body has WriteTo or ReadFrom, and that has no
// hook of its own, then it moves its bytes through Read or Write, in blocks of
// 32 KiB. A hook that only counts should set both, which keeps the direct way
// (on Linux, splice) open.
//
// The caller must see a correct [io.Reader] and [io.Writer], whatever bytes the
// hook adds, drops or splits: Read returns at most len(p) bytes, and Write
// returns how many bytes of p it has taken, which is not how many it has passed
// on. A hook whose count is impossible gets an error in its place, and a Write
// that took less than p and gave no reason, [io.ErrShortWrite]. All other
// counts and errors reach the caller untouched.
//
// The zero Hooks does nothing. Hooks is a value: copy it and change the copy.
type Hooks struct {
	Read       func(next io.Reader, p []byte) (int, error)
	Write      func(next io.Writer, p []byte) (int, error)
	Close      func(next io.Closer) error
	CloseWrite func(next CloseWriter) error
	WriteTo    func(next io.WriterTo, w io.Writer) (int64, error)
	ReadFrom   func(next io.ReaderFrom, r io.Reader) (int64, error)

	// New, if not nil, is called once for each body that is wrapped, and
	// returns hooks for that body alone; they stand behind the functions
	// above. With it, one Hooks value with state serves any number of
	// bodies. The body is there for hooks that have to close it, or to ask
	// what it can do; New itself must not read, write or close it.
	New func(body io.ReadCloser) Hooks

	// Changes says that the reader of the body gets other bytes than the
	// body has, as behind TransformRead. Response and Request then take
	// back what the headers say of those bytes. Only these two read
	// Changes, and only from the hooks that they are given, not from what
	// New returns. If false, headers stay.
	Changes bool

	// stage, if not nil, stands behind all of the above: a hook of this
	// package that keeps its state and all its methods in one allocation.
	stage stage
}

// A stage has every method that a body may have. A layer calls only those that
// the body has.
type stage interface {
	io.ReadWriteCloser
	io.WriterTo
	io.ReaderFrom
	CloseWriter
}

// inFront reports whether h has any hook besides those that New makes.
func (h *Hooks) inFront() bool {
	return h.Read != nil || h.Write != nil || h.Close != nil || h.CloseWrite != nil ||
		h.WriteTo != nil || h.ReadFrom != nil || h.stage != nil
}
