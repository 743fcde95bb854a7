package transform

import (
	"io"
	"net/http"
	"strconv"

	"github.com/bodywrap/bodywrap/wrap"
	"github.com/bodywrap/bodywrap/wrap/internal/copybuf"
)

// CompressHandler returns a handler that calls next, and compresses its
// responses as [Compress] does those of others. Header and bytes change
// together or not at all, with the rules of [wrap.Response]: a HEAD gets the
// header of GET, a 304 the ETag and the Vary of the 200, and a 206 stays as it
// is, so that [http.ServeContent] and its ranges stay right.
//
// If next does not set Content-Length, the header and the first MinSize bytes
// wait until there are more of them, until next flushes, or until it returns.
// After a Flush, everything that was written is on its way, so that events
// flow. If next sets no Content-Type, it is found from the first bytes, as
// net/http does.
//
// next gets a [wrap.Writer], which loses no method of the ResponseWriter: a
// hijacked connection, a ResponseController and sendfile for content that is
// not compressed work as before. If next panics, the content stays cut off, so
// that the client sees an error. A nil next panics. A nil o stands for the zero
// CompressOptions.
func CompressHandler(next http.Handler, o *CompressOptions) http.Handler {
	if next == nil {
		panic("transform: CompressHandler: next is nil; the default is http.DefaultServeMux")
	}
	c := newCompressor(o)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s := &compressing{c: c, w: w, r: r}
		hooked := wrap.Writer(w, wrap.WriterHooks{
			WriteHeader: s.writeHeader,
			Write:       s.write,
			ReadFrom:    s.readFrom,
			Flush:       s.flush,
		})
		defer s.abandon()
		next.ServeHTTP(hooked, r)
		s.finish()
	})
}

// compressing is one response of a CompressHandler. It passes through these
// states:
//
//	no header   status is 0
//	held        status is set, and decided is not: held has the first bytes
//	decided     the header is sent; encoder is nil if the content is plain
type compressing struct {
	c *compressor
	w http.ResponseWriter // the original
	r *http.Request

	status  int
	decided bool
	held    []byte
	encoder *encoder
}

func (s *compressing) writeHeader(next wrap.HeaderWriter, status int) {
	if status >= 100 && status <= 199 && status != http.StatusSwitchingProtocols {
		next.WriteHeader(status)
		return
	}
	s.status = status
	length := int64(-1)
	if n, err := strconv.ParseInt(s.w.Header().Get("Content-Length"), 10, 64); err == nil {
		length = n
	}
	_, typed := s.w.Header()["Content-Type"]
	if !mayHaveContent(status) || s.r.Method == http.MethodHead || length >= 0 && typed {
		s.decide(length)
	}
}

// mayHaveContent reports whether net/http allows content beside this status.
func mayHaveContent(status int) bool {
	return status >= 200 && status != http.StatusNoContent && status != http.StatusNotModified
}

// decide sends the header, for content of this length, or -1.
func (s *compressing) decide(length int64) {
	s.decided = true
	h := s.w.Header()
	if _, typed := h["Content-Type"]; !typed && len(s.held) > 0 && len(encodings(h)) == 0 {
		h.Set("Content-Type", http.DetectContentType(s.held))
	}
	resp := &http.Response{StatusCode: s.status, Header: h, ContentLength: length, Request: s.r}
	wrap.Response(resp, wrap.Hooks{Content: func(m wrap.Message) wrap.Hooks {
		coding := s.c.choose(m)
		if coding == nil {
			return wrap.Hooks{}
		}
		if s.r.Method != http.MethodHead && mayHaveContent(s.status) {
			encoder, err := coding.encodeTo(s.w)
			if err != nil {
				m.Header.Del("Content-Encoding")
				return wrap.Hooks{} // plain content is better than none
			}
			s.encoder = encoder
		}
		return changed
	}})
	s.w.WriteHeader(s.status)
}

// changed are hooks that say that the content changes.
var changed = wrap.Hooks{Close: func(next io.Closer) error { return next.Close() }}

// send decides, and then writes what was held.
func (s *compressing) send(length int64) error {
	if s.decided {
		return nil
	}
	s.decide(length)
	held := s.held
	s.held = nil
	if len(held) == 0 {
		return nil
	}
	_, err := s.target().Write(held)
	return err
}

// target is what the content is written to.
func (s *compressing) target() io.Writer {
	if s.encoder != nil {
		return s.encoder.writer
	}
	return s.w
}

func (s *compressing) write(_ io.Writer, p []byte) (int, error) {
	if s.decided {
		return s.target().Write(p)
	}
	if int64(len(s.held)+len(p)) < s.c.minSize {
		s.held = append(s.held, p...)
		return len(p), nil
	}
	n := min(max(sniffed-len(s.held), 0), len(p)) // for the type
	s.held = append(s.held, p[:n]...)
	if err := s.send(-1); err != nil {
		return 0, err
	}
	m, err := s.target().Write(p[n:])
	return n + m, err
}

// sniffed is how many bytes http.DetectContentType looks at.
const sniffed = 512

func (s *compressing) readFrom(next io.ReaderFrom, r io.Reader) (n int64, err error) {
	buf := copybuf.Get()
	defer copybuf.Put(buf)
	for !s.decided {
		m, rerr := r.Read(buf[:])
		if m > 0 {
			if _, err := s.write(nil, buf[:m]); err != nil {
				return n, err
			}
			n += int64(m)
		}
		switch {
		case rerr == io.EOF:
			return n, nil
		case rerr != nil:
			return n, rerr
		}
	}
	if s.encoder == nil {
		m, err := next.ReadFrom(r)
		return n + m, err
	}
	m, err := copybuf.Pump(s.encoder.writer, r)
	return n + m, err
}

func (s *compressing) flush(next wrap.FlushErrorer) error {
	if err := s.send(-1); err != nil {
		return err
	}
	if s.encoder != nil {
		if f, ok := s.encoder.writer.(interface{ Flush() error }); ok {
			if err := f.Flush(); err != nil {
				return err
			}
		}
	}
	return next.FlushError()
}

// finish ends the content after next has returned.
func (s *compressing) finish() {
	if s.status == 0 {
		return // net/http sends the header, or the connection is hijacked
	}
	_ = s.send(int64(len(s.held))) // the connection is broken, and net/http knows
	if s.encoder != nil {
		_ = s.encoder.writer.Close()
	}
}

// abandon gives the encoder back, also after a panic. Nothing more is written.
func (s *compressing) abandon() {
	if s.encoder != nil {
		s.encoder.free()
		s.encoder = nil
	}
}
