package probe

// A stream is the bytes that one end sends in one scenario. The byte depends on
// its position, so that a receiver notices bytes that are lost, doubled or
// swapped.
type stream uint32

const (
	upstream   stream = 0x9e3779b9 // client to backend
	downstream stream = 0x85ebca6b // backend to client
)

func (s stream) at(i int) byte {
	x := (uint32(i) + 1) * uint32(s)
	return byte(x>>24 ^ x>>13)
}

// bytes returns the bytes at the positions from up to, and without, to.
func (s stream) bytes(from, to int) []byte {
	p := make([]byte, to-from)
	for i := range p {
		p[i] = s.at(from + i)
	}
	return p
}

// firstWrong returns the index of the first byte of p that differs from s, or
// -1. p[0] is at the position offset.
func (s stream) firstWrong(p []byte, offset int) int {
	for i, c := range p {
		if c != s.at(offset+i) {
			return i
		}
	}
	return -1
}
