package socket

import "time"

// slowest is how many bytes a second a peer takes that is slow, and not silent.
const slowest = 1 << 10

// Part returns how many bytes to write at once to a connection whose queue
// cannot be seen, if it is cut off after limit without progress. Only a Write
// that returns then tells of progress, and one of so many bytes returns within
// half of the limit even if the peer takes no more than 1 KiB a second. It is
// never less than 512.
func Part(limit time.Duration) int {
	return max(int(min(limit.Seconds()*slowest/2, 1<<30)), 512)
}
