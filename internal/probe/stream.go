package probe

// A stream is the bytes that one end sends in one scenario. Each position has
// its own byte, so that a receiver notices what was lost, doubled or swapped.
type stream uint32

const (
	upstream   stream = 0x9e3779b9 // client to backend
	downstream stream = 0x85ebca6b // backend to client
)

func (s stream) at(i int) byte {
	x := (uint32(i) + 1) * uint32(s)
	return byte(x>>24 ^ x>>13)
}

// bytes returns bytes from up to to.
func (s stream) bytes(from, to int) []byte {
	p := make([]byte, to-from)
	for i := range p {
		p[i] = s.at(from + i)
	}
	return p
}

// firstWrong returns the index of the first byte of p that is not the one at
// its position, or -1. p begins at offset.
func (s stream) firstWrong(p []byte, offset int) int {
	for i, c := range p {
		if c != s.at(offset+i) {
			return i
		}
	}
	return -1
}
