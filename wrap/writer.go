package wrap

import (
	"bufio"
	"io"
	"net"
	"net/http"
)

// WriterHooks holds functions that are called in place of the methods of an
// [http.ResponseWriter]. Each hook gets the method as next, and decides whether
// and how to call it. A nil hook passes calls straight through. A hook is never
// called if the ResponseWriter lacks its method.
//
// The zero WriterHooks does nothing. Hooks keep state in variables of the
// handler that wraps the ResponseWriter. A ResponseWriter is used by one
// goroutine at a time, and so are its hooks.
type WriterHooks struct {
	// WriteHeader is called for each header that is sent: those of status
	// 1xx, and the last one. If the handler does not call WriteHeader, the
	// hook is called with status 200 before the first Write, ReadFrom or
	// Flush. A handler that does none of these sends a header of status 200
	// without a call. WriteHeader calls after the last header pass the hook
	// by: net/http logs them.
	WriteHeader func(next HeaderWriter, status int)

	// Header is called once, just before the last header is sent, and may
	// change h. It is called before WriteHeader and its next.
	Header func(h http.Header, status int)

	// Write sees every byte of the content. The bytes of WriteString pass
	// through it, too, and those of ReadFrom if ReadFrom is nil.
	Write func(next io.Writer, p []byte) (int, error)

	// ReadFrom is the fast path of io.Copy and http.ServeFile (sendfile and
	// splice). A hook that only counts should set it beside Write.
	ReadFrom func(next io.ReaderFrom, r io.Reader) (int64, error)

	// Flush is called for Flush and FlushError. If the original has only
	// Flush, next returns nil.
	Flush func(next FlushErrorer) error

	// Hijack is called for Hijack. Its result is what the handler gets.
	Hijack func(next http.Hijacker) (net.Conn, *bufio.ReadWriter, error)

	// Conn are hooks for the connection that Hijack returns. They see every
	// byte that passes through it, or through the ReadWriter beside it.
	Conn []Hooks
}

// A HeaderWriter sends a header, as [http.ResponseWriter] does.
type HeaderWriter interface{ WriteHeader(status int) }

// A FlushErrorer sends what is buffered, as [http.ResponseController] does.
type FlushErrorer interface{ FlushError() error }

// Writer returns w with its calls routed through hooks. The first of hooks is
// outermost. It is [Body] for the ResponseWriter that a handler is given:
//
//	func counted(next http.Handler) http.Handler {
//		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
//			next.ServeHTTP(wrap.Writer(w, wrap.WriterHooks{
//				WriteHeader: func(next wrap.HeaderWriter, status int) {
//					statuses.Add(status)
//					next.WriteHeader(status)
//				},
//			}), r)
//		})
//	}
//
// The result has exactly those methods out of Hijack, Flush, FlushError,
// ReadFrom, WriteString, SetReadDeadline with SetWriteDeadline,
// EnableFullDuplex, CloseNotify and Push that w has, with the exceptions that
// [Handler] names. An [http.ResponseController] can do with the result what it
// can do with w. Unwrap leads back to w. The result lacks the unexported
// methods of w: [http.MaxBytesReader] needs the result of Unwrap.
//
// If w cannot hijack and a ResponseWriter below it can, a ResponseController
// calls the Hijack hook, too. A nil w stays nil. Without hooks, Writer returns
// w itself. One set of hooks is one allocation. Calls allocate nothing but the
// bytes of a WriteString in front of a Write hook.
func Writer(w http.ResponseWriter, hooks ...WriterHooks) http.ResponseWriter {
	if w == nil {
		return nil
	}
	for i := len(hooks) - 1; i >= 0; i-- {
		if h := &hooks[i]; !h.isZero() {
			l := &writerLayer{original: w, hooks: *h, secure: true}
			w = l.writer(writerSetOf(w))
		}
	}
	return w
}

func (h *WriterHooks) isZero() bool {
	return h.WriteHeader == nil && h.Header == nil && h.Write == nil && h.ReadFrom == nil &&
		h.Flush == nil && h.Hijack == nil && len(h.Conn) == 0
}
