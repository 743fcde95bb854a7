package soak_test

import (
	"fmt"
	"io"
)

// A sequence is a stream of bytes that says of each whether it is the right
// one: no two places in it, and no two sequences, look alike for long.
type sequence struct{ key, at uint64 }

func (s *sequence) next() byte {
	word := (s.key<<32 + s.at/8 + 1) * 0x9e3779b97f4a7c15
	word ^= word >> 29
	b := byte(word >> (s.at % 8 * 8))
	s.at++
	return b
}

// writeTo writes the next n bytes in blocks of the given size.
func (s *sequence) writeTo(w io.Writer, n, block int) error {
	buf := make([]byte, block)
	for n > 0 {
		p := buf[:min(n, block)]
		for i := range p {
			p[i] = s.next()
		}
		if _, err := w.Write(p); err != nil {
			return err
		}
		n -= len(p)
	}
	return nil
}

// A wrongByte says that a byte was lost, doubled or changed on the way.
type wrongByte struct {
	at        uint64
	got, want byte
}

func (e *wrongByte) Error() string {
	return fmt.Sprintf("byte %d is %#x, want %#x", e.at, e.got, e.want)
}

// check checks that p is what comes next.
func (s *sequence) check(p []byte) error {
	for _, got := range p {
		at := s.at
		if want := s.next(); got != want {
			return &wrongByte{at, got, want}
		}
	}
	return nil
}
