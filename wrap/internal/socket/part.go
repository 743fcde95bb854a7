package socket

import "time"

// slowest is the lowest rate of a peer that does not count as silent, in bytes
// a second.
const slowest = 1 << 10

// Part returns how many bytes to write at once to a connection that is closed
// after limit without progress. It is for a connection for which Queued cannot
// tell: only a Write that returns then shows progress. A Write of Part bytes
// returns within half of limit even if the peer takes only 1 KiB a second. Part
// returns at least 512.
func Part(limit time.Duration) int {
	return max(int(min(limit.Seconds()*slowest/2, 1<<30)), 512)
}
