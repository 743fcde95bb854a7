package wrap

import "io"

// CloseWriter is a body or connection that can close its write side alone, as
// [net.TCPConn] and [crypto/tls.Conn] can. The peer then reads EOF, and may go
// on sending. An error that is [errors.ErrUnsupported] means that this
// connection cannot half-close. Any other error means that the half-close
// failed.
type CloseWriter interface {
	CloseWrite() error
}

// Hooks holds functions that are called in place of a body's methods. Each hook
// gets the body's method as next, and decides whether, how often and with which
// bytes to call it. A nil hook passes calls straight through. A hook is never
// called if the body lacks its method.
//
// A hook on Read sees every byte that leaves the body, and a hook on Write
// every byte that enters it. If WriteTo has no hook, but Read has one, WriteTo
// moves its bytes through Read, in blocks of 32 KiB. The same holds for
// ReadFrom and Write. A hook that only counts should set both, to keep the fast
// path (on Linux, splice).
//
// A hook may add, drop or split bytes, but must keep the contracts of
// [io.Reader] and [io.Writer]: Read returns at most len(p) bytes, and Write
// returns how many bytes of p it has accepted, not how many it has passed on.
// If a hook returns an impossible count, the caller gets an error instead. If a
// Write hook accepts less than p without an error, the caller gets
// [io.ErrShortWrite]. All other counts and errors reach the caller unchanged.
//
// The zero Hooks does nothing. Hooks is a value: copy it and change the copy.
// To combine several values, give them all, or use [Join].
type Hooks struct {
	Read       func(next io.Reader, p []byte) (int, error)
	Write      func(next io.Writer, p []byte) (int, error)
	Close      func(next io.Closer) error
	CloseWrite func(next CloseWriter) error
	WriteTo    func(next io.WriterTo, w io.Writer) (int64, error)
	ReadFrom   func(next io.ReaderFrom, r io.Reader) (int64, error)

	// New, if not nil, is called once for each body that is wrapped. It
	// returns hooks for that body alone, which are behind the functions
	// above. With New, one Hooks value can keep separate state for any
	// number of bodies. New gets the body so that the hooks can close it,
	// and so that New can ask which methods it has. New itself must not
	// read, write or close the body.
	New func(body io.ReadCloser) Hooks

	// Content, if not nil, says that these hooks change the content of an
	// HTTP message. Response and Request call Content for each message that
	// has content, and put the result in front of the body, in place of the
	// other fields. Content may change the header of the message, for
	// example Content-Encoding, so that bytes and header change together or
	// not at all. If Content returns the zero Hooks, the message keeps its
	// bytes. Otherwise Response and Request correct the length, the digests
	// and the ETag. Content of the result is not called; see Message.Apply.
	//
	// Body and Conn have no message. They call the other fields and not
	// Content, and panic if Content is the only field.
	Content func(m Message) Hooks

	// Upgraded says that Response puts hooks with Content in front of an
	// upgraded stream, too: after a 101, or a 2xx to CONNECT. These streams
	// are not content, so Content is not called, and the header stays. If
	// false, hooks with Content do not see upgraded streams. Hooks without
	// Content always do.
	Upgraded bool

	// joined, if not empty, are the hooks of Join. They are behind the
	// functions above.
	joined []Hooks

	// stage, if not nil, is behind all of the above. It is a hook of this
	// package that has its state and all its methods in one allocation.
	stage stage
}

// A stage is a hook with every method that a hook can be in front of. A layer
// calls only those that the body has.
type stage interface {
	io.ReadWriteCloser
	io.WriterTo
	io.ReaderFrom
	CloseWriter
}

// IsZero reports whether h is the zero Hooks, which does nothing. Upgraded
// alone does nothing either.
func (h Hooks) IsZero() bool {
	return h.New == nil && h.Content == nil && len(h.joined) == 0 && !h.inFront()
}

// inFront reports whether h has a hook that needs a layer. New and Content need
// none: they return other Hooks.
func (h *Hooks) inFront() bool {
	return h.Read != nil || h.Write != nil || h.Close != nil || h.CloseWrite != nil ||
		h.WriteTo != nil || h.ReadFrom != nil || h.stage != nil
}
