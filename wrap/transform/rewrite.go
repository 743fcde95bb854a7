package transform

import (
	"errors"

	"github.com/bodywrap/bodywrap/wrap/internal/copybuf"
)

// A cutter decides what becomes of the bytes of one stream. It is called by one
// goroutine at a time.
type cutter interface {
	// cut looks at data, which is the stream from the first byte that no
	// earlier cut has covered. data is never empty. If cut needs more bytes
	// than data has, it returns the zero piece and no error. At the end of
	// the stream cut covers all of data.
	//
	// An error is what follows the bytes of the piece. After an error cut
	// is not called again.
	cut(data []byte, atEOF bool) (piece, error)
}

// A piece says what becomes of the next bytes of a stream: pass bytes go on
// unchanged, insert goes on, drop bytes do not, and keep bytes go on unchanged.
// insert stays as it is until the next cut.
type piece struct {
	pass   int
	insert []byte
	drop   int
	keep   int
}

var errPanicked = errors.New("transform: a function of this body has panicked")

// A rewriter holds the bytes of a stream between its source and its cutter.
//
//	buf:  | given out | piece: pass, drop, keep | not cut yet | free |
//	      0           r                                       w      len
type rewriter struct {
	cutter cutter

	buf    []byte
	pooled *copybuf.Buffer // buf's array, if it came from the pool
	r, w   int
	piece  piece // what is left of the last one

	ended error // io.EOF or the error with which the source has ended, or nil
	err   error // what follows the bytes that are cut; nil until that is known
}

// give moves bytes that are cut to p, and cuts more as long as p has room. It
// returns how many bytes it has moved. If it has moved none, the rewriter needs
// more bytes, or err is set.
func (s *rewriter) give(p []byte) (n int) {
	for {
		for s.piece.pass > 0 {
			c := copy(p[n:], s.buf[s.r:s.r+s.piece.pass])
			if c == 0 {
				return n
			}
			n, s.r, s.piece.pass = n+c, s.r+c, s.piece.pass-c
		}
		for len(s.piece.insert) > 0 {
			c := copy(p[n:], s.piece.insert)
			if c == 0 {
				return n
			}
			n, s.piece.insert = n+c, s.piece.insert[c:]
		}
		s.r += s.piece.drop
		s.piece = piece{pass: s.piece.keep}
		if s.piece.pass == 0 && (n == len(p) || !s.cutNext()) {
			return n
		}
	}
}

// cutNext calls the cutter for the next piece. It returns false if the cutter
// needs more bytes, or if err is set and no bytes come before it.
func (s *rewriter) cutNext() bool {
	if s.err != nil {
		return false
	}
	if s.r == s.w {
		s.err = s.ended
		return false
	}
	s.err = errPanicked // unless cut returns
	s.piece, s.err = s.cutter.cut(s.buf[s.r:s.w], s.ended != nil)
	if s.piece.pass+len(s.piece.insert)+s.piece.drop+s.piece.keep > 0 {
		return true
	}
	if s.ended != nil && s.err == nil {
		s.piece.pass = s.w - s.r
		return true
	}
	return false
}

// room returns the free part of buf, which is not empty. The bytes before r are
// gone afterwards.
func (s *rewriter) room() []byte {
	if s.buf == nil {
		s.pooled = copybuf.Get()
		s.buf = s.pooled[:]
	}
	if s.r > 0 {
		s.w = copy(s.buf, s.buf[s.r:s.w])
		s.r = 0
	}
	if s.w == len(s.buf) {
		larger := make([]byte, 2*len(s.buf))
		copy(larger, s.buf)
		s.release()
		s.buf = larger
	}
	return s.buf[s.w:]
}

// release gives buf back to the pool. The bytes in it are lost.
func (s *rewriter) release() {
	if s.pooled != nil {
		copybuf.Put(s.pooled)
	}
	s.pooled, s.buf = nil, nil
}
