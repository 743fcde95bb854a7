//go:build !linux

package tunnel

// SeesQueues says whether the kernel tells how many bytes it holds for a peer.
const SeesQueues = false

// DropPipes does nothing: only Linux has pipes for splice.
func DropPipes() {}
